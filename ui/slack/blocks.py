"""`Answer` → Slack messages: rich text blocks, in which nothing of an answer or a document is markup."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise

from rag.answers import Answer
from rag.prompts import phrases, support_sentence
from ui.messages import Messages, messages_for
from ui.plain import one_line
from ui.slack.footnote_blocks import Link, footnote_parts
from ui.slack.mrkdwn import streamed_text
from ui.slack.rich_text import (
    LARGEST_MESSAGE,
    Block,
    Part,
    block_size,
    notes,
    packed,
    rich_text,
    section,
    shown,
    text_part,
)
from ui.slack.splitting import shortened, split_spans

FEEDBACK_ACTION = "answer_feedback"
"""`action_id` of Slack's own feedback buttons, and how those of plain buttons begin."""
FEEDBACK_GOOD = "good"
FEEDBACK_BAD = "bad"

NO_UNFURL = {"unfurl_links": False, "unfurl_media": False}
"""Of every new message: no previews of addresses that stand in documents."""
PARSE = "none"
"""`parse` of every message, new or updated: no word of its text becomes a link or a mention."""

# The text leaves room in its message for what follows it. More than 3,000 characters nobody reads in one go in a chat.
_LARGEST_TEXT = 7_500
_LONGEST_TEXT = 3_000
# A model that does not stop shall not fill a channel.
_MOST_TEXTS = 8
_LONGEST_NOTE = 1_000
_DOUBT = "⚠"
_ANSWER_BLOCK = "answer"
_LONGEST_BLOCK_ID = 255
_IN_THREAD = re.compile(rf"{_ANSWER_BLOCK}\.\d+\.(\d+\.\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message to post: its blocks, and the text that notifications show instead of them."""

    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """What a message in a thread holds of an answer's text."""

    question: str
    """`ts` of the message that it answers."""
    answer_id: str
    text: str


def answer_messages(
    answer: Answer, *, answer_id: str, link: Link, question: str = "", native_feedback: bool = True
) -> list[SlackMessage]:
    """Render an answer as one message or, if it is longer than Slack allows, several in order; never none.

    Args:
        answer: The answer.
        answer_id: What the feedback buttons, at the end of the last message, carry.
        question: `ts` of the message in a thread that it answers, for `answer_part`; none if only one person sees it.
        link: Titles become links where it gives an http(s) address; any other is left out.
        native_feedback: Whether the buttons are Slack's own for feedback, or plain ones, which work everywhere.
    """
    messages = messages_for(answer.language)
    parts = [
        *_text_parts(answer, f"{question}.{answer_id}"),
        *_note_parts(answer),
        *footnote_parts(answer, messages=messages, link=link),
    ]
    buttons = Part(_feedback_buttons(answer_id, messages, is_native=native_feedback), "")
    return [
        SlackMessage(
            streamed_text("\n\n".join(part.text for part in group if part.text)), tuple(part.block for part in group)
        )
        for group in packed(parts, last=buttons)
    ]


def streamed_message(text: str) -> SlackMessage:
    """Render what there is of an answer while it is written; of a long one, as much as a message may hold."""
    beginning = shortened(shown(text), LARGEST_MESSAGE // 2, size=lambda part: block_size(text_part(part)))
    block = rich_text([section([text_part(beginning or "…")])])
    return SlackMessage(streamed_text(beginning or "…"), (block,))


def failure_message(sentence: str) -> SlackMessage:
    """Render a sentence of the bot's own, which stands where there is no answer."""
    return streamed_message(sentence)


def answer_text(message: Mapping[str, object]) -> str:
    """Return the answer's text that a message of `answer_messages` holds, as Slack gives it back; empty if none."""
    blocks = message.get("blocks")
    return "\n\n".join(
        "".join(_texts(block))
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, Mapping) and str(block.get("block_id", "")).startswith(f"{_ANSWER_BLOCK}.")
    )


def answer_part(message: Mapping[str, object]) -> AnswerPart | None:
    """Return what a message of a thread, as Slack gives it back, holds of an answer; nothing if it is none."""
    blocks = message.get("blocks")
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, Mapping) and (found := _IN_THREAD.fullmatch(str(block.get("block_id", "")))):
            return AnswerPart(found[1], found[2], answer_text(message))
    return None


