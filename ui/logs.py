"""The log: one line a record on standard error, as text or JSON, without what was asked and what documents say.

Log calls pass such words as `index.log_content.Content`, and errors as they are; what becomes of both is decided here,
because messages of strangers, and of exceptions nobody expected, can hold anything.
"""

import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from index.errors import FootnoteError
from index.log_content import Content, described
from ui.settings import Settings

SERVER_LOG = "footnote"
"""What servers say of themselves: shown from INFO on, unless FOOTNOTE_LOG_LEVEL is set."""
ACCESS_LOG = f"{SERVER_LOG}.access"

request_id_of_this: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being served; threads that anyio starts for it know it, too."""

# Whose messages were written with the log in mind. Those of others may hold a request with all that it says.
_TRUSTED = re.compile(r"(?:index|rag|ui|footnote|uvicorn|opentelemetry\.exporter)(?:\.|$)")
# Python's own exceptions whose messages name files, types and attributes, not what was processed.
_PLAIN_ERRORS = (OSError, ImportError, sqlite3.Error, TypeError, AttributeError, NameError)
# Where the message of another library stops being a sentence and begins to show what it is about.
_SHOWS_SOMETHING = re.compile(r"""['"`({\[<\n]|: """)
# Whatever could end a line, move the cursor or turn the direction of writing; and halves of characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def configure_logging(settings: Settings, *, server: bool = False) -> None:
    """Send all logs to standard error as the settings say; once in a process, and whoever has done so before wins.

    Args:
        settings: Level, format, and whether content may be seen.
        server: Whether the process serves others. Then requests are seen, times as well, and a log that goes into a
            file or a pipe is JSON.
    """
    json_lines = settings.log_format == "json" or (settings.log_format == "auto" and server and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    formatter = LogFormatter(
        look="json" if json_lines else "dated" if server else "plain", content=settings.log_content == "on"
    )
    handler.setFormatter(formatter)
    handler.addFilter(formatter.may_pass)
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    if server and "log_level" not in settings.model_fields_set:
        logging.getLogger(SERVER_LOG).setLevel(logging.INFO)


class LogFormatter(logging.Formatter):
    """Writes records as JSON or text that nothing in them can break out of."""

    def __init__(self, *, look: Literal["json", "dated", "plain"], content: bool) -> None:
        """Choose how records look.

        Args:
            look: One JSON object; text that begins with the time; or text alone.
            content: Whether words of questions and documents may be seen.
        """
        super().__init__()
        self._look = look
        self._content = content

    def may_pass(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is wanted; what libraries say to those who debug them is full of content."""
        return self._content or record.levelno > logging.DEBUG or _is_trusted(record.name)

    def format(self, record: logging.LogRecord) -> str:
        """Write one record, on one line unless it has a traceback that people are to read."""
        message = self._message(record).rstrip()
        error = record.exc_info[1] if record.exc_info else None
        if self._look == "json":
            return self._json(record, message, error)
        prefix = f"{_time(record)} " if self._look == "dated" else ""
        suffix = f" [{request_id}]" if (request_id := request_id_of_this.get()) else ""
        line = f"{prefix}{record.levelname} {record.name}: {_escaped(message)}{suffix}"
        return line if error is None else f"{line}\n{self._traceback(error)}"

    def _json(self, record: logging.LogRecord, message: str, error: BaseException | None) -> str:
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        if request_id := request_id_of_this.get():
            fields["request_id"] = request_id
        for name, value in record.__dict__.items():
            if name not in _STANDARD_FIELDS:
                shown = self._shown(value)
                fields[name] = shown if isinstance(shown, str | int | float | None) else str(shown)
        if error is not None:
            fields["exception"] = self._traceback(error)
        return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(fields, ensure_ascii=False))

    def _message(self, record: logging.LogRecord) -> str:
        args = record.args
        if isinstance(args, Mapping):
            message = str(record.msg) % {name: self._shown(value) for name, value in args.items()}
        else:
            message = str(record.msg) % tuple(map(self._shown, args)) if args else str(record.msg)
        if self._content or _is_trusted(record.name):
            return message
        shows = _SHOWS_SOMETHING.search(message)
        return message if shows is None else f"{message[: shows.start()].rstrip()} {Content(message[shows.start() :])}"

    def _shown(self, value: object) -> object:
        """What stands for an argument of a log call."""
        if isinstance(value, Content):
            return value.text if self._content else value
        if isinstance(value, BaseException):
            return self._error_message(value) or type(value).__name__
        return value

    def _error_message(self, error: BaseException) -> str:
        if self._content or isinstance(error, _PLAIN_ERRORS):
            return str(error)
        if isinstance(error, FootnoteError) or hasattr(error, "content"):
            return described(error)
        return str(Content(str(error))) if str(error) else ""

    def _traceback(self, error: BaseException) -> str:
        """Where an exception comes from, and those that led to it, as Python shows it."""
        return "\n".join(self._chain(error, seen=set()))

    def _chain(self, error: BaseException, *, seen: set[int]) -> Iterator[str]:
        seen.add(id(error))
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if earlier is not None and id(earlier) not in seen:
            yield from self._chain(earlier, seen=seen)
            direct = error.__cause__ is not None
            yield "The above exception was the direct cause of this:" if direct else "While handling it, this happened:"
        if error.__traceback__ is not None:
            yield "Traceback (most recent call last):"
            yield "".join(traceback.extract_tb(error.__traceback__).format()).rstrip("\n")
        kind, message = type(error).__qualname__, _escaped(self._error_message(error))
        yield f"{kind}: {message}" if message else kind
        for number, part in enumerate(getattr(error, "exceptions", ()), start=1):
            if isinstance(part, BaseException) and id(part) not in seen:
                yield f"Part {number} of this {kind}:"
                yield from self._chain(part, seen=seen)


def _is_trusted(logger: str) -> bool:
    return _TRUSTED.match(logger) is not None


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)
