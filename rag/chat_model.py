"""The chat model behind any server that speaks the OpenAI protocol: its client, its failures, its readable text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.errors import SettingsError
from rag.errors import ChatModelError
from rag.settings import ChatModelSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

# ChatOpenAI insists on a key; servers without keys ignore this one.
_NO_KEY = "none"

# The only server known to refuse the older name of the limit, which all the others understand.
_OPENAI_HOST = "api.openai.com"

# Characters of a server's own words that are worth a line.
_MAX_DETAIL = 200

# How OpenAI, vLLM and llama.cpp refuse a prompt that is too long; the client recognises only some of them.
_CONTEXT_OVERFLOW = re.compile(r"context[ _](length|size|window)", re.IGNORECASE)

# openai puts the status before a server's words.
_STATUS_BEFORE_DETAIL = re.compile(r"^Error code: \d+ - ")

_USER_INFO = re.compile(r"(^|//)[^/]*@")

_REASONING_OPENED = re.compile(r"<(think|thinking|reasoning)>")
_REASONING_MARKS = ("<think>", "<thinking>", "<reasoning>")

_FAILED_FINISHES = {
    "length": "stopped at its length limit before the answer was complete. "
    "Use a model with a larger context, or raise the server's limit on the length of answers.",
    "content_filter": "was stopped by its server's content filter. Ask differently or use another model.",
    "error": "broke off with an error of its server. Look into the server's log.",
}


def create_chat_model(settings: ChatModelSettings) -> "BaseChatModel":
    """Prepare a client; nothing is sent yet.

    Raises:
        SettingsError: If the address, the model's name or the key cannot work.
    """
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    _check(settings)
    limits: dict[str, int] = {}
    if settings.max_tokens is not None:
        # ChatOpenAI's own parameter arrives as `max_completion_tokens`, which many compatible servers ignore.
        openai = urlsplit(settings.base_url).hostname == _OPENAI_HOST
        limits = {"max_completion_tokens" if openai else "max_tokens": settings.max_tokens}
    return ChatOpenAI(
        model=settings.model,
        base_url=settings.base_url.strip(),
        api_key=SecretStr((settings.api_key or "").strip() or _NO_KEY),
        temperature=settings.temperature,
        timeout=(settings.connect_timeout, settings.timeout, settings.timeout, settings.timeout),
        stream_chunk_timeout=settings.timeout,
        max_retries=settings.max_retries,
        extra_body=limits or None,
        stream_usage=False,  # older servers refuse the option, and nobody reads the numbers
        use_responses_api=False,  # the protocol that all servers speak
    )


@contextmanager
def chat_model_failures(chat_model: "BaseChatModel") -> Iterator[None]:
    """Turn whatever goes wrong while a chat model answers into a `ChatModelError`.

    Only calls of the model belong inside. A server that answers nonsense makes the client stumble over it, so that
    errors of the built-in kinds count as the server's.
    """
    from langchain_core.exceptions import ModelError
    from openai import OpenAIError

    try:
        yield
    except (ModelError, OpenAIError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise chat_model_error(error, chat_model=chat_model) from error


def chat_model_error(error: Exception, *, chat_model: "BaseChatModel") -> ChatModelError:
    """Say in one line what happened, at which address, and what to do about it; never the key."""
    from pydantic import SecretStr

    message = f"{describe_chat_model(chat_model)} {_reason(error)}"
    key = getattr(chat_model, "openai_api_key", None)
    if isinstance(key, SecretStr) and key.get_secret_value() != _NO_KEY:
        message = message.replace(key.get_secret_value(), "…")
    return ChatModelError(message)


def chat_model_name(chat_model: "BaseChatModel") -> str:
    """Return the name its server knows a chat model by, or that of its class if it has none."""
    return str(getattr(chat_model, "model_name", None) or type(chat_model).__name__)


def describe_chat_model(chat_model: "BaseChatModel") -> str:
    """Name a chat model and its address as the beginning of a sentence, without a password in the address."""
    name = chat_model_name(chat_model)
    base_url = getattr(chat_model, "openai_api_base", None)
    return f"The chat model {name!r} at {_without_password(base_url)}" if base_url else f"The chat model {name!r}"


class AnswerText:
    """Picks the readable text out of a streamed reply, and tells whether the reply came to its proper end.

    Models that reason aloud begin with `<think>…</think>`; that part is dropped, however it is cut over the messages.
    """

    def __init__(self, *, model: str) -> None:
        """Begin with nothing read. `model` begins the sentences of errors, as `describe_chat_model` gives it."""
        self._model = model
        self._pending = ""  # not yet known to be text or reasoning
        self._closing = ""  # the mark that ends the reasoning under way
        self._text = ""
        self._finish_reason = ""

    def read(self, message: "BaseMessage") -> str:
        """Take the next message of the stream; return the text that became readable with it, often none."""
        self._finish_reason = str(message.response_metadata.get("finish_reason") or self._finish_reason)
        if self._text:
            return self._grown(message.text)
        self._pending += message.text
        return self._grown(self._after_reasoning())

    def close(self) -> str:
        """Return what was held back.

        Raises:
            ChatModelError: If the reply was cut off, stopped by a limit or filter, or holds no text.
        """
        rest = "" if self._closing else self._grown(self._pending)
        if not self._finish_reason:
            raise ChatModelError(f"{self._model} was cut off before its answer was complete. Ask again.")
        if self._finish_reason in _FAILED_FINISHES:
            raise ChatModelError(f"{self._model} {_FAILED_FINISHES[self._finish_reason]}")
        if not self._text.strip():
            raise ChatModelError(f"{self._model} answered nothing. Ask again or use another model.")
        if "</think>" in self._text:
            raise ChatModelError(
                f"{self._model} mixes its reasoning with its answer. "
                "Switch reasoning off, or start its server with a reasoning parser."
            )
        return rest

    def _grown(self, text: str) -> str:
        self._text += text
        return text

    def _after_reasoning(self) -> str:
        """Drop reasoning from what is pending; return the text after it once it is certain to be text."""
        while True:
            if self._closing:
                reasoning, closing, rest = self._pending.partition(self._closing)
                if not closing:
                    self._pending = reasoning
                    return ""
                self._pending, self._closing = rest, ""
            self._pending = self._pending.lstrip()
            if opened := _REASONING_OPENED.match(self._pending):
                self._pending = self._pending[opened.end() :]
                self._closing = f"</{opened[1]}>"
            elif any(mark.startswith(self._pending) for mark in _REASONING_MARKS):
                return ""
            else:
                text, self._pending = self._pending, ""
                return text


def _check(settings: ChatModelSettings) -> None:
    if not settings.model.strip():
        raise SettingsError("No chat model is named. Set FOOTNOTE_MODEL to a name that the server knows.")
    try:
        address = urlsplit(settings.base_url.strip())
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"{_without_password(settings.base_url)!r} is no address of a chat model. "
            "Set OPENAI_BASE_URL to something like http://localhost:11434/v1."
        )
    key = (settings.api_key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise SettingsError("The key holds characters that no key holds. Copy OPENAI_API_KEY again.")


def _reason(error: Exception) -> str:  # noqa: PLR0911 - one sentence for each kind of failure
    import openai
    from langchain_core.exceptions import ContextOverflowError

    detail = _detail(error)
    if isinstance(error, ContextOverflowError) or (
        isinstance(error, openai.BadRequestError) and _CONTEXT_OVERFLOW.search(detail)
    ):
        return "has too small a context for the passages. Use a model or a server setting with a larger context."
    if isinstance(error, openai.AuthenticationError):
        return "did not accept the key (HTTP 401). Check OPENAI_API_KEY."
    if isinstance(error, openai.PermissionDeniedError):
        return f"is not open to this key (HTTP 403: {detail}). Check OPENAI_API_KEY and FOOTNOTE_MODEL."
    if isinstance(error, openai.NotFoundError):
        return f"is not there (HTTP 404: {detail}). Check FOOTNOTE_MODEL and OPENAI_BASE_URL, which often ends in /v1."
    if isinstance(error, openai.RateLimitError):
        return f"has had too many requests (HTTP 429: {detail}). Wait a little, or check the account's quota."
    if isinstance(error, openai.InternalServerError):
        return f"failed (HTTP {error.status_code}: {detail}). Ask again later, or look into the server's log."
    if isinstance(error, openai.APIStatusError):
        return (
            f"refused the request (HTTP {error.status_code}: {detail}). Check FOOTNOTE_MODEL and the server's settings."
        )
    if isinstance(error, TimeoutError | openai.APITimeoutError) and "ConnectTimeout" not in _names_of_causes(error):
        return "fell silent before its answer was complete. Ask again, or look into the server's log."
    if isinstance(error, openai.APIConnectionError | OSError):
        return f"was not reached, or the connection broke ({detail}). Check OPENAI_BASE_URL and that the server runs."
    if isinstance(error, openai.APIError):
        return f"broke off ({detail}). Ask again, or look into the server's log."
    return (
        f"answered with something else than a streamed chat completion ({detail}). "
        "Check OPENAI_BASE_URL: it must speak the OpenAI protocol and often ends in /v1."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _names_of_causes(error: BaseException) -> set[str]:
    return {type(cause).__name__ for cause in _causes(error)}


def _detail(error: Exception) -> str:
    """Return the words of the innermost cause, on one line."""
    *_, innermost = _causes(error)
    words = str(getattr(innermost, "message", "") or innermost) or type(innermost).__name__
    words = _STATUS_BEFORE_DETAIL.sub("", " ".join(words.split()))
    return words if len(words) <= _MAX_DETAIL else words[:_MAX_DETAIL] + "…"


def _without_password(url: str) -> str:
    return _USER_INFO.sub(r"\1", url.split("?", maxsplit=1)[0])
