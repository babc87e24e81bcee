"""Words that a log may not hold unless its owner wants them: of questions, of documents, of a model's reply."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """Such words as an argument of a log call: written as their number, or as they are where `ui.logs` is told to."""

    text: str

    def __str__(self) -> str:
        return f"<{len(self.text)} characters>"

    __repr__ = __str__


def described(error: BaseException) -> str:
    """Return the message of an error for the log: what its `content`, or that of its causes, holds is left out.

    Args:
        error: One whose message is ours apart from its `content`, such as a `FootnoteError`.
    """
    message = str(error)
    cause: BaseException | None = error
    while cause is not None:
        words = getattr(cause, "content", "")
        if isinstance(words, str) and words:
            message = message.replace(words, str(Content(words)))
        cause = cause.__cause__
    return message
