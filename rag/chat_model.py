"""The chat model behind any server that speaks the OpenAI protocol: its client and its failures."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.errors import SettingsError
from rag.errors import ChatModelError, ConnectionLostError, ContextTooSmallError
from rag.settings import CONTEXT_TOKENS, ChatModelSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

# ChatOpenAI insists on a key; servers without keys ignore this one.
_NO_KEY = "none"

# OpenAI's own servers and Azure's: the only ones known to refuse the older name of the limit, which all others know.
_OPENAI_HOSTS = (".api.openai.com", ".openai.azure.com", ".services.ai.azure.com")

# Their models hold 128,000 tokens and more; no prompt of ours needs more than this.
_OPENAI_CONTEXT = 16_384

# Characters of a server's own words that are worth a line.
_MAX_DETAIL = 200

# How OpenAI, vLLM, llama.cpp, LM Studio and others refuse a prompt that is too long, with status 400, 413 or 500, or
# inside the stream; the client recognises only some of them.
_CONTEXT_OVERFLOW = re.compile(
    r"context[ _](length|size|window)|prompt is too long|number of (input )?tokens|reduce the length", re.IGNORECASE
)

# openai puts the status before a server's words.
_STATUS_BEFORE_DETAIL = re.compile(r"^Error code: \d+ - ")

_TOO_SMALL = (
    "has too small a context for the passages. Use a model or a server setting with a larger context, "
    "and set FOOTNOTE_CONTEXT_TOKENS to its size."
)

_USER_INFO = re.compile(r"(^|//)[^/]*@")


def create_chat_model(settings: ChatModelSettings) -> "BaseChatModel":
    """Prepare a client; nothing is sent yet.

    Raises:
        SettingsError: If the address, the model's name or the key cannot work.
    """
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    _check(settings)
    return ChatOpenAI(
        model=settings.model,
        base_url=settings.base_url.strip(),
        api_key=SecretStr((settings.api_key or "").strip() or _NO_KEY),
        temperature=settings.temperature,
        timeout=(settings.connect_timeout, settings.timeout, settings.timeout, settings.timeout),
        stream_chunk_timeout=settings.timeout,
        max_retries=settings.max_retries,
        extra_body=None if settings.max_tokens is None else length_limit(settings.base_url, settings.max_tokens),
        stream_usage=False,  # older servers refuse the option, and nobody reads the numbers
        use_responses_api=False,  # the protocol that all servers speak
    )


def length_limit(base_url: str | None, tokens: int) -> dict[str, int]:
    """Return what a request says to limit the length of the answer, in the words of the server at this address."""
    # ChatOpenAI's own parameter arrives as `max_completion_tokens`, which many compatible servers ignore.
    return {"max_completion_tokens" if _is_openai(base_url) else "max_tokens": tokens}


def default_context_tokens(base_url: str | None) -> int:
    """Return how many tokens prompt and answer may have together with a server of which nothing else is known."""
    return _OPENAI_CONTEXT if _is_openai(base_url) else CONTEXT_TOKENS


@contextmanager
def chat_model_failures(chat_model: "BaseChatModel") -> Iterator[None]:
    """Turn whatever goes wrong while a chat model answers into a `ChatModelError`.

    Only calls of the model belong inside. A server that answers nonsense makes the client stumble over it, so that
    errors of the built-in kinds count as the server's.
    """
    from langchain_core.exceptions import ModelError
    from openai import OpenAIError

    try:
        yield
    except (ModelError, OpenAIError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise chat_model_error(error, chat_model=chat_model) from error


def chat_model_error(error: Exception, *, chat_model: "BaseChatModel") -> ChatModelError:
    """Say in one line what happened, at which address, and what to do about it; never the key."""
    from pydantic import SecretStr

    kind = _kind(error)
    message = f"{describe_chat_model(chat_model)} {_TOO_SMALL if kind is ContextTooSmallError else _reason(error)}"
    key = getattr(chat_model, "openai_api_key", None)
    words = _words_of_server(error)
    if isinstance(key, SecretStr) and key.get_secret_value() != _NO_KEY:
        message, words = (text.replace(key.get_secret_value(), "…") for text in (message, words))
    failure = kind(message)
    failure.content = words
    return failure


def chat_model_name(chat_model: "BaseChatModel") -> str:
    """Return the name its server knows a chat model by, or that of its class if it has none."""
    return str(getattr(chat_model, "model_name", None) or type(chat_model).__name__)


def describe_chat_model(chat_model: "BaseChatModel") -> str:
    """Name a chat model and its address as the beginning of a sentence, without a password in the address."""
    name = chat_model_name(chat_model)
    base_url = getattr(chat_model, "openai_api_base", None)
    return f"The chat model {name!r} at {_without_password(base_url)}" if base_url else f"The chat model {name!r}"


def _check(settings: ChatModelSettings) -> None:
    if not settings.model.strip():
        raise SettingsError("No chat model is named. Set FOOTNOTE_MODEL to a name that the server knows.")
    try:
        address = urlsplit(settings.base_url.strip())
        usable = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"{_without_password(settings.base_url)!r} is no address of a chat model. "
            "Set OPENAI_BASE_URL to something like http://localhost:11434/v1."
        )
    key = (settings.api_key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise SettingsError("The key holds characters that no key holds. Copy OPENAI_API_KEY again.")


def _is_openai(base_url: str | None) -> bool:
    return f".{urlsplit(base_url or '').hostname}".endswith(_OPENAI_HOSTS)


def _kind(error: Exception) -> type[ChatModelError]:
    """What a new try can do about an error."""
    import openai
    from langchain_core.exceptions import ContextOverflowError

    other = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError, openai.RateLimitError)
    if isinstance(error, ContextOverflowError) or (
        isinstance(error, openai.APIError) and not isinstance(error, other) and _CONTEXT_OVERFLOW.search(_detail(error))
    ):
        return ContextTooSmallError
    if isinstance(error, openai.APIConnectionError | ConnectionError) and not isinstance(error, openai.APITimeoutError):
        never_stood = _names_of_causes(error) & {"ConnectError", "ConnectTimeout"}
        return ChatModelError if never_stood else ConnectionLostError
    return ChatModelError


def _reason(error: Exception) -> str:  # noqa: PLR0911 - one sentence for each kind of failure
    import openai

    detail = _detail(error)
    if isinstance(error, openai.AuthenticationError):
        return "did not accept the key (HTTP 401). Check OPENAI_API_KEY."
    if isinstance(error, openai.PermissionDeniedError):
        return f"is not open to this key (HTTP 403: {detail}). Check OPENAI_API_KEY and FOOTNOTE_MODEL."
    if isinstance(error, openai.NotFoundError):
        return f"is not there (HTTP 404: {detail}). Check FOOTNOTE_MODEL and OPENAI_BASE_URL, which often ends in /v1."
    if isinstance(error, openai.RateLimitError):
        return f"has had too many requests (HTTP 429: {detail}). Wait a little, or check the account's quota."
    if isinstance(error, openai.InternalServerError):
        return f"failed (HTTP {error.status_code}: {detail}). Ask again later, or look into the server's log."
    if isinstance(error, openai.BadRequestError) and "temperature" in detail:
        return f"refused the request (HTTP 400: {detail}). Set FOOTNOTE_MODEL_TEMPERATURE=none."
    if isinstance(error, openai.APIStatusError):
        return (
            f"refused the request (HTTP {error.status_code}: {detail}). Check FOOTNOTE_MODEL and the server's settings."
        )
    if isinstance(error, TimeoutError | openai.APITimeoutError) and "ConnectTimeout" not in _names_of_causes(error):
        return "fell silent before its answer was complete. Ask again, or look into the server's log."
    if isinstance(error, openai.APIConnectionError | OSError):
        return f"was not reached, or the connection broke ({detail}). Check OPENAI_BASE_URL and that the server runs."
    if isinstance(error, openai.APIError):
        return f"broke off ({detail}). Ask again, or look into the server's log."
    return (
        f"answered with something else than a streamed chat completion ({detail}). "
        "Check OPENAI_BASE_URL: it must speak the OpenAI protocol and often ends in /v1."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _names_of_causes(error: BaseException) -> set[str]:
    return {type(cause).__name__ for cause in _causes(error)}


def _detail(error: Exception) -> str:
    """Return the words of the innermost cause, on one line."""
    *_, innermost = _causes(error)
    words = str(getattr(innermost, "message", "") or innermost) or type(innermost).__name__
    words = _STATUS_BEFORE_DETAIL.sub("", " ".join(words.split()))
    return words if len(words) <= _MAX_DETAIL else words[:_MAX_DETAIL] + "…"


def _words_of_server(error: Exception) -> str:
    """Return what of a failure may repeat the question or the documents."""
    import openai

    # How a connection ended, and refusals that are about the model's name and the account.
    plain = (openai.APIConnectionError, openai.NotFoundError, openai.RateLimitError, OSError)
    return "" if isinstance(error, plain) else _detail(error)


def _without_password(url: str) -> str:
    return _USER_INFO.sub(r"\1", url.split("?", maxsplit=1)[0])
