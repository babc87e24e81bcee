"""Answers as Slack messages: everything is said, nothing is markup, and Slack takes it."""

import random
from dataclasses import replace
from typing import Any

import pytest

from index.lengths import text_weight
from rag.answers import Answer, Citation, Problem, Statement
from tests.fakes import make_citation, make_passage
from tests.ui.slack.hostile_slack import PAYLOADS, hostile_text
from tests.ui.slack.slack_limits import links, refused, texts
from ui.messages import all_messages
from ui.plain import printable
from ui.slack.blocks import (
    FEEDBACK_ACTION,
    FEEDBACK_BAD,
    FEEDBACK_GOOD,
    SlackMessage,
    answer_messages,
    answer_part,
    answer_text,
    failure_message,
    feedback_value,
    read_feedback_value,
    streamed_message,
)

PASSAGE = make_passage("Se on Suomessa. Muuta.", title="Lahti", language="fi", document="lahti.md")
CITATION = make_citation("Se on Suomessa.", passage=PASSAGE)
ANSWER = Answer("Where?", "en", "It is in Finland [1].", True, (CITATION,), (PASSAGE,))


def no_link(_: Citation) -> None:
    return None


def page_link(citation: Citation) -> str:
    return f"https://footnote.example/?document={citation.document}&start={citation.start}&end={citation.end}"


def shown(message: SlackMessage) -> list[str]:
    return list(texts(message.blocks))


def rich(message: SlackMessage) -> list[Any]:
    return [block["elements"] for block in message.blocks if block["type"] == "rich_text"]


def test_an_answer_is_its_text_then_its_footnotes_then_the_buttons() -> None:
    (message,) = answer_messages(ANSWER, answer_id="a1", question="1700000001.000100", link=page_link)
    assert message.text == "It is in Finland [1].\n\n[1] Lahti"
    assert list(message.blocks) == [
        {
            "type": "rich_text",
            "block_id": "answer.1.1700000001.000100.a1",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "It is in Finland [1]."}]}
            ],
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "Sources", "style": {"bold": True}}],
                },
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "[1] ", "style": {"bold": True}},
                        {
                            "type": "link",
                            "url": "https://footnote.example/?document=lahti.md&start=100&end=115",
                            "text": "Lahti",
                        },
                        {"type": "text", "text": " · Finnish"},
                    ],
                },
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "Se on Suomessa."}]},
            ],
        },
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "answer_feedback",
                    "positive_button": {"text": {"type": "plain_text", "text": "Good answer"}, "value": "good:a1"},
                    "negative_button": {"text": {"type": "plain_text", "text": "Bad answer"}, "value": "bad:a1"},
                }
            ],
        },
    ]


def test_plain_buttons_carry_the_same() -> None:
    (message,) = answer_messages(ANSWER, answer_id="a1", link=no_link, native_feedback=False)
    buttons: Any = message.blocks[-1]
    assert buttons["type"] == "actions"
    assert [(one["action_id"], one["value"]) for one in buttons["elements"]] == [
        (f"{FEEDBACK_ACTION}_good", "good:a1"),
        (f"{FEEDBACK_ACTION}_bad", "bad:a1"),
    ]
    assert refused(message) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (feedback_value(FEEDBACK_GOOD, "a:1"), ("good", "a:1")),
        (feedback_value(FEEDBACK_BAD, "x"), ("bad", "x")),
        ("great:x", None),
        ("good:", None),
        ("good", None),
        ("", None),
    ],
)
def test_what_a_button_carries_is_read_back(value: str, expected: tuple[str, str] | None) -> None:
    assert read_feedback_value(value) == expected


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("fi", ["Lähteet", "[1] ", "Lahti", "Se on Suomessa."]),
        ("ar", ["المصادر", "[1] ", "Lahti", " · الفنلندية", "Se on Suomessa."]),
        ("ja", ["出典", "[1] ", "Lahti", " · フィンランド語", "Se on Suomessa."]),
    ],
)
def test_labels_are_in_the_language_of_the_answer_and_only_another_language_is_named(
    language: str, labels: list[str]
) -> None:
    (message,) = answer_messages(replace(ANSWER, language=language), answer_id="a1", link=no_link)
    assert shown(message)[1:] == labels
    native: Any = message.blocks[-1]["elements"]
    assert native[0]["positive_button"]["text"]["text"] == all_messages()[language].good_answer


