"""What a chat completion asks for: the question, what came before it, which documents; or why it cannot be had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import PurePosixPath

from index.filters import DocumentFilter
from index.loading import is_url
from rag.answers import Turn
from rag.context import count_tokens
from ui.api.openai_errors import RequestRefusedError
from ui.api.openai_schemas import MODEL, ChatRequest, FootnoteOptions, Message
from ui.footnotes import without_footnotes

# A list to choose a model from is of no use beyond that.
_MOST_FOLDERS = 50


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is asked."""

    question: str
    history: tuple[Turn, ...]
    tokens: int
    """About how many the whole request has."""


def read_conversation(messages: Sequence[Message]) -> Conversation:
    """Return the question and the turns before it. Footnotes of answers, and what was not answered, are left out.

    Raises:
        RequestRefusedError: If the last message is not a user's text.
    """
    position = len(messages) - 1
    if messages[-1].role != "user":
        raise RequestRefusedError(
            f"The last message must be the user's question; it is of the role {messages[-1].role!r}.",
            param=f"messages[{position}].role",
        )
    content = messages[-1].content
    for part in content if isinstance(content, list) else ():
        if part.type != "text":
            raise RequestRefusedError(
                f"A question is text: there is nothing here that could read a part of the type {part.type!r}.",
                param=f"messages[{position}].content",
                code="unsupported_content",
            )
    history: list[Turn] = []
    asked = ""
    for message in messages[:-1]:
        if message.role == "user":
            asked = _text(message)
        elif message.role == "assistant" and asked and (answer := without_footnotes(_text(message)).strip()):
            history.append(Turn(asked, answer))
            asked = ""
    tokens = sum(count_tokens(_text(message)) for message in messages)
    return Conversation(_text(messages[-1]), tuple(history), tokens)


def check_wishes(request: ChatRequest) -> None:
    """Refuse what would give another answer than the one expected.

    Raises:
        RequestRefusedError: If more than one answer, a tool call, JSON or sound is asked for.
    """
    if request.n not in (None, 1):
        raise RequestRefusedError(f"There is one answer: 'n' can be nothing but 1, not {request.n}.", param="n")
    for param, choice in (("tool_choice", request.tool_choice), ("function_call", request.function_call)):
        if choice not in (None, "none", "auto"):
            raise RequestRefusedError(
                f"Tools are never called: answers come from the documents. Leave out {param!r}, or say 'auto'.",
                param=param,
                code="unsupported_value",
            )
    if request.response_format and request.response_format.type != "text":
        raise RequestRefusedError(
            f"Answers are text, not {request.response_format.type!r}. What is known about an answer is in 'footnote'.",
            param="response_format",
            code="unsupported_value",
        )
    if set(request.modalities or ()) - {"text"}:
        raise RequestRefusedError("Answers are text.", param="modalities", code="unsupported_value")


def folder_of(model: str) -> str:
    """Return the folder whose documents a model answers from, empty for all.

    Raises:
        RequestRefusedError: If no model can be called that.
    """
    name, slash, folder = model.partition("/")
    if name != MODEL or (slash and not folder.strip("/")):
        raise unknown_model(model)
    return folder.strip("/")


def read_filter(model: str, options: FootnoteOptions) -> DocumentFilter:
    """Return which documents a question is answered from: those of the model, of them those that were asked for.

    Raises:
        RequestRefusedError: If no model can be called that, or the filter names folders beside the model's.
        FilterError: If the filter names something that no document can be.
    """
    folder, within = folder_of(model), options.filter.to_filter()
    if not folder:
        return within
    if within.folders:
        raise RequestRefusedError(
            f"The model {model!r} is of one folder, so 'filter' cannot name others. Ask the model {MODEL!r}.",
            param="footnote.filter.folders",
        )
    return replace(within, folders=named_folders(folder))


def named_folders(folder: str) -> frozenset[str]:
    """Return what a model's folder may be called in sources: those outside of the home's surroundings are absolute."""
    return frozenset({folder, f"/{folder}"})


def unknown_model(model: str) -> RequestRefusedError:
    """Make the error that says that there is no such model."""
    return RequestRefusedError(
        f"There is no model {model[:200]!r}. {MODEL!r} answers from all documents; GET /v1/models lists all there are.",
        param="model",
        code="model_not_found",
        status=HTTPStatus.NOT_FOUND,
    )


def model_names(sources: Iterable[str]) -> list[str]:
    """Return the models to choose from: all documents, and the folders that they divide into.

    These are the folders below the one that all documents have in common. What lies in hidden folders, as uploads do,
    and pages of the web are in none.
    """
    folders = {PurePosixPath(source).parent for source in sources if not is_url(source)}
    parts = [folder.parts for folder in folders if not any(part.startswith(".") for part in folder.parts)]
    level = 0
    while parts and all(len(names) > level and names[level] == parts[0][level] for names in parts):
        level += 1
    below = sorted({"/".join(names[: level + 1]).lstrip("/") for names in parts if len(names) > level} - {""})
    return [MODEL, *(f"{MODEL}/{folder}" for folder in below[:_MOST_FOLDERS] if len(below) > 1)]


def _text(message: Message) -> str:
    """The text of a message; in its parts, what is none is left out."""
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.type == "text" and part.text)
    return message.content or ""
