"""The log: what it shows, what it hides, and that nothing in a record can break out of its line."""

import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from index.embedding import StaticEmbedder
from index.endpoint import Endpoint, EndpointError
from index.errors import EmbeddingError, StoreError
from index.filters import EVERYTHING
from index.knowledge_base import KnowledgeBase
from index.log_content import Content
from rag.answers import Turn
from tests.openai_server import OpenAIServer, Reply
from ui.build import build_assistant
from ui.conversation import follow
from ui.logs import LogFormatter, request_id_of_this
from ui.settings import Settings

Look = Literal["json", "dated", "plain"]


class Log:
    """What is written to a log of its own."""

    def __init__(self, look: Look, *, content: bool = False) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        formatter = LogFormatter(look=look, content=content)
        self.handler.setFormatter(formatter)
        self.handler.addFilter(formatter.may_pass)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.split("\n")[:-1]]


@contextmanager
def listening(look: Look, *, content: bool = False, level: int = logging.DEBUG) -> Iterator[Log]:
    """Let a log, and nothing else, hear all loggers while the block runs: pytest cannot report some of it."""
    log, root = Log(look, content=content), logging.getLogger()
    before, others = root.level, root.handlers
    root.handlers = [log.handler]
    root.setLevel(level)
    try:
        yield log
    finally:
        root.setLevel(before)
        root.handlers = others


def test_a_json_record_has_time_level_logger_message_and_further_fields() -> None:
    with listening("json") as log:
        logging.getLogger("ui.x").warning("Found %d of %s", 3, "fünf", extra={"status": 200, "caller": "é"})
    (record,) = log.records
    time = record.pop("time")
    assert (len(time), time[10], time[-1]) == (24, "T", "Z")
    assert record == {
        "level": "WARNING",
        "logger": "ui.x",
        "message": "Found 3 of fünf",
        "status": 200,
        "caller": "é",
    }


@pytest.mark.parametrize("look", ["json", "dated", "plain"])
def test_a_record_of_a_request_carries_its_id(look: Look) -> None:
    token = request_id_of_this.set("abc-1")
    with listening(look) as log:
        logging.getLogger("ui.x").warning("Hello")
    request_id_of_this.reset(token)
    if look == "json":
        assert log.records[0]["request_id"] == "abc-1"
    else:
        assert log.text.endswith("WARNING ui.x: Hello [abc-1]\n")


def test_plain_text_is_as_commands_have_always_shown_it() -> None:
    with listening("plain") as log:
        logging.getLogger("index.x").warning("The index lacks %d chunks.", 3)
    assert log.text == "WARNING index.x: The index lacks 3 chunks.\n"


HOSTILE = "a\nERROR ui.x: forged\r\x1b[2J\x9b31m\u2028\u202egnp\x00\ud800\x7f"


@pytest.mark.parametrize("look", ["json", "dated", "plain"])
def test_no_text_can_end_a_line_or_reach_the_terminal(look: Look) -> None:
    with listening(look, content=True) as log:
        logger = logging.getLogger("ui.x")
        logger.warning(HOSTILE)
        logger.warning("%s", HOSTILE, extra={"path": HOSTILE})
        logger.warning("%r", Content(HOSTILE))
        logger.warning("%s", StoreError(HOSTILE))
    assert log.text.count("\n") == 4
    assert [letter for letter in log.text.replace("\n", "") if not letter.isprintable()] == []
    if look == "json":
        assert log.records[0]["message"] == HOSTILE


def test_an_exception_in_text_cannot_forge_a_line() -> None:
    with listening("plain", content=True) as log:
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("ui.x").exception("Failed")
    assert log.text.splitlines()[-1].startswith(r"ValueError: a\nERROR ui.x: forged\r\x1b[2J")


def test_json_holds_a_traceback_in_one_field() -> None:
    with listening("json") as log:
        try:
            try:
                raise ValueError("the document's words")
            except ValueError as error:
                raise StoreError("The disk is full.") from error
        except StoreError:
            logging.getLogger("ui.x").exception("Failed")
    lines = log.records[0]["exception"].split("\n")
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[3] == "ValueError: <20 characters>"
    assert lines[4] == "The above exception was the direct cause of this:"
    assert lines[-1] == "StoreError: The disk is full."


