"""A question followed from asking to its end, without a browser."""

import logging

import pytest

from index.errors import EmbeddingError, StoreError
from rag.answers import Answer, Failed, Turn
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from ui.conversation import Exchange, TurnsBegun, conversation_html, exchange_html, follow, turns
from ui.messages import ENGLISH, messages_for

PASSAGE = make_passage("Pinkwart led it.", number=2)
ANSWER = Answer(
    "Who?", "en", "Pinkwart [1] led.", True, (make_citation("Pinkwart", passage=PASSAGE),), (make_passage("x"), PASSAGE)
)


def test_exchange_goes_from_searching_over_answering_to_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.conversation.SECONDS_BETWEEN_UPDATES", 0)
    assistant = ScriptedAssistant({"Who?": ANSWER})
    assert list(follow(assistant, "Who?", history=(Turn("a", "b"),), interface="fi")) == [
        Exchange("Who?"),
        Exchange("Who?", "answering", passage_count=2),
        Exchange("Who?", "answering", passage_count=2, text="Pinkwart"),
        Exchange("Who?", "answering", passage_count=2, text="Pinkwart [1]", citation_count=1),
        Exchange("Who?", "answering", passage_count=2, text="Pinkwart [1] led.", citation_count=1),
        Exchange("Who?", "answered", passage_count=2, text="Pinkwart [1] led.", citation_count=1, answer=ANSWER),
    ]
    assert assistant.asked == [("Who?", (Turn("a", "b"),))]
    assert assistant.interfaces == ["fi"]


def test_fast_tokens_are_shown_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.conversation.SECONDS_BETWEEN_UPDATES", 3600)
    shown = [
        exchange.text for exchange in follow(ScriptedAssistant({"Who?": ANSWER}), "Who?", history=(), interface="fi")
    ]
    assert shown[-1] == "Pinkwart [1] led."
    assert len(shown) < 6


def test_unexpected_error_ends_the_exchange_and_its_traceback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    last = list(follow(ScriptedAssistant({"Who?": RuntimeError("secret")}), "Who?", history=(), interface="fi"))[-1]
    assert last.state == "failed"
    assert "RuntimeError: secret" in caplog.text
    assert "secret" not in exchange_html(last, 1, messages=ENGLISH)


def test_known_error_is_logged_without_traceback(caplog: pytest.LogCaptureFixture) -> None:
    last = list(
        follow(ScriptedAssistant({"Who?": EmbeddingError("No model at 'x'.")}), "Who?", history=(), interface="fi")
    )[-1]
    assert last.state == "failed"
    assert [(record.levelno, record.getMessage(), record.exc_info) for record in caplog.records] == [
        (logging.ERROR, "No answer to 'Who?': No model at 'x'.", None)
    ]


def test_a_failure_is_said_in_the_words_of_the_assistant(caplog: pytest.LogCaptureFixture) -> None:
    failure = Failed("Kysymykseen ei voitu vastata.", StoreError("The disk is full."))
    last = list(follow(ScriptedAssistant({"Kuka?": failure}), "Kuka?", history=(), interface="fi"))[-1]
    assert (last.state, last.failure) == ("failed", "Kysymykseen ei voitu vastata.")
    assert "Kysymykseen ei voitu vastata." in exchange_html(last, 1, messages=ENGLISH)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "No answer to 'Kuka?': The disk is full.")
    ]


def test_stream_without_an_end_is_a_failure(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    assistant = ScriptedAssistant({"Who?": ANSWER})
    events = list(assistant.stream("Who?"))[:-1]
    monkeypatch.setattr(assistant, "stream", lambda *_, **__: iter(events))
    assert list(follow(assistant, "Who?", history=(), interface="fi"))[-1].state == "failed"
    assert "ended without an answer" in caplog.text


def test_history_holds_what_was_answered() -> None:
    exchanges = (
        Exchange("Who?", "answered", answer=ANSWER),
        Exchange("When?", "failed"),
        Exchange("Why?", "stopped", text="Beca"),
    )
    assert turns(exchanges) == (Turn("Who?", "Pinkwart [1] led."),)


def test_turn_begins_once_until_it_is_taken_back() -> None:
    begun = TurnsBegun()
    first: tuple[Exchange, ...] = ()
    second = (Exchange("q", "answered"),)
    assert [begun.begin(first), begun.begin(first)] == [True, False]
    assert begun.begin(second)
    begun.go_back(second)
    assert [begun.begin(first), begun.begin(second)] == [False, True]
    begun.go_back(())
    assert [begun.begin(first), begun.begin(second)] == [True, True]


def test_every_exchange_of_a_conversation_has_ids_of_its_own() -> None:
    html = conversation_html((Exchange("a", "answered", answer=ANSWER),) * 2, messages=ENGLISH)
    assert html.count('id="turn-1-quote-1"') == 1
    assert html.count('id="turn-2-quote-1"') == 1


@pytest.mark.parametrize(
    ("exchange", "sentence"),
    [
        (Exchange("a"), "Haetaan asiakirjoista…"),
        (Exchange("a", "answering", passage_count=4), "Löytyneitä tekstikohtia: 4"),
        (Exchange("a", "stopped", text="Koska"), "Pysäytetty."),
        (Exchange("a", "failed"), "Jokin meni vikaan, eikä vastausta saatu. Yritä uudelleen."),
    ],
    ids=["searching", "answering", "stopped", "failed"],
)
def test_each_state_says_so_in_the_language_of_the_reader(exchange: Exchange, sentence: str) -> None:
    assert f">{sentence}</p>" in exchange_html(exchange, 1, messages=messages_for("fi"))
