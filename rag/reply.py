"""What a chat model replies: its readable text, and the ways in which a reply is none."""

import re

from index.sentences import sentence_spans
from rag.errors import (
    ChatModelError,
    ContextTooSmallError,
    CutAnswerError,
    EmptyAnswerError,
    MixedReasoningError,
)

# How models that reason aloud begin and end it: what comes between is no answer. `<|channel|>` is gpt-oss where its
# server does not take its marks apart, `analysis…assistantfinal` the same where a server dropped the marks alone.
_REASONING = {
    **{f"<{name}>": f"</{name}>" for name in ("think", "thinking", "thought", "reasoning", "reflection", "seed:think")},
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|channel|>analysis": "<|channel|>final<|message|>",
    "<|channel|>commentary": "<|channel|>final<|message|>",
    "analysis": "assistantfinal",
}
# What may stand before the answer and says nothing.
_EMPTY_OPENINGS = ("<|start|>assistant", "<|channel|>final<|message|>", "<|START_RESPONSE|>")
_OPENINGS = (*_REASONING, *_EMPTY_OPENINGS)
_OPENINGS_INSIDE = tuple(mark for mark in _REASONING if mark != "analysis")
_OPENED_INSIDE = re.compile("|".join(map(re.escape, sorted(_OPENINGS_INSIDE, key=len, reverse=True))))
# The word alone begins many an answer; written together with the next one it is a dropped mark.
_DROPPED_MARK = re.compile(r"analysis(?=[A-Z])")
# Templates of DeepSeek and its kin begin inside the reasoning, so that only its end is in the reply.
_REASONING_ENDED = "</think>"

# Characters, six pages: asked for are five sentences, but reasoning that nothing announced may come before them. Some
# models repeat themselves for ever, and Ollama lets them.
LONGEST_ANSWER = 20_000

_FAILED_FINISHES = {
    "content_filter": "was stopped by its server's content filter. Ask differently or use another model.",
    "error": "broke off with an error of its server. Look into the server's log.",
}
_TOO_LONG = (
    "stopped at its length limit before the answer was complete. "
    "Use a model with a larger context, or raise the server's limit on the length of answers."
)
_ENDLESS = f"does not come to an end: its answer was cut after {LONGEST_ANSWER} characters. Use another model."


class ReplyText:
    """Picks the readable text out of a streamed reply, and tells whether the reply came to its proper end.

    Reasoning is dropped, however it is cut over the messages.
    """

    def __init__(self, *, model: str, language: str = "und", begins_in_reasoning: bool = False) -> None:
        """Begin with nothing read.

        Args:
            model: Begins the sentences of errors, as `rag.chat_model.describe_chat_model` gives it.
            language: Of the answer, to find its sentences.
            begins_in_reasoning: Whether this model is known to send the end of its reasoning without the beginning.
        """
        self._model = model
        self._language = language
        self._pending = ""  # not yet known to be text or reasoning
        self._closing = _REASONING_ENDED if begins_in_reasoning else ""  # ends the reasoning under way
        self._announced = not begins_in_reasoning
        self._text = ""
        self._finish_reason = ""

    @property
    def begun(self) -> bool:
        """Whether any text was handed out."""
        return bool(self._text)

    def read(self, piece: str, *, finish_reason: str = "") -> str:
        """Take the next piece of the stream; return the text that became readable with it, often none.

        Raises:
            CutAnswerError: If the answer is longer than any should be.
        """
        self._finish_reason = finish_reason or self._finish_reason
        if len(self._text) > LONGEST_ANSWER:
            self._finish_reason = "length"
            raise CutAnswerError(f"{self._model} {_ENDLESS}", usable=self._usable(self._text))
        self._pending += piece
        return self._grown(self._certain())

    def close(self) -> str:
        """Return what was held back.

        Raises:
            ChatModelError: If the reply was cut off, stopped by a limit or filter, or holds no text; one of the kinds
                of this module where more is known.
        """
        is_reasoning = self._closing and (self._announced or self._finish_reason == "length")
        rest = self._grown("" if is_reasoning else self._pending)
        if not self._finish_reason:
            raise ChatModelError(f"{self._model} was cut off before its answer was complete. Ask again.")
        if self._finish_reason in _FAILED_FINISHES:
            raise ChatModelError(f"{self._model} {_FAILED_FINISHES[self._finish_reason]}")
        if _REASONING_ENDED in self._text:
            raise MixedReasoningError(
                f"{self._model} mixes its reasoning with its answer. "
                "Switch reasoning off, or start its server with a reasoning parser.",
                usable=self._usable(self._text.rpartition(_REASONING_ENDED)[2].strip()),
            )
        if self._finish_reason == "length":
            if not self._text.strip():
                raise ContextTooSmallError(f"{self._model} {_TOO_LONG}")
            raise CutAnswerError(f"{self._model} {_TOO_LONG}", usable=self._usable(self._text))
        if not self._text.strip():
            raise EmptyAnswerError(f"{self._model} answered nothing. Ask again or use another model.")
        return rest

    def _usable(self, text: str) -> str:
        """The text, without its last sentence if that was cut."""
        if self._finish_reason != "length":
            return text
        spans = sentence_spans(text, self._language)
        return text[: spans[-2][1]] if len(spans) > 1 else ""

    def _grown(self, text: str) -> str:
        self._text += text
        return text

    def _certain(self) -> str:
        """Take from what is pending what is certain to be text, and drop the reasoning in it."""
        text = ""
        while True:
            if self._closing:
                _, closing, rest = self._pending.partition(self._closing)
                if not closing:
                    # Of reasoning that was announced only a part of the mark that ends it may be needed again.
                    self._pending = self._pending[-len(self._closing) :] if self._announced else self._pending
                    return text
                self._pending, self._closing, self._announced = rest, "", True
            if not (self._text or text):
                self._pending = self._pending.lstrip()
                if opening := _opening(self._pending):
                    self._pending = self._pending[len(opening) :]
                    self._closing = _REASONING.get(opening, "")
                    continue
                if any(mark.startswith(self._pending) for mark in _OPENINGS):
                    return ""
            if opened := _OPENED_INSIDE.search(self._pending):
                text += self._pending[: opened.start()]
                self._pending, self._closing = self._pending[opened.end() :], _REASONING[opened[0]]
                continue
            safe = _mark_may_start(self._pending)
            text, self._pending = text + self._pending[:safe], self._pending[safe:]
            return text


def _opening(text: str) -> str:
    """What the text begins with that is no answer; nothing if it begins with one."""
    if _DROPPED_MARK.match(text):
        return "analysis"
    return next((mark for mark in _OPENINGS if mark != "analysis" and text.startswith(mark)), "")


def _mark_may_start(text: str) -> int:
    """Where the mark begins that the text may end in the middle of; else its length."""
    for start in range(max(0, len(text) - max(map(len, _OPENINGS_INSIDE))), len(text)):
        if any(mark.startswith(text[start:]) for mark in _OPENINGS_INSIDE):
            return start
    return len(text)