def feedback_value(rating: str, answer_id: str) -> str:
    """Return what a button carries."""
    return f"{rating}:{answer_id}"


def read_feedback_value(value: str) -> tuple[str, str] | None:
    """Return the rating, `good` or `bad`, and the answer's id that a pressed button carries; nothing if it has none."""
    rating, _, answer_id = value.partition(":")
    return (rating, answer_id) if rating in (FEEDBACK_GOOD, FEEDBACK_BAD) and answer_id else None


def _text_parts(answer: Answer, name: str) -> Iterator[Part]:
    """The text in pieces, each in a message of its own."""

    def block(start: int, end: int, number: int = 0) -> Block:
        block_id = f"{_ANSWER_BLOCK}.{number}.{name}"[:_LONGEST_BLOCK_ID]
        return rich_text([section(_styled(answer, start, end))], block_id=block_id)

    spans = split_spans(
        answer.text,
        answer.language,
        fits=lambda start, end: end - start <= _LONGEST_TEXT and block_size(block(start, end)) <= _LARGEST_TEXT,
    )
    number = 0
    for number, (start, end) in enumerate(islice(spans, _MOST_TEXTS), start=1):
        yield Part(block(start, end, number), shown(answer.text[start:end]), is_first=True)
    if number == 0 or next(spans, None):  # there is nothing to show, or too much of it
        yield Part(rich_text([section([text_part("…")])]), "…")


def _styled(answer: Answer, start: int, end: int) -> list[Block]:
    """A stretch of the answer's text: the emphasis bold, what the documents do not support in italics with a sign."""
    doubtful = [(one.start, one.end) for one in answer.statements if not one.supported]
    ends = {place for _, place in doubtful}
    places = {place for span in (*doubtful, *answer.emphasis) for place in span}
    parts = []
    for first, last in pairwise(sorted({start, end, *(place for place in places if start < place < end)})):
        if text := shown(answer.text[first:last]):
            is_bold = any(span[0] <= first and last <= span[1] for span in answer.emphasis)
            is_doubtful = any(span[0] <= first and last <= span[1] for span in doubtful)
            parts.append(text_part(text, bold=is_bold, italic=is_doubtful))
        if last in ends:
            parts.append(text_part(f" {_DOUBT}"))
    return parts or [text_part("…")]


def _note_parts(answer: Answer) -> Iterator[Part]:
    sentences = [one_line(answer.notice), support_sentence(answer)]
    if any(not one.supported for one in answer.statements):
        sentences.append(f"{_DOUBT} {phrases(answer.language).unsupported}")
    if said := [shortened(sentence, _LONGEST_NOTE) for sentence in sentences if sentence]:
        yield Part(notes(said), "\n".join(said))


def _feedback_buttons(answer_id: str, messages: Messages, *, is_native: bool) -> Block:
    def button(rating: str, label: str) -> Block:
        return {"text": {"type": "plain_text", "text": label}, "value": feedback_value(rating, answer_id)}

    good, bad = button(FEEDBACK_GOOD, messages.good_answer), button(FEEDBACK_BAD, messages.bad_answer)
    if is_native:
        buttons = {"type": "feedback_buttons", "action_id": FEEDBACK_ACTION, "positive_button": good}
        return {"type": "context_actions", "elements": [{**buttons, "negative_button": bad}]}
    elements = [
        {"type": "button", "action_id": f"{FEEDBACK_ACTION}_{rating}", **one}
        for rating, one in ((FEEDBACK_GOOD, good), (FEEDBACK_BAD, bad))
    ]
    return {"type": "actions", "elements": elements}


def _texts(block: Mapping[str, object]) -> Iterator[str]:
    """The texts in a rich text block, without our own signs."""
    elements = block.get("elements")
    for element in elements if isinstance(elements, list) else []:
        if not isinstance(element, Mapping):
            continue
        if isinstance(text := element.get("text"), str):
            yield "" if text == f" {_DOUBT}" else text
        else:
            yield from _texts(element)