def test_all_parts_of_an_exception_group_are_shown() -> None:
    with listening("plain") as log:
        try:
            raise ExceptionGroup("words", [TypeError("'int' has no len()"), KeyError("words")])
        except ExceptionGroup:
            logging.getLogger("ui.x").exception("Failed")
    assert log.text.splitlines()[-5:] == [
        "ExceptionGroup: <24 characters>",
        "Part 1 of this ExceptionGroup:",
        "TypeError: 'int' has no len()",
        "Part 2 of this ExceptionGroup:",
        "KeyError: <7 characters>",
    ]


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (StoreError("The disk is full."), "The disk is full."),
        (FileNotFoundError(2, "No such file", "a.md"), "[Errno 2] No such file: 'a.md'"),
        (ValueError("Kuka on presidentti?"), "<20 characters>"),
        (RuntimeError(), "RuntimeError"),
    ],
    ids=["ours", "of the system", "unknown", "without words"],
)
def test_of_an_error_only_known_words_are_shown(error: Exception, shown: str) -> None:
    with listening("plain") as log:
        logging.getLogger("rag.x").warning("%s", error)
    assert log.text == f"WARNING rag.x: {shown}\n"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Unhandled request ({'text': 'Kuka?'})", "Unhandled request <19 characters>"),
        ("Task was destroyed\nfuture: <Task>", "Task was destroyed <15 characters>"),
        ("Rejected: Kuka on", "Rejected <9 characters>"),
        ("Retrying request in 0.4 seconds", "Retrying request in 0.4 seconds"),
    ],
)
def test_what_a_library_says_ends_where_it_may_show_a_request(message: str, shown: str) -> None:
    with listening("plain") as log:
        logging.getLogger("slack_bolt.App").warning(message)
    assert log.text == f"WARNING slack_bolt.App: {shown}\n"


def test_what_libraries_say_to_those_who_debug_them_is_shown_only_with_content() -> None:
    for content, shown in ((False, ""), (True, "DEBUG openai._base_client: Request options: 'Kuka?'\n")):
        with listening("plain", content=content) as log:
            logging.getLogger("openai._base_client").debug("Request options: %r", "Kuka?")
        assert log.text == shown


def test_a_servers_words_are_left_out_of_what_an_endpoint_reports(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("cannot embed 'Kuka on presidentti?'", status=400))
    endpoint = Endpoint(f"{openai_server.base_url}/embeddings", api_key=None, timeout=5, pauses=())
    with pytest.raises(EndpointError) as refused:
        endpoint.post({"input": ["Kuka on presidentti?"]})
    error = EmbeddingError(f"Nothing was embedded ({refused.value}).")
    error.__cause__ = refused.value
    with listening("plain") as log:
        logging.getLogger("index.x").warning("%s", error)
    assert "presidentti" in str(error)
    assert "presidentti" not in log.text
    assert log.text.startswith("WARNING index.x: Nothing was embedded (HTTP 400: <")


# What was asked, what documents say, what the model says: none of these words stands in a sentence of the program.
QUESTIONS = {
    "en": ("Which zebra plays the xylophone at midnight?", "zebra xylophone midnight"),
    "fi": ("Kuka säveltäjä kirjoitti Finlandian?", "säveltäjä kirjoitti Finlandian"),
    "ar": ("متى سقط جدار برلين؟", "سقط جدار برلين"),
    "ja": ("ベルリンの壁はいつ崩壊しましたか？", "ベルリンの壁 崩壊"),
}
SPOKEN = "Quokkas zigzag beneath marmalade skies"


