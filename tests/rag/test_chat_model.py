import pytest

from index.errors import SettingsError
from rag.chat_model import (
    chat_model_failures,
    create_chat_model,
    default_context_tokens,
    describe_chat_model,
    length_limit,
)
from rag.errors import ChatModelError
from rag.reply import ReplyText
from rag.settings import ChatModelSettings
from tests.openai_server import OpenAIServer, Reply

KEY = "sk-test-0123456789"


def settings_for(
    base_url: str,
    *,
    model: str = "test-model",
    api_key: str | None = KEY,
    timeout: float = 5,
    max_retries: int = 0,
    max_tokens: int | None = None,
    temperature: float | None = 0,
) -> ChatModelSettings:
    return ChatModelSettings(
        model=model,
        base_url=base_url,
        api_key=api_key,
        timeout=timeout,
        connect_timeout=2,
        max_retries=max_retries,
        max_tokens=max_tokens,
        temperature=temperature,
    )


def ask(settings: ChatModelSettings) -> str:
    """Let the model answer; failures arrive as the chain sees them."""
    chat_model = create_chat_model(settings)
    reply = ReplyText(model=describe_chat_model(chat_model))
    with chat_model_failures(chat_model):
        text = "".join(
            reply.read(message.text, finish_reason=message.response_metadata.get("finish_reason", ""))
            for message in chat_model.stream("hello")
        )
    return text + reply.close()


def failure_of(settings: ChatModelSettings) -> str:
    with pytest.raises(ChatModelError) as caught:
        ask(settings)
    message = str(caught.value)
    assert message.startswith("The chat model 'test-model' at http://")
    assert "\n" not in message
    assert KEY not in message
    return message


def test_request_holds_what_the_protocol_knows_and_nothing_else(openai_server: OpenAIServer) -> None:
    assert ask(settings_for(openai_server.base_url)) == "Echo: hello"
    (request,) = openai_server.requests
    assert request.path == "/v1/chat/completions"
    assert request.authorization == f"Bearer {KEY}"
    assert request.body == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "temperature": 0,
    }


def test_keyless_server_needs_no_key(openai_server: OpenAIServer) -> None:
    assert ask(settings_for(openai_server.base_url, api_key=None)) == "Echo: hello"
    assert openai_server.requests[0].authorization == "Bearer none"


def test_limit_goes_out_under_the_name_that_compatible_servers_know(openai_server: OpenAIServer) -> None:
    ask(settings_for(openai_server.base_url, max_tokens=300))
    assert openai_server.requests[0].body["max_tokens"] == 300
    assert "max_completion_tokens" not in openai_server.requests[0].body


def test_limit_goes_to_openai_under_its_new_name() -> None:
    chat_model = create_chat_model(settings_for("https://api.openai.com/v1", max_tokens=300))
    assert getattr(chat_model, "extra_body", None) == {"max_completion_tokens": 300}


def test_model_for_which_langchain_prefers_another_protocol_is_asked_in_this_one(openai_server: OpenAIServer) -> None:
    ask(settings_for(openai_server.base_url, model="some-codex"))
    assert openai_server.requests[0].path == "/v1/chat/completions"


def test_no_temperature_is_sent_if_none_is_wanted(openai_server: OpenAIServer) -> None:
    ask(settings_for(openai_server.base_url, temperature=None))
    assert "temperature" not in openai_server.requests[0].body


