"""What can go wrong in `rag/`. Each message says what happened, with which value, and what to do about it.

index.errors.FootnoteError    every error meant for a person
├── ChatModelError            the chat model was not reached, refused, was cut off or answered nothing
├── QuestionError             a question is empty or too long
├── RerankingError            a reranker could not be loaded, or gave no score for some text
├── EvaluationError           a question set cannot be read, or what measures it is not installed
└── PromptError               a template is missing, or its variables are not those that its step provides
"""

from index.errors import FootnoteError


class ChatModelError(FootnoteError):
    """The chat model could not be reached, refused, was cut off or answered nothing."""


class QuestionError(FootnoteError):
    """A question is empty or too long."""


class RerankingError(FootnoteError):
    """A reranker could not be loaded, did not answer, or gave no score for some text."""


class EvaluationError(FootnoteError):
    """A question set cannot be read or holds nothing to measure, or a library for it is not installed."""


class PromptError(FootnoteError):
    """A prompt template is missing, or its variables are not those that its step provides."""