@pytest.fixture
def ask(
    seeds_home: Path, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder, openai_server: OpenAIServer
) -> Callable[[str], None]:
    """Ask the seeds with a chat model, as the page does, after an earlier turn."""
    settings = Settings.model_construct(
        home=seeds_home, openai_base_url=openai_server.base_url, model="m", model_timeout=5.0, model_temperature=0
    )
    assistant = build_assistant(settings, seeds_knowledge_base, bundled=bundled)

    def run(question: str) -> None:
        history = (Turn("Was war die Quappelquelle?", "Eine Quelle [1]."),)
        *_, last = follow(assistant, question, history=history, within=EVERYTHING, interface="en")
        assert last.state in ("answered", "failed")

    return run


SPOILT = {
    "a mark that proves nothing": [Reply(f"{SPOKEN} [1]. {SPOKEN} [99].")] * 3,
    "a refusal that repeats the prompt": [Reply(f"No {SPOKEN} for: {{prompt}}", status=400)] * 3,
    "an error in the stream": [Reply(SPOKEN, failure="error_only")] * 3,
    "no JSON": [Reply(SPOKEN, failure="broken_json")] * 3,
    "a page": [Reply(SPOKEN, failure="html")] * 3,
}


@pytest.mark.parametrize("language", QUESTIONS)
def test_no_word_of_a_question_a_document_or_a_model_is_logged_unless_wanted(
    language: str, ask: Callable[[str], None], openai_server: OpenAIServer, seeds_knowledge_base: KnowledgeBase
) -> None:
    question, words = QUESTIONS[language]
    document = seeds_knowledge_base.get_document("seeds/de/berliner-mauer.md")

    def asked(*, content: bool) -> str:
        with listening("plain", content=content) as log:
            for replies in SPOILT.values():
                openai_server.reset()
                openai_server.reply_with(
                    *(
                        Reply(**{**reply_fields(reply), "text": reply.text.replace("{prompt}", question)})
                        for reply in replies
                    )
                )
                ask(question)
        return log.text

    hidden, shown = asked(content=False), asked(content=True)
    assert document is None or document.text[:40] not in hidden
    said = [*words.split(), *SPOKEN.split(), "Quappelquelle"]
    assert [word for word in said if word in hidden] == []
    assert [word for word in [*words.split(), "Quokkas"] if word not in shown] == []
    assert "WARNING rag.writing: The chat model failed: " in hidden
    assert re.search(r"INFO rag\.checking: .*<\d+ characters>", hidden) is not None
    assert re.search(rf"INFO rag\.checking: .*{SPOKEN}", shown) is not None


def reply_fields(reply: Reply) -> dict[str, Any]:
    return {name: getattr(reply, name) for name in ("text", "status", "failure")}


PROGRAM = """
import logging, sys
from ui.logs import configure_logging
from ui.settings import load_settings
configure_logging(load_settings(), server=sys.argv[1] == "server")
logging.getLogger("footnote.access").info("GET / 200")
logging.getLogger("index.x").info("Quiet")
logging.getLogger("index.x").warning("Loud")
"""


@pytest.mark.parametrize(
    ("kind", "set_to", "expected"),
    [
        ("command", {}, ["WARNING index.x: Loud"]),
        ("command", {"FOOTNOTE_LOG_FORMAT": "json"}, [("WARNING", "Loud")]),
        ("server", {}, [("INFO", "GET / 200"), ("WARNING", "Loud")]),
        ("server", {"FOOTNOTE_LOG_LEVEL": "WARNING"}, [("WARNING", "Loud")]),
        ("server", {"FOOTNOTE_LOG_LEVEL": "INFO"}, [("INFO", "GET / 200"), ("INFO", "Quiet"), ("WARNING", "Loud")]),
    ],
    ids=["command", "command in JSON", "server", "server with warnings only", "server with all"],
)
def test_servers_show_requests_and_commands_only_warnings(
    kind: str, set_to: dict[str, str], expected: list[object], tmp_path: Path
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), **set_to},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    lines = child.stderr.splitlines()
    if not isinstance(expected[0], str):
        records = map(json.loads, lines)
        assert [(record["level"], record["message"]) for record in records] == expected
    else:
        assert lines == expected
