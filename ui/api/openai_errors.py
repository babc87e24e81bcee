"""What goes wrong with a chat completion, in OpenAI's shape."""

import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from index.errors import FilterError, FootnoteError
from index.log_content import described
from rag.answers import Failed
from rag.errors import QuestionError

log = logging.getLogger(__name__)

_UNEXPECTED = "The answer could not be given to its end. Ask again; the server's log says what happened."


class RequestRefusedError(Exception):
    """A request that cannot be met: in a sentence for who wrote it, and as OpenAI's fields."""

    def __init__(
        self, message: str, *, param: str | None, code: str = "invalid_value", status: int = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(message)
        self.param, self.code, self.status = param, code, status


class AnswerFailedError(Exception):
    """A question could not be answered. Its message is for the reader, in their language."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message)
        self.error = failed.error


FORESEEN = (HTTPException, RequestValidationError, RequestRefusedError, AnswerFailedError, FootnoteError)
"""What `error_response` has a response for."""


def error_response(error: Exception) -> Response:
    """Return the response of one of the errors in `FORESEEN`; any other is raised again."""
    if not isinstance(error, FORESEEN):
        raise error
    if isinstance(error, HTTPException) and error.status_code != HTTPStatus.BAD_REQUEST:
        raise error  # a body that is too large or too slow, which the app refuses
    status, details = _described(error)
    return JSONResponse({"error": details}, status_code=status, headers={"Cache-Control": "no-store"})


def error_in_stream(error: Exception) -> dict[str, Any]:
    """Return the last object of a stream that broke off; what happened goes into the log."""
    if isinstance(error, FORESEEN):
        return {"error": _described(error)[1]}
    log.error("An answer broke off.", exc_info=error)
    return {"error": _error(_UNEXPECTED, kind="server_error", code="failed")}


def _described(error: Exception) -> tuple[int, dict[str, Any]]:
    """The status of an error, and what is said of it."""
    match error:
        case RequestRefusedError():
            return error.status, _error(str(error), param=error.param, code=error.code)
        case HTTPException():  # of FastAPI, for bytes that are no text
            return error.status_code, _error("The body is not JSON.", code="invalid_json")
        case RequestValidationError():
            return HTTPStatus.BAD_REQUEST, _invalid(error.errors()[0])
        case QuestionError() | FilterError():
            param = "messages" if isinstance(error, QuestionError) else "footnote.filter"
            return HTTPStatus.BAD_REQUEST, _error(str(error), param=param, code="invalid_value")
        case AnswerFailedError():
            log.error("A question could not be answered: %s", described(error.error))
            return HTTPStatus.SERVICE_UNAVAILABLE, _error(str(error), kind="server_error", code="unavailable")
        case _:
            log.error("A request could not be served: %s", described(error))
            message = "The documents or a model cannot be used just now. Try again later; the server's log says why."
            return HTTPStatus.SERVICE_UNAVAILABLE, _error(message, kind="server_error", code="unavailable")


def _invalid(first: dict[str, Any]) -> dict[str, Any]:
    """What is wrong first with a body that has not the right shape, without its values, which may be a question."""
    if first["type"] == "json_invalid":
        return _error("The body is not JSON.", code="invalid_json")
    param = "".join(_path(first["loc"][1:])).lstrip(".")
    if not param:
        return _error(
            "The body is no JSON object. Send one with 'Content-Type: application/json'.", code="invalid_json"
        )
    return _error(f"{param}: {first['msg']}.", param=param, code="invalid_value")


def _path(location: Sequence[str | int]) -> Iterator[str]:
    """The place of a value as OpenAI writes it, `messages[0].content`."""
    for step in location:
        if isinstance(step, int):
            yield f"[{step}]"
        elif step.isidentifier() and step != "str":  # else a way to read the value, such as `list[ContentPart]`
            yield f".{step}"


def _error(message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str) -> dict[str, Any]:
    return {"message": message, "type": kind, "param": param, "code": code}
