"""What can go wrong in `rag/`. Each message says what happened, with which value, and what to do about it.

index.errors.FootnoteError    every error meant for a person
├── ChatModelError            the chat model was not reached, refused, was cut off or answered nothing
│   ├── ContextTooSmallError      its prompt did not fit, or left no room for an answer
│   ├── ConnectionLostError       its connection stood and broke
│   ├── EmptyAnswerError          its reply ended properly and holds no text
│   └── PartialAnswerError        a part of its reply can be used
│       ├── CutAnswerError            what was cut because of its length
│       └── MixedReasoningError       what began with reasoning that nothing announced
├── QuestionError             a question is empty or too long
├── RerankingError            a reranker could not be loaded, or gave no score for some text
├── EvaluationError           a question set cannot be read, or what measures it is not installed
└── PromptError               a template is missing, or its variables are not those that its step provides
"""

from index.errors import FootnoteError


class ChatModelError(FootnoteError):
    """The chat model could not be reached, refused, was cut off or answered nothing."""


class ContextTooSmallError(ChatModelError):
    """The prompt did not fit into the model's context, or left no room for an answer."""


class ConnectionLostError(ChatModelError):
    """The connection stood and broke: a new try may succeed."""


class EmptyAnswerError(ChatModelError):
    """The reply ended properly and holds no text. Some servers answer a prompt that is too long like this."""


class PartialAnswerError(ChatModelError):
    """What the model wrote is an answer only in part; `usable` is that part, and may be empty."""

    def __init__(self, message: str, *, usable: str) -> None:
        super().__init__(message)
        self.usable = usable


class CutAnswerError(PartialAnswerError):
    """The answer was cut because of its length; its whole sentences can be used."""


class MixedReasoningError(PartialAnswerError):
    """What was handed out began with reasoning that nothing announced; the answer after it can be used."""


class QuestionError(FootnoteError):
    """A question is empty or too long."""


class RerankingError(FootnoteError):
    """A reranker could not be loaded, did not answer, or gave no score for some text."""


class EvaluationError(FootnoteError):
    """A question set cannot be read or holds nothing to measure, or a library for it is not installed."""


class PromptError(FootnoteError):
    """A prompt template is missing, or its variables are not those that its step provides."""