def test_every_language_has_labels_that_fit_on_buttons() -> None:
    for language in all_messages():
        (message,) = answer_messages(replace(ANSWER, language=language), answer_id="a1", link=no_link)
        assert refused(message) == []


def test_emphasis_is_bold_and_what_is_not_supported_is_in_italics_with_a_sign() -> None:
    text = "It has 3 towers [1]. It has 900 bells. Yes."
    statements = (
        Statement(0, 20, (1,)),
        Statement(21, 38, (), Problem.FACT_MISSING, ("900",)),
        Statement(39, 43, (), Problem.UNCITED),
    )
    answer = replace(ANSWER, text=text, model="m", statements=statements, emphasis=((7, 15),), notice="It\nfailed.")
    (message,) = answer_messages(answer, answer_id="a1", link=no_link)
    assert rich(message)[0][0]["elements"] == [
        {"type": "text", "text": "It has "},
        {"type": "text", "text": "3 towers", "style": {"bold": True}},
        {"type": "text", "text": " [1]. "},
        {"type": "text", "text": "It has 900 bells.", "style": {"italic": True}},
        {"type": "text", "text": " ⚠"},
        {"type": "text", "text": " "},
        {"type": "text", "text": "Yes.", "style": {"italic": True}},
        {"type": "text", "text": " ⚠"},
    ]
    notes: Any = message.blocks[1]
    assert notes["type"] == "context"
    assert [one["text"] for one in notes["elements"]] == [
        "It failed.",
        "1 of 3 statements are supported by your documents.",
        "⚠ not supported by your documents",
    ]
    assert answer_text({"blocks": list(message.blocks)}) == text


def test_of_an_answer_that_was_not_found_the_nearest_passages_are_shown_as_no_more_than_that() -> None:
    passages = tuple(replace(PASSAGE, number=n, title=f"Title {n}", language="en") for n in range(1, 6))
    answer = Answer("?", "en", "Your documents do not answer this question.", False, passages=passages)
    (message,) = answer_messages(answer, answer_id="a1", link=page_link)
    assert shown(message) == [
        "Your documents do not answer this question.",
        "Nearest passages",
        "\nThey do not answer the question; they only come closest to it.",
        *(text for n in (1, 2, 3) for text in (f"Title {n}", "Se on Suomessa. Muuta.")),
    ]
    assert len(list(links(message.blocks))) == 3


@pytest.mark.parametrize("language", ["en", "fi", "ar", "ja"])
def test_an_answer_without_text_is_still_a_message(language: str) -> None:
    (message,) = answer_messages(Answer("?", language, " ", False), answer_id="a1", link=no_link)
    assert message.text == "…"
    assert refused(message) == []
    assert answer_text({"blocks": list(message.blocks)}) == ""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://a.example/?document=säe 1&x=<y>|z", ["https://a.example/?document=s%C3%A4e%201&x=%3Cy%3E%7Cz"]),
        ("http://localhost:7860/?document=%E6%97%A5", ["http://localhost:7860/?document=%E6%97%A5"]),
        ("javascript:alert(1)", []),
        ("slack://open", []),
        ("//a.example", []),
        ("https://", []),
        ("https://[", []),
        ("https://a.example/" + "x" * 2000, []),
        ("", []),
        (None, []),
    ],
)
def test_only_web_addresses_become_links(address: str | None, expected: list[str]) -> None:
    (message,) = answer_messages(ANSWER, answer_id="a1", link=lambda _: address)
    assert list(links(message.blocks)) == expected
    assert refused(message) == []


