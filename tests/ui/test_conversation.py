"""A question followed from asking to its end, without a browser."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from index.errors import EmbeddingError, StoreError
from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Answer, Failed, Turn
from rag.explanation import Explanation
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.conversation import (
    LONGEST_CONVERSATION,
    LONGEST_KEPT_TEXT,
    Exchange,
    TurnsBegun,
    conversation_html,
    exchange_html,
    follow,
    is_busy,
    kept_exchange,
    restored_conversation,
    restored_exchange,
    turns,
)
from ui.messages import english, messages_for

PASSAGE = make_passage("Pinkwart led it.", number=2)
ANSWER = Answer(
    "Who?", "en", "Pinkwart [1] led.", True, (make_citation("Pinkwart", passage=PASSAGE),), (make_passage("x"), PASSAGE)
)


def test_exchange_goes_from_searching_over_answering_to_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.conversation.SECONDS_BETWEEN_UPDATES", 0)
    assistant = ScriptedAssistant({"Who?": ANSWER}, translations={"a": "b"})
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


def test_without_a_chat_model_nothing_is_shown_between_searching_and_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.conversation.SECONDS_BETWEEN_UPDATES", 3600)
    shown = list(follow(ScriptedAssistant({"Who?": ANSWER}), "Who?", history=(), interface="fi"))
    assert [(exchange.state, exchange.text) for exchange in shown] == [
        ("searching", ""),
        ("answering", "Pinkwart"),
        ("answered", "Pinkwart [1] led."),
    ]


def test_filter_and_the_wish_for_an_explanation_are_passed_on() -> None:
    explained = replace(ANSWER, explanation=Explanation("Who?", "", 0.0, (), {}))
    within = DocumentFilter(documents=frozenset({"a.md"}))
    assistant = ScriptedAssistant({"Who?": explained})
    *_, narrow = follow(assistant, "Who?", history=(), within=within, interface="fi")
    *_, wide = follow(assistant, "Who?", history=(), interface="fi")
    assert assistant.filters == [within, EVERYTHING]
    assert (narrow.answer, wide.answer) == (explained, explained)  # without being asked it explains nothing


def test_an_exchange_keeps_its_id_from_the_question_to_the_answer_and_shares_it_with_none() -> None:
    assistant = ScriptedAssistant({"Who?": ANSWER})
    first, second = ({each.id for each in follow(assistant, "Who?", history=(), interface="fi")} for _ in range(2))
    assert (len(first), len(second), first & second) == (1, 1, set())
    assert all(len(identity) == 32 and set(identity) <= set("0123456789abcdef") for identity in first | second)


@pytest.mark.parametrize(
    ("exchanges", "busy"),
    [
        ((), False),
        ((Exchange("a"),), True),
        ((Exchange("a", "answering"),), True),
        ((Exchange("a", "answering"), Exchange("b", "stopped")), False),
        ((Exchange("a", "failed"),), False),
        ((Exchange("a", "answered", answer=ANSWER),), False),
    ],
)
def test_a_conversation_is_busy_with_its_last_answer(exchanges: tuple[Exchange, ...], busy: bool) -> None:
    assert is_busy(exchanges) is busy


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
    assert "secret" not in exchange_html(last, 1, messages=english())


def test_known_error_is_logged_without_traceback(caplog: pytest.LogCaptureFixture) -> None:
    last = list(
        follow(ScriptedAssistant({"Who?": EmbeddingError("No model at 'x'.")}), "Who?", history=(), interface="fi")
    )[-1]
    assert last.state == "failed"
    assert [(record.levelno, record.getMessage(), record.exc_info) for record in caplog.records] == [
        (logging.ERROR, "No answer to <4 characters>: No model at 'x'.", None)
    ]


def test_a_failure_is_said_in_the_words_of_the_assistant(caplog: pytest.LogCaptureFixture) -> None:
    failure = Failed("Kysymykseen ei voitu vastata.", StoreError("The disk is full."))
    last = list(follow(ScriptedAssistant({"Kuka?": failure}), "Kuka?", history=(), interface="fi"))[-1]
    assert (last.state, last.failure) == ("failed", "Kysymykseen ei voitu vastata.")
    assert "Kysymykseen ei voitu vastata." in exchange_html(last, 1, messages=english())
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "No answer to <5 characters>: The disk is full.")
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


def test_a_turn_in_the_place_of_another_begins_once_and_beside_new_ones() -> None:
    begun = TurnsBegun()
    before = (Exchange("q", "answered"),)
    assert not begun.has_begun(before)
    assert begun.begin(before)
    assert begun.has_begun(before)
    assert [begun.begin(before, instead_of="a"), begun.begin(before, instead_of="a")] == [True, False]
    assert begun.begin(before, instead_of="b")
    assert not begun.has_begun(())
    begun.go_back(before)
    assert not begun.has_begun(before)
    assert [begun.begin(before), begun.begin(before, instead_of="a")] == [True, True]


def test_only_the_latest_of_a_conversation_can_be_asked_again() -> None:
    exchange = Exchange("a", "answered", answer=ANSWER, rating="good")
    latest = Reader(exchange_html(exchange, 2, messages=english(), is_latest=True))
    earlier = Reader(conversation_html((exchange,), messages=english()))
    assert latest.values("data-action") == ["copy", "good", "bad", "repeat", "edit"]
    assert earlier.values("data-action") == ["copy", "good", "bad"]
    assert latest.values("aria-pressed") == ["true", "false"]
    assert latest.values("data-exchange") == [exchange.id]
    assert latest.values("data-markdown")[0].startswith("Pinkwart [^1] led.\n\n[^1]: “Pinkwart”")


@pytest.mark.parametrize(
    ("exchange", "actions"),
    [
        (Exchange("a"), []),
        (Exchange("a", "answering", text="Beca"), []),
        (Exchange("a", "stopped", text="Beca"), ["repeat", "edit"]),
        (Exchange("a", "failed"), ["repeat", "edit"]),
    ],
    ids=["searching", "answering", "stopped", "failed"],
)
def test_without_an_answer_there_is_nothing_to_copy_or_rate(exchange: Exchange, actions: list[str]) -> None:
    html = exchange_html(exchange, 1, messages=english(), is_latest=True)
    assert Reader(html).values("data-action") == actions


def test_an_answer_that_is_explained_says_why() -> None:
    explained = replace(ANSWER, explanation=Explanation("Who led it?", "", 0.0, (), {}))
    told, untold = (
        Reader(exchange_html(Exchange("Who?", "answered", answer=answer), 1, messages=english()))
        for answer in (explained, ANSWER)
    )
    assert "details" in told.tags
    assert "Why this answerSearched forWho led it?" in told.text
    assert "details" not in untold.tags


def test_every_exchange_of_a_conversation_has_ids_of_its_own() -> None:
    html = conversation_html((Exchange("a", "answered", answer=ANSWER),) * 2, messages=english())
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


# -- What a browser keeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exchange",
    [
        Exchange("Who?", "answered", 2, "Pinkwart [1] led.", 1, ANSWER, rating="bad"),
        Exchange("كم؟\n😀", "stopped", 2, "Beca [1]", 1),
        Exchange("Why?", "failed", failure="Kysymykseen ei voitu vastata."),
    ],
    ids=["answered", "stopped", "failed"],
)
def test_what_is_kept_of_an_exchange_shows_the_same_again(exchange: Exchange) -> None:
    restored = restored_exchange(json.loads(json.dumps(kept_exchange(exchange, messages=english()))))
    assert (restored.id, restored.rating, restored.state) == (exchange.id, exchange.rating, exchange.state)
    shown, shown_again = (
        exchange_html(each, 1, messages=messages_for("ar"), is_latest=True) for each in (exchange, restored)
    )
    assert shown_again == shown
    assert turns((restored,)) == turns((exchange,))


def test_markdown_is_kept_for_saving_in_the_language_of_the_page() -> None:
    exchange = Exchange("Who?", "answered", answer=ANSWER)
    assert kept_exchange(exchange, messages=messages_for("fi"))["markdown"] == (
        "Pinkwart [^1] led.\n\n[^1]: “Pinkwart” — A title, englanti (articles/a.md)\n"
    )
    assert kept_exchange(Exchange("Who?", "failed"), messages=english())["markdown"] == ""


def test_a_very_long_text_is_cut_to_what_is_read_again() -> None:
    kept = kept_exchange(Exchange("Who?", "stopped", text="x" * (LONGEST_KEPT_TEXT + 1)), messages=english())
    assert restored_exchange(kept).text == "x" * LONGEST_KEPT_TEXT


def kept(**changes: object) -> dict[str, Any]:
    exchange = Exchange(
        "Who?", "answered", answer=ANSWER, id="0" * 32
    )  # the same in every process, as test ids must be
    return {**kept_exchange(exchange, messages=english()), **changes}


@pytest.mark.parametrize(
    "value",
    [
        None,
        17,
        "Who?",
        [],
        {},
        kept(question=""),
        kept(question=["Who?"]),
        kept(question="x" * (LONGEST_KEPT_TEXT + 1)),
        kept(state="searching"),
        kept(state="answering"),
        kept(state="done"),
        kept(state={"answered": True}),
        kept(state="failed"),
        kept(answer=None),
        kept(answer="Pinkwart"),
        kept(answer={}),
        kept(answer={**kept()["answer"], "citations": [{"quote": "invented"}]}),
        kept(rating="great"),
        kept(rating=1),
        kept(text=b"x"),
        kept(failure=3.5),
        kept(citation_count="1"),
        kept(citation_count=True),
        kept(citation_count=1e9),
        kept(id=""),
        kept(id="x" * 33),
        kept(id='"><script>alert(1)</script>12345'),
        kept(id=7),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_no_page_has_kept_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        restored_exchange(value)


def test_half_characters_are_replaced() -> None:
    restored = restored_exchange(kept(question="Who\ud83d?", failure="\udcff"))
    assert (restored.question, restored.failure) == ("Who??", "?")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_that_was_kept_stays_text(payload: str) -> None:
    answer = {**kept()["answer"], "question": payload, "notice": payload, "standalone_question": payload}
    for value in (
        kept(question=payload, answer=answer, text=payload, markdown=payload),
        kept(question=payload, state="stopped", answer=None, text=payload, failure=payload),
        kept(question=payload, state="failed", answer=None, failure=payload),
    ):
        html = exchange_html(restored_exchange(value), 1, messages=english(), is_latest=True)
        assert set(Reader(html).tags).isdisjoint({"script", "img", "iframe", "style", "svg", "base", "meta", "form"})
        assert payload in Reader(html).text


def test_of_a_conversation_only_what_can_be_read_is_restored(caplog: pytest.LogCaptureFixture) -> None:
    good = kept()
    exchanges = restored_conversation([good, {"question": "x"}, None, kept(question="Why?")])
    assert [exchange.question for exchange in exchanges] == ["Who?", "Why?"]
    assert exchanges[0].id == good["id"]
    assert len(caplog.records) == 2
    assert all(record.levelno == logging.WARNING and record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("value", [None, {}, "x", 3, {"0": kept()}, []])
def test_what_is_no_conversation_is_an_empty_one(value: object) -> None:
    assert restored_conversation(value) == ()


def test_a_conversation_is_restored_up_to_its_longest() -> None:
    assert len(restored_conversation([kept()] * (LONGEST_CONVERSATION + 1))) == LONGEST_CONVERSATION


def test_turn_that_was_cut_off_can_begin_again_but_not_one_that_another_took_over() -> None:
    begun = TurnsBegun()
    begun.begin(())
    begun.release((), instead_of="", times_gone_back=0)
    assert begun.begin(())
    begun.go_back(())
    assert begun.begin(())  # by another question
    begun.release((), instead_of="", times_gone_back=0)
    assert not begun.begin(())
