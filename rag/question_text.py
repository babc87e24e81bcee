"""What a question is made of before anything is done with it."""

from rag.errors import QuestionError


def whole(text: str) -> str:
    """Return a text without half characters, which come from broken JSON and terminals and cannot be sent anywhere."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_question(question: str, *, longest: int) -> str:
    """Return a question without surrounding space and half characters.

    Raises:
        QuestionError: If it is empty, or has more than `longest` characters.
    """
    cleaned = whole(question).strip()
    if not cleaned:
        raise QuestionError("The question is empty. Type a question in any language.")
    if len(cleaned) > longest:
        raise QuestionError(f"The question has {len(cleaned)} characters; ask it in at most {longest}.")
    return cleaned