def test_a_long_quote_ends_at_a_word_with_an_ellipsis_and_a_nameless_document_has_its_file_name() -> None:
    text = "Sana on pitkä. " * 60
    citation = replace(make_citation(text, passage=make_passage(text, title=" ", document="a\nb.txt")), language="en")
    (message,) = answer_messages(replace(ANSWER, citations=(citation,)), answer_id="a1", link=no_link)
    *_, title, quote = shown(message)
    assert title == "a b.txt"
    assert quote.endswith(("Sana…", "on…", "pitkä.…"))
    assert 380 < len(quote) <= 400


def test_footnotes_are_in_order_and_those_beyond_twenty_are_counted() -> None:
    citations = tuple(replace(CITATION, number=number) for number in range(30, 0, -1))
    messages = answer_messages(replace(ANSWER, citations=citations), answer_id="a1", link=page_link)
    assert all(refused(message) == [] for message in messages)
    said = [text for message in messages for text in shown(message)]
    assert [text for text in said if text.startswith("[")] == [f"[{number}] " for number in range(1, 21)]
    assert said[-1] == "And 10 more"
    assert said.count("Sources") == 1


SENTENCES = {
    "en": "Lahti is a city in Finland that many know for its winter sports [1].",
    "ja": "ラハティはウィンタースポーツで知られるフィンランドの都市です[1]。",
    "ar": "لاهتي مدينة في فنلندا يعرفها كثيرون برياضات الشتاء [1].",
    "th": "ลาห์ตีเป็นเมืองในฟินแลนด์ที่มีชื่อเสียงเรื่องกีฬาฤดูหนาว [1]",
}


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items(), ids=SENTENCES)
def test_a_long_answer_goes_on_in_further_messages_at_the_ends_of_sentences(language: str, sentence: str) -> None:
    text = " ".join([sentence] * (9_000 // len(sentence)))
    messages = answer_messages(replace(ANSWER, text=text, language=language), answer_id="a1", link=page_link)
    assert [refused(message) for message in messages] == [[]] * len(messages)
    pieces = [answer_text({"blocks": list(message.blocks)}) for message in messages]
    assert len([piece for piece in pieces if piece]) in (4, 5)
    assert " ".join(piece for piece in pieces if piece) == text
    assert all(piece.endswith("[1]。" if language == "ja" else sentence[-3:]) for piece in pieces if piece)
    buttons = [block for message in messages for block in message.blocks if block["type"] == "context_actions"]
    assert buttons == [messages[-1].blocks[-1]]


@pytest.mark.parametrize("text", ["👍" * 2900, "a & <b> " * 370], ids=["emoji", "escaped"])
def test_the_size_of_a_message_is_counted_in_bytes_and_with_all_signs_in_it(text: str) -> None:
    statements = tuple(Statement(start, start + 4, (), Problem.UNCITED) for start in range(0, 2800, 8))
    messages = answer_messages(replace(ANSWER, text=text, statements=statements), answer_id="a1", link=no_link)
    assert len(messages) > 1
    assert [refused(message) for message in messages] == [[]] * len(messages)
    assert "".join("".join(answer_text({"blocks": list(message.blocks)}).split()) for message in messages) == (
        "".join(text.split())
    )


def test_an_answer_that_never_ends_is_cut_with_a_sign_of_it() -> None:
    messages = answer_messages(replace(ANSWER, text="This goes on and on. " * 4000), answer_id="a1", link=no_link)
    assert len(messages) == 8
    said = [text for message in messages for text in shown(message)]
    assert said[8] == "…"
    assert said[9] == "Sources"


def test_a_stream_shows_the_text_so_far_and_a_failure_its_sentence() -> None:
    message = streamed_message("*Lahti* is <!here> [1")
    assert shown(message) == ["*Lahti* is <!here> [1"]
    assert message.text == "∗Lahti∗ is &lt;!here&gt; [1"
    assert answer_text({"blocks": list(message.blocks)}) == ""
    assert shown(failure_message("Etwas ging schief."))[0] == "Etwas ging schief."
    (shortest,) = shown(streamed_message(""))
    assert shortest == "…"
    long = streamed_message("A long answer is being written here. " * 500)
    assert refused(long) == []
    assert shown(long)[0].endswith("…")


def test_every_part_of_an_answer_names_its_question() -> None:
    answer = replace(ANSWER, text="This goes on and on. " * 400)
    messages = answer_messages(answer, answer_id="a.1", question="1700000001.000100", link=no_link)
    parts = [answer_part({"blocks": list(message.blocks)}) for message in messages]
    assert len(parts) == 3
    assert {(part.question, part.answer_id) for part in parts if part} == {("1700000001.000100", "a.1")}
    assert " ".join(part.text for part in parts if part) == answer.text.strip()
    (private,) = answer_messages(ANSWER, answer_id="a1", link=no_link)
    assert answer_part({"blocks": list(private.blocks)}) is None


@pytest.mark.parametrize("message", [{}, {"blocks": None}, {"blocks": "x"}, {"blocks": [1, {"block_id": 3}]}])
def test_a_message_that_is_no_answer_has_no_answers_text(message: dict[str, object]) -> None:
    assert answer_text(message) == ""
    assert answer_part(message) is None


@pytest.mark.parametrize("payload", PAYLOADS, ids=[f"payload-{number}" for number in range(len(PAYLOADS))])
def test_a_hostile_text_is_shown_as_it_is_wherever_it_stands(payload: str) -> None:
    passage = make_passage(f"A quote {payload} end.", title=payload, document=f"{payload}.md")
    citation = replace(make_citation(passage.text, passage=passage), language="fi")
    text = f"{payload} and {payload} [1]."
    answer = Answer(payload, "en", text, True, (citation,), (passage,), notice=payload)
    (message,) = answer_messages(answer, answer_id="a1", link=page_link)
    assert refused(message) == []
    visible = printable(text.replace("\u2028", "\n"))
    assert shown(message)[0] == visible.strip()
    assert any(printable(payload.replace("\u2028", "\n")) in said for said in shown(message)[-1:])
    assert refused(failure_message(payload)) == []


def test_any_mixture_of_hostile_texts_makes_messages_that_slack_takes() -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    for _ in range(40):
        text = hostile_text(chance, longest=25)[: chance.choice((50, 500, 9_000))]
        passages = [
            make_passage(hostile_text(chance, longest=5) or "x", number=number, title=hostile_text(chance, longest=2))
            for number in range(1, chance.randint(1, 14))
        ]
        citations = tuple(replace(make_citation(p.text, passage=p), number=p.number) for p in passages)
        places = sorted(chance.randint(0, len(text)) for _ in range(chance.choice((0, 4, 120))))
        spans = list(zip(places[::2], places[1::2], strict=False))
        problems = (None, Problem.UNCITED, Problem.FACT_MISSING)
        answer = Answer(
            "?",
            chance.choice(("en", "ja", "ar", "und", "", "x-!")),
            text,
            chance.random() < 0.8,
            citations,
            tuple(passages),
            model="m",
            notice=hostile_text(chance, longest=3),
            statements=tuple(Statement(start, end, (), chance.choice(problems)) for start, end in spans),
            emphasis=tuple(spans[:3]),
        )
        native = chance.random() < 0.5
        messages = answer_messages(answer, answer_id="a" * 300, question="1.1", link=page_link, native_feedback=native)
        assert [refused(message) for message in messages] == [[]] * len(messages)
        said = "".join(answer_text({"blocks": list(message.blocks)}) for message in messages)
        assert "".join(said.split()) == "".join(printable(text.replace("\u2028", "\n")).split())
        assert all(
            text_weight(quote["elements"][0]["text"]) <= 400
            for message in messages
            for elements in rich(message)
            for quote in elements
            if quote["type"] == "rich_text_quote"
        )
