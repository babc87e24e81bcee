from collections.abc import Iterator, Sequence

import pytest

from rag.errors import (
    ChatModelError,
    ContextTooSmallError,
    CutAnswerError,
    EmptyAnswerError,
    MixedReasoningError,
    PartialAnswerError,
)
from rag.reply import LONGEST_ANSWER, ReplyText

TEXTS = {
    "none": ("Yes [1].", "Yes [1]."),
    "think": ("<think>hm [1]</think>\n\nYes [1].", "Yes [1]."),
    "thinking": ("\n<thinking>a</thinking>Yes.", "Yes."),
    "thought": ("<thought>a</thought>Yes.", "Yes."),
    "reasoning": ("<reasoning>a</reasoning>Yes.", "Yes."),
    "Magistral": ("[THINK]a [1][/THINK]Yes [1].", "Yes [1]."),
    "Kimi": ("◁think▷a◁/think▷はい。", "はい。"),
    "Command": ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Yes.", "Yes."),
    "gpt-oss": (
        "<|channel|>analysis<|message|>We [1]<|end|><|start|>assistant<|channel|>final<|message|>Yes [1].",
        "Yes [1].",
    ),
    "gpt-oss without reasoning": ("<|start|>assistant<|channel|>final<|message|>Yes.", "Yes."),
    "gpt-oss with a comment": ("<|channel|>commentary<|message|>a<|end|><|channel|>final<|message|>Yes.", "Yes."),
    "gpt-oss, marks dropped": ("analysisWe need to.assistantfinalYes [1].", "Yes [1]."),
    "the word alone": ("analysis of samples [1]", "analysis of samples [1]"),
    "the word at the end": ("analysis", "analysis"),
    "two": ("<think>a</think>\n<think>b</think> Yes.", "Yes."),
    "inner": ("<think>if a < b </thin </think>Yes.", "Yes."),
    "looks alike": ("<thin> ice", "<thin> ice"),
    "begins alike": ("<thi", "<thi"),
    "mark first": ("[1] says so", "[1] says so"),
    "later": ("Yes [1]. <think>a [2]</think>No [3].", "Yes [1]. No [3]."),
    "later, never ending": ("Yes. <think> no", "Yes. "),
    "twice": ("<think>a</think>Yes. [THINK]b[/THINK]No.", "Yes. No."),
    "the word later": ("Our analysisX", "Our analysisX"),
    "fi": ("<think>はい</think>Kyllä [1] 答え", "Kyllä [1] 答え"),
}


def cuts_of(text: str) -> Iterator[list[str]]:
    """Every way to cut a text into pieces of one length, and every way to cut it into two."""
    for length in range(1, len(text) + 1):
        yield [text[at : at + length] for at in range(0, len(text), length)]
    for at in range(1, len(text)):
        yield [text[:at], text[at:]]


def readable(pieces: Sequence[str], *, finish_reason: str = "stop", begins_in_reasoning: bool = False) -> str:
    reply = ReplyText(model="The model", language="en", begins_in_reasoning=begins_in_reasoning)
    read = [reply.read(piece) for piece in pieces]
    read.append(reply.read("", finish_reason=finish_reason))
    return "".join(read) + reply.close()


@pytest.mark.parametrize("case", TEXTS)
def test_reasoning_is_dropped_however_it_is_cut(case: str) -> None:
    sent, expected = TEXTS[case]
    for pieces in cuts_of(sent):
        assert readable(pieces) == expected, pieces


def test_text_is_not_held_back_once_it_is_text() -> None:
    reply = ReplyText(model="The model")
    assert [reply.read(piece) for piece in ("<", "b", "> <thi", "n> [1", "] [")] == ["", "<b", "> ", "<thin> [1", "] "]
    assert reply.begun


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so [2] says\n</think>\n\nYes [1].", "Yes [1]."),
        ("<think>so</think>Yes.", "Yes."),
        ("Yes, without reasoning.", "Yes, without reasoning."),
    ],
)
def test_model_known_to_begin_inside_its_reasoning_is_held_back_until_that_ends(text: str, expected: str) -> None:
    for pieces in cuts_of(text):
        assert readable(pieces, begins_in_reasoning=True) == expected, pieces


@pytest.mark.parametrize("text", ["", " \n ", "<think>hm</think>", "<think>hm", "<|channel|>analysis<|message|>hm"])
@pytest.mark.parametrize(("finish_reason", "error"), [("stop", EmptyAnswerError), ("length", ContextTooSmallError)])
def test_reply_without_text_is_none(text: str, finish_reason: str, error: type[ChatModelError]) -> None:
    with pytest.raises(error):
        readable([text], finish_reason=finish_reason)


@pytest.mark.parametrize(
    ("text", "finish_reason", "error", "usable"),
    [
        ("One [1]. Two [2]. Thr", "length", CutAnswerError, "One [1]. Two [2]."),
        ("One", "length", CutAnswerError, ""),
        ("Hm. So</think> One [1].", "stop", MixedReasoningError, "One [1]."),
        ("Hm. So</think> One [1]. Tw", "length", MixedReasoningError, "One [1]."),
        ("Hm</think>So</think>One.", "stop", MixedReasoningError, "One."),
        ("Hm</think>", "stop", MixedReasoningError, ""),
    ],
)
def test_part_of_a_reply_that_can_be_used_comes_with_its_error(
    text: str, finish_reason: str, error: type[PartialAnswerError], usable: str
) -> None:
    for pieces in cuts_of(text):
        with pytest.raises(error) as caught:
            readable(pieces, finish_reason=finish_reason)
        assert caught.value.usable == usable
        assert str(caught.value).startswith("The model ")


def test_reasoning_that_was_cut_is_no_answer_of_a_model_known_to_begin_inside_it() -> None:
    with pytest.raises(ContextTooSmallError):
        readable(["So [2] says. Then"], finish_reason="length", begins_in_reasoning=True)


def test_answer_that_never_ends_is_cut() -> None:
    reply = ReplyText(model="The model", language="en")
    reply.read("This again. " * 2000)
    with pytest.raises(CutAnswerError, match="does not come to an end") as caught:
        reply.read("This again. ")
    assert caught.value.usable == " ".join(["This again."] * 1999)
    assert len(caught.value.usable) > LONGEST_ANSWER


def test_reply_without_an_end_was_cut_off() -> None:
    reply = ReplyText(model="The model")
    reply.read("One.")
    with pytest.raises(ChatModelError, match="The model was cut off before its answer was complete"):
        reply.close()