def test_environment_changes_nothing(openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("LC_OUTPUT_VERSION", "responses/v1")
    assert ask(settings_for(openai_server.base_url)) == "Echo: hello"
    assert openai_server.requests[0].authorization == f"Bearer {KEY}"


@pytest.mark.parametrize("statuses", [(429,), (500,), (503,), (429, 500)], ids=str)
def test_passing_failure_is_tried_again(statuses: tuple[int, ...], openai_server: OpenAIServer) -> None:
    openai_server.reply_with(*(Reply(status=status) for status in statuses), "At last.")
    assert ask(settings_for(openai_server.base_url, max_retries=2)) == "At last."
    assert len(openai_server.requests) == len(statuses) + 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_refusal_is_not_tried_again(status: int, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply(status=status))
    failure_of(settings_for(openai_server.base_url, max_retries=2))
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize(
    ("status", "parts"),
    [
        (400, ["refused the request (HTTP 400: no such option)", "FOOTNOTE_MODEL"]),
        (401, ["did not accept the key (HTTP 401)", "OPENAI_API_KEY"]),
        (403, ["is not open to this key (HTTP 403: no such option)", "OPENAI_API_KEY"]),
        (404, ["is not there (HTTP 404: no such option)", "FOOTNOTE_MODEL", "/v1"]),
        (409, ["refused the request (HTTP 409: no such option)"]),
        (422, ["refused the request (HTTP 422: no such option)"]),
        (429, ["too many requests (HTTP 429: no such option)", "quota"]),
        (500, ["failed (HTTP 500: no such option)", "log"]),
        (503, ["failed (HTTP 503: no such option)"]),
    ],
)
def test_status_is_explained(status: int, parts: list[str], openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("no such\noption", status=status))
    message = failure_of(settings_for(openai_server.base_url))
    assert openai_server.base_url in message
    for part in parts:
        assert part in message


def test_model_that_refuses_a_temperature_says_which_setting_sends_none(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Unsupported value: 'temperature' does not support 0 with this model.", status=400))
    assert failure_of(settings_for(openai_server.base_url)).endswith("Set FOOTNOTE_MODEL_TEMPERATURE=none.")


def test_server_that_repeats_the_key_does_not_get_it_into_the_message(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply(f"bad key {KEY}", status=403))
    assert "HTTP 403: bad key …)" in failure_of(settings_for(openai_server.base_url))


@pytest.mark.parametrize(
    "words",
    [
        "Your input exceeds the context window of this model.",
        "This model's maximum context length is 4096 tokens. However, you requested 5000.",
        "the request exceeds the available context size, try increasing it",
        "context_length_exceeded",
        "Requested tokens (2285) exceed context window of 2048",
        "Trying to keep the first 10136 tokens, but the model is loaded with context length of only 7866 tokens",
        "Context size has been exceeded.",
        "prompt is too long: 5000 tokens > 4096 maximum",
        "Please reduce the length of the messages or completion.",
        "The input token count exceeds the maximum number of tokens allowed (8192).",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 500, 200])
def test_context_that_is_too_small_is_named(status: int, words: str, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply(words, status=status, failure="error_only" if status == 200 else None))
    message = failure_of(settings_for(openai_server.base_url))
    assert "has too small a context" in message
    assert "FOOTNOTE_CONTEXT_TOKENS" in message


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_other_refusals_do_not_count_as_a_context_that_is_too_small(status: int, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Limit on the number of tokens per minute: 6000", status=status))
    assert f"HTTP {status}" in failure_of(settings_for(openai_server.base_url))


def test_first_event_without_choices_is_read_over_as_azure_sends_it(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Yes [1].", filter_results=True))
    assert ask(settings_for(openai_server.base_url)) == "Yes [1]."


@pytest.mark.parametrize(
    ("base_url", "name", "tokens"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens", 16_384),
        ("https://EU.api.openai.com/v1", "max_completion_tokens", 16_384),
        ("https://mine.openai.azure.com/openai/v1/", "max_completion_tokens", 16_384),
        ("https://mine.services.ai.azure.com/openai/v1/", "max_completion_tokens", 16_384),
        ("http://localhost:11434/v1", "max_tokens", 4096),
        ("https://openai.example.com/v1", "max_tokens", 4096),
        ("https://api.openai.com.example.com/v1", "max_tokens", 4096),
    ],
)
def test_limits_are_those_that_the_server_knows(base_url: str, name: str, tokens: int) -> None:
    assert length_limit(base_url, 100) == {name: 100}
    assert default_context_tokens(base_url) == tokens


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        (Reply("some longer answer", failure="cut"), "the connection broke (peer closed connection"),
        (Reply("some longer answer", failure="no_finish_reason"), "was cut off before its answer was complete"),
        (Reply("some longer answer", failure="error_event"), "broke off (the model ran out of memory)"),
        (Reply("some longer answer", failure="hang"), "fell silent before its answer was complete"),
        (Reply("some longer answer", failure="broken_json"), "something else than a streamed chat completion"),
        (Reply("some longer answer", failure="not_streamed"), "something else than a streamed chat completion"),
        (Reply(failure="html"), "something else than a streamed chat completion"),
        (Reply(failure="empty_body"), "something else than a streamed chat completion"),
        (Reply("some longer answer", finish_reason="length"), "stopped at its length limit"),
        (Reply("some longer answer", finish_reason="content_filter"), "stopped by its server's content filter"),
        (Reply(""), "answered nothing"),
        (Reply(" \n "), "answered nothing"),
        (Reply("<think>hm</think>"), "answered nothing"),
        (Reply("<think>hm"), "answered nothing"),
        (Reply("hm, let me see</think>Yes."), "mixes its reasoning with its answer"),
        (Reply("some longer answer", failure="broken_utf8"), "something else than a streamed chat completion"),
        (Reply("no slot left", failure="error_only"), "broke off (no slot left)"),
        (Reply(failure="reset"), "the connection broke (Server disconnected"),
    ],
    ids=lambda value: (value.failure or value.finish_reason + value.text[:9]) if isinstance(value, Reply) else "",
)
def test_answer_that_is_none_is_explained(reply: Reply, part: str, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(reply)
    assert part in failure_of(settings_for(openai_server.base_url, timeout=0.3))


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_content_of_another_shape_is_explained(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("x", failure="wrong_content"))
    message = failure_of(settings_for(openai_server.base_url))
    assert "something else than a streamed chat completion" in message
    assert "OPENAI_BASE_URL" in message


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1/v1", "http://nowhere.invalid/v1"], ids=["refused", "unknown"])
def test_unreachable_server_is_named(base_url: str) -> None:
    message = failure_of(settings_for(base_url))
    assert message.startswith(f"The chat model 'test-model' at {base_url} was not reached")
    assert "OPENAI_BASE_URL" in message


def test_password_in_the_address_is_not_shown() -> None:
    message = failure_of(settings_for("http://user:pass%20word@127.0.0.1:1/v1?key=hidden"))
    assert "at http://127.0.0.1:1/v1 was" in message


@pytest.mark.parametrize(
    "base_url", ["", "localhost:11434", "ftp://host/v1", "http://", "http://[::1/v1", "http://host:99999/v1"]
)
def test_address_that_cannot_work_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL"):
        create_chat_model(settings_for(base_url))


@pytest.mark.parametrize("key", ["sk-ключ", "sk-a\nb", "sk-…"], ids=["letters", "line break", "ellipsis"])
def test_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        create_chat_model(settings_for("http://127.0.0.1:1/v1", api_key=key))
    assert "sk-" not in str(caught.value)


def test_line_break_after_a_key_is_no_harm(openai_server: OpenAIServer) -> None:
    ask(settings_for(openai_server.base_url, api_key=f" {KEY}\n"))
    assert openai_server.requests[0].authorization == f"Bearer {KEY}"


def test_model_without_a_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_MODEL"):
        create_chat_model(ChatModelSettings(model=" ", base_url="http://127.0.0.1:1/v1"))


def test_key_is_not_part_of_the_settings_representation() -> None:
    assert KEY not in repr(settings_for("http://127.0.0.1:1/v1"))


@pytest.mark.parametrize("network_bytes", [1, 7, None], ids=["byte by byte", "seven bytes", "events"])
@pytest.mark.parametrize("piece", [1, 2, 5])
def test_text_survives_any_cut_of_stream_and_network(
    piece: int, network_bytes: int | None, openai_server: OpenAIServer
) -> None:
    text = "ラハティ [1]。שלום [2] नमस्ते 👩‍🔬 [12]."
    openai_server.reply_with(Reply(text, piece=piece, network_bytes=network_bytes))
    assert ask(settings_for(openai_server.base_url)) == text


def test_reasoning_content_is_not_part_of_the_answer(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Yes [1].", reasoning="The passages say [2]"))
    assert ask(settings_for(openai_server.base_url)) == "Yes [1]."
