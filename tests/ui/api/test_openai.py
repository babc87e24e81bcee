"""The documents as a chat model: OpenAI's own client, LangChain's and curl against a running server."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import SecretStr, ValidationError
from starlette.testclient import TestClient
from starlette.types import Message

from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.filters import DocumentFilter
from rag.answers import Answer, Event, Failed, Token, Turn
from rag.errors import ChatModelError, QuestionError
from rag.explanation import Explanation
from rag.prompts import phrases
from tests.fakes import ScriptedAssistant, make_citation, make_passage
from tests.ui.api.served_app import WaitingAssistant, app_over, served
from ui.api.event_stream import LineStream
from ui.api.openai_requests import Conversation, model_names, read_conversation
from ui.api.openai_schemas import ChatRequest
from ui.api.openai_schemas import Message as RequestMessage
from ui.api.openai_stream import DONE, data_line
from ui.build import build_ingest, open_assistant
from ui.footnotes import footnotes
from ui.keys import KeyStore, Scope
from ui.schemas import answer_from_dict
from ui.settings import Settings

ClientOf = Callable[..., TestClient]
CHAT = "/v1/chat/completions"

FOUNDED = "Milloin Helsinki perustettiin?"
FI = "Montako asukasta Lahdessa on?"
JA = "大阪はどこにありますか？"
AR = "ما هي عاصمة مصر؟"
UNKNOWN = "Who won?"
FAILING = "Wer hat das gefragt?"
BREAKING = "Qui a cassé ça ?"


def answer(question: str, language: str, text: str, *quotes: tuple[str, str]) -> Answer:
    """An answer whose marks stand for these titles and quotes."""
    passages = tuple(
        make_passage(
            f"{quote} And more.", number=number, title=title, document=f"{title.lower()}/ä&b.md", language="de"
        )
        for number, (title, quote) in enumerate(quotes, start=1)
    )
    citations = tuple(
        make_citation(quote, passage=passage, number=passage.number)
        for passage, (_, quote) in zip(passages, quotes, strict=True)
    )
    return Answer(question, language, text, answered=bool(quotes), citations=citations, passages=passages)


ANSWERS: dict[str, Answer | Failed | Exception] = {
    FI: answer(FI, "fi", "Lahdessa asuu 121 000 ihmistä. [1]\n\nNiin. [2][1]", ("Lahti", "Eins."), ("Häme", "Zwei.")),
    JA: answer(
        JA, "ja", "大阪は日本の<b>西部</b>にあります。[1]\u2028以上。", ("大阪", "[x](http://evil.example) 三。")
    ),
    AR: answer(AR, "ar", "القاهرة.[1]", ("مصر", "القاهرة هي العاصمة.")),
    UNKNOWN: answer(UNKNOWN, "en", phrases("en").not_found),
    FAILING: Failed(phrases("de").failed, ChatModelError("The model is gone.")),
    BREAKING: RuntimeError("a bug"),
}
TEXT = {question: prepared.text for question, prepared in ANSWERS.items() if isinstance(prepared, Answer)}
FI_LIST = "\n\n[1] Lahti: “Eins.”  \n[2] Häme: “Zwei.”"


@pytest.fixture(scope="module")
def scripted() -> ScriptedAssistant:
    return ScriptedAssistant(ANSWERS, sources=("news/a.md", "notes/b.md", "https://example.org/c"))


@pytest.fixture(scope="module")
def running(scripted: ScriptedAssistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(app_over(scripted, home=tmp_path_factory.mktemp("home"))) as address:
        yield address


@pytest.fixture
def assistant(scripted: ScriptedAssistant) -> ScriptedAssistant:
    """The assistant behind the running server, nothing asked yet."""
    for asked in (scripted.asked, scripted.filters, scripted.interfaces):
        asked.clear()
    return scripted


@pytest.fixture
def client(running: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running}/v1", api_key="none", max_retries=0) as client:
        yield client


def said(*messages: str) -> list[ChatCompletionMessageParam]:
    """A conversation that a user begins."""
    return [
        {"role": "assistant", "content": text} if number % 2 else {"role": "user", "content": text}
        for number, text in enumerate(messages)
    ]


def body(question: str = FI, **fields: Any) -> dict[str, Any]:
    return {"model": "footnote", "messages": [{"role": "user", "content": question}], **fields}


# -- OpenAI's client ---------------------------------------------------------------------------------------------------


def test_the_official_client_gets_an_answer_with_its_footnotes_in_three_ways(
    client: openai.OpenAI, running: str
) -> None:
    completion = client.chat.completions.create(model="footnote", messages=said(FI))
    (choice,) = completion.choices
    assert (completion.object, completion.model, choice.finish_reason) == ("chat.completion", "footnote", "stop")
    content = choice.message.content
    assert content == TEXT[FI] + FI_LIST
    annotations = [annotation.url_citation for annotation in choice.message.annotations or []]
    assert [(content[one.start_index : one.end_index], one.title, one.url) for one in annotations] == [
        ("[1]", "Lahti", f"{running}/?document=lahti%2F%C3%A4%26b.md&start=100&end=105"),
        ("[2]", "Häme", f"{running}/?document=h%C3%A4me%2F%C3%A4%26b.md&start=100&end=105"),
        ("[1]", "Lahti", f"{running}/?document=lahti%2F%C3%A4%26b.md&start=100&end=105"),
    ]
    footnote = (completion.model_extra or {})["footnote"]
    assert footnote["citations"][0]["url"] == annotations[0].url
    rebuilt, prepared = answer_from_dict(footnote), ANSWERS[FI]
    assert isinstance(prepared, Answer)
    assert (rebuilt.text, rebuilt.citations) == (prepared.text, prepared.citations)
    assert completion.id == f"chatcmpl-{footnote['id'].replace('-', '')}"


def test_the_official_client_gets_the_same_in_a_stream(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="footnote", messages=said(JA))
    chunks = list(client.chat.completions.create(model="footnote", messages=said(JA), stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert content == whole.choices[0].message.content
    assert content == ("大阪は日本の\\<b>西部\\</b>にあります。[1]\u2028以上。\n\n[1] 大阪: “x 三。”")
    annotated = {
        chunk.choices[0].delta.content: chunk.choices[0].delta.model_extra["annotations"]
        for chunk in chunks
        if chunk.choices[0].delta.model_extra
    }
    (annotation,) = [one for found in annotated.values() for one in found]
    assert annotation == (whole.choices[0].message.annotations or [])[0].to_dict()
    assert content[annotation["url_citation"]["start_index"] : annotation["url_citation"]["end_index"]] == "[1]"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [*[None] * (len(chunks) - 1), "stop"]
    assert (chunks[-1].model_extra or {})["footnote"]["answer"] == TEXT[JA]
    assert all(chunk.usage is None for chunk in chunks)


def test_the_official_async_client_gets_both(running: str) -> None:
    async def ask() -> tuple[str | None, str]:
        async with openai.AsyncOpenAI(base_url=f"{running}/v1", api_key="none", max_retries=0) as client:
            whole = await client.chat.completions.create(model="footnote", messages=said(AR))
            stream = await client.chat.completions.create(model="footnote", messages=said(AR), stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return whole.choices[0].message.content, "".join(pieces)

    assert asyncio.run(ask()) == (f"{TEXT[AR]}\n\n[1] مصر: “القاهرة هي العاصمة.”",) * 2


def test_usage_is_an_estimate_of_what_was_exchanged(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="footnote", messages=said("abcd" * 10, "efgh", UNKNOWN))
    assert whole.usage is not None
    # 0.36 tokens for each ASCII character, each message rounded up
    assert whole.usage.prompt_tokens == 15 + 2 + 3
    assert whole.usage.completion_tokens == -(-36 * len(TEXT[UNKNOWN]) // 100)
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    *chunks, last = client.chat.completions.create(
        model="footnote",
        messages=said("abcd" * 10, "efgh", UNKNOWN),
        stream=True,
        stream_options={"include_usage": True},
    )
    assert (last.choices, last.usage) == ([], whole.usage)
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


def test_not_in_the_documents_is_an_answer(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="footnote", messages=said(UNKNOWN))
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].message.content == TEXT[UNKNOWN]
    assert completion.choices[0].message.annotations == []
    assert (completion.model_extra or {})["footnote"]["answered"] is False


def test_the_extra_field_of_the_request_says_what_openai_has_no_words_for(
    client: openai.OpenAI, assistant: ScriptedAssistant
) -> None:
    wishes = {
        "footnotes": False,
        "markdown": False,
        "explain": True,
        "interface": "fi",
        "filter": {"languages": ["de"], "since": "2018"},
    }
    completion = client.chat.completions.create(model="footnote", messages=said(JA), extra_body={"footnote": wishes})
    assert completion.choices[0].message.content == TEXT[JA]
    assert assistant.filters == [DocumentFilter(languages=frozenset({"de"}), since="2018")]
    assert assistant.interfaces == ["fi"]


def test_an_explanation_is_given_if_asked_for(client_of: ClientOf) -> None:
    explained = Explanation(FI, "", 0.0, (), {"dense": 0.1})
    prepared = ANSWERS[FI]
    assert isinstance(prepared, Answer)
    client = client_of(ScriptedAssistant({FI: Answer(FI, "fi", "Ei.", answered=False, explanation=explained)}))
    assert "explanation" not in client.post(CHAT, json=body()).json()["footnote"]
    asked = client.post(CHAT, json=body(footnote={"explain": True})).json()["footnote"]
    assert asked["explanation"]["seconds"] == {"dense": 0.1}


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    models = client.models.list().data
    assert [model.id for model in models] == ["footnote", "footnote/news", "footnote/notes"]
    assert {(model.object, model.owned_by) for model in models} == {("model", "footnote")}
    assert client.models.retrieve("footnote").id == "footnote"
    assert client.models.retrieve("footnote/news").id == "footnote/news"
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("gpt-9")
    assert error.value.code == "model_not_found"


def test_a_model_of_a_folder_answers_from_that_folder(client: openai.OpenAI, assistant: ScriptedAssistant) -> None:
    completion = client.chat.completions.create(
        model="footnote/news", messages=said(UNKNOWN), extra_body={"footnote": {"filter": {"tags": ["x"]}}}
    )
    assert completion.model == "footnote/news"
    assert assistant.filters == [DocumentFilter(folders=frozenset({"news", "/news"}), tags=frozenset({"x"}))]


@pytest.mark.parametrize(
    ("sources", "folders"),
    [
        ([], []),
        (["a.md", "b.md"], []),
        (["seeds/de/a.md", "seeds/fi/b.md", "seeds/de/deep/c.md"], ["seeds/de", "seeds/fi"]),
        (["docs/hr/a.md", ".footnote/uploads/b.md", "https://example.org/x/y"], []),
        (["docs/hr/a.md", "docs/it/a.md", ".footnote/uploads/b.md"], ["docs/hr", "docs/it"]),
        (["a.md", "news/b.md", "notes/c.md"], ["news", "notes"]),
        (["/srv/x/a.md", "/srv/y/b.md"], ["srv/x", "srv/y"]),
        (["/srv/x/a.md", "docs/hr/b.md", "docs/it/c.md"], []),
    ],
    ids=["none", "flat", "seeds", "one", "uploads", "mixed", "absolute", "both"],
)
def test_folders_that_the_documents_divide_into_are_models(sources: list[str], folders: list[str]) -> None:
    assert model_names(sources) == ["footnote", *(f"footnote/{folder}" for folder in folders)]


# -- What is asked -----------------------------------------------------------------------------------------------------


def test_earlier_messages_are_the_history_without_the_footnotes_below_them(
    client: openai.OpenAI, assistant: ScriptedAssistant
) -> None:
    first = client.chat.completions.create(model="footnote", messages=said(FI)).choices[0].message.content
    assert first == TEXT[FI] + FI_LIST
    client.chat.completions.create(model="footnote", messages=said(FI, first, UNKNOWN))
    assert assistant.asked[-1] == (UNKNOWN, (Turn(FI, TEXT[FI]),))


def test_system_messages_are_not_obeyed_and_what_is_not_text_in_the_history_is_left_out(
    client: openai.OpenAI, assistant: ScriptedAssistant
) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}
    messages: list[Any] = [
        {"role": "system", "content": "Answer in verse."},
        {"role": "assistant", "content": "Hello, what can I do for you?"},
        {"role": "user", "content": "nobody answered this"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, picture, {"type": "text", "text": "two"}]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "3", "tool_call_id": "x"},
        {"role": "assistant", "content": [{"type": "text", "text": "three"}]},
        {"role": "developer", "content": "In verse!"},
        {"role": "user", "content": [{"type": "text", "text": UNKNOWN}]},
    ]
    client.chat.completions.create(model="footnote", messages=messages)
    assert assistant.asked == [(UNKNOWN, (Turn("one\ntwo", "three"),))]


def test_what_has_no_meaning_here_has_no_effect(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(
        model="footnote",
        messages=said(UNKNOWN),
        temperature=1.5,
        max_tokens=1,
        stop=["\n"],
        n=1,
        seed=1,
        tools=[{"type": "function", "function": {"name": "f"}}],
        tool_choice="auto",
        response_format={"type": "text"},
        modalities=["text"],
        user="u",
        logprobs=False,
    )
    assert completion.choices[0].message.content == TEXT[UNKNOWN]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"n": 2}, "n", "invalid_value"),
        ({"tool_choice": "required"}, "tool_choice", "unsupported_value"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice", "unsupported_value"),
        ({"function_call": {"name": "f"}}, "function_call", "unsupported_value"),
        ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_value"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "user", "content": [5]}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "user", "content": "x"}] * 1001}, "messages", "invalid_value"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 1001}]},
            "messages[0].content",
            "invalid_value",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
            "messages[0].content",
            "unsupported_content",
        ),
        ({"model": None}, "model", "invalid_value"),
        ({"footnote": {"filter": {"folder": "x"}}}, "footnote.filter.folder", "invalid_value"),
        ({"footnote": {"filter": {"since": "soon"}}}, "footnote.filter", "invalid_value"),
        ({"footnote": {f"field{n}": 1 for n in range(51)}}, "footnote", "invalid_value"),
        (
            {"model": "footnote/news", "footnote": {"filter": {"folders": ["notes"]}}},
            "footnote.filter.folders",
            "invalid_value",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_refused_in_openais_shape(
    client_of: ClientOf, fields: dict[str, Any], param: str, code: str
) -> None:
    response = client_of(ScriptedAssistant({})).post(CHAT, json=body() | fields)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert error["message"].endswith(".")


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{}] * 500},
        {"messages": [{"role": "user", "content": [{}] * 500}]},
        {"messages": [{"role": "user", "content": [{}] * 500}] * 500},
        {"modalities": [1] * 500},
    ],
    ids=["messages", "parts", "both", "modalities"],
)
def test_a_request_is_refused_at_its_first_mistake(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        ChatRequest.model_validate(body() | fields)
    assert refused.value.error_count() <= 2  # of `content` one for each way to read it


def test_the_longest_conversation_is_read_beside_the_event_loop(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(messages: Sequence[RequestMessage]) -> Conversation:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return read_conversation(messages)

    monkeypatch.setattr("ui.api.openai.read_conversation", read)
    assistant = ScriptedAssistant(ANSWERS)
    messages = [*said(*["x"] * 998), {"role": "system", "content": [{"type": "text", "text": "x"}] * 1000}, *said(FI)]
    assert client_of(assistant).post(CHAT, json=body() | {"messages": messages}).status_code == 200
    assert assistant.asked == [(FI, (Turn("x", "x"),) * 499)]


@pytest.mark.parametrize("model", ["gpt-9", "footnotes", "footnote/", "footnote//", ""])
def test_a_model_that_is_not_there_is_not_found(client_of: ClientOf, model: str) -> None:
    response = client_of(ScriptedAssistant({})).post(CHAT, json=body(model=model))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"\xff", b'"x"'])
def test_a_body_that_is_no_request_is_refused(client_of: ClientOf, sent: bytes) -> None:
    client = client_of(ScriptedAssistant({}))
    response = client.post(CHAT, content=sent, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_question_that_is_none_is_refused(client_of: ClientOf, stream: bool) -> None:
    class Refusing(ScriptedAssistant):
        def stream(self, question: str, **_: object) -> Iterator[Event]:
            if not question.strip():
                raise QuestionError("The question is empty.")
            yield Token(question)

    response = client_of(Refusing({})).post(CHAT, json=body(" ", stream=stream))
    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": "The question is empty.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "invalid_value",
    }


# -- What goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_failure_before_anything_was_sent_is_an_error_in_the_readers_language(
    client: openai.OpenAI, stream: bool
) -> None:
    with pytest.raises(openai.InternalServerError) as error:
        client.chat.completions.create(model="footnote", messages=said(FAILING), stream=stream)
    assert error.value.status_code == 503
    assert (error.value.type, error.value.code) == ("server_error", "unavailable")
    assert phrases("de").failed in error.value.message


def test_a_failure_in_a_stream_is_raised_by_the_official_client(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="footnote", messages=said(BREAKING), stream=True)
    with pytest.raises(openai.APIError) as error:
        list(stream)
    assert (error.value.type, error.value.code) == ("server_error", "failed")
    assert "bug" not in str(error.value.body)


def test_a_bug_is_an_error_in_openais_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as error:
        client.chat.completions.create(model="footnote", messages=said(BREAKING))
    assert (error.value.status_code, error.value.type) == (500, "server_error")
    assert "bug" not in error.value.message


def test_an_index_that_cannot_be_used_is_an_error_in_openais_shape(client_of: ClientOf) -> None:
    class Broken(ScriptedAssistant):
        def documents(self) -> Any:
            raise StoreError("The catalog is gone from /secret.")

    response = client_of(Broken({})).get("/v1/models")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
    assert "secret" not in response.text


def test_no_question_is_logged(client_of: ClientOf, caplog: pytest.LogCaptureFixture) -> None:
    client_of(ScriptedAssistant(ANSWERS)).post(CHAT, json=body(FAILING))
    assert "The model is gone." in caplog.text
    assert FAILING not in caplog.text


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_client_that_goes_away_ends_the_work(tmp_path: Path, stream: bool) -> None:
    waiting = WaitingAssistant()

    async def leave(address: str) -> None:
        async with httpx.AsyncClient() as client:
            asking = asyncio.create_task(client.post(f"{address}{CHAT}", json=body(stream=stream)))
            assert await asyncio.to_thread(waiting.begun.wait, 10)
            assert not waiting.closed.is_set()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    with served(app_over(waiting, home=tmp_path)) as address:
        asyncio.run(leave(address))
        assert waiting.closed.wait(10)


def test_a_silent_stream_shows_signs_of_life() -> None:
    async def follow() -> list[bytes]:
        sent: list[bytes] = []
        enough = asyncio.Event()

        async def lines() -> Any:
            yield data_line({"first": True})
            await enough.wait()
            yield DONE

        async def receive() -> Message:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))
            if sent.count(b": waiting\n\n") == 2:
                enough.set()

        def refused(error: Exception) -> Any:
            raise error

        await LineStream(lines(), refused=refused, silence=0.02)({"type": "http"}, receive, send)
        return sent

    sent = asyncio.run(follow())
    assert sent[:2] == [b"", b'data: {"first":true}\n\n']
    assert set(sent[2:-2]) == {b": waiting\n\n"}
    assert sent[-2:] == [DONE, b""]


# -- Other clients -----------------------------------------------------------------------------------------------------


def test_langchains_chat_model_asks_and_streams(running: str, assistant: ScriptedAssistant) -> None:
    model = ChatOpenAI(model="footnote", base_url=f"{running}/v1", api_key=SecretStr("none"), max_retries=0)
    asked = [SystemMessage("Be brief."), HumanMessage(FI), AIMessage(TEXT[FI] + FI_LIST), HumanMessage(JA)]
    whole = model.invoke(asked)
    pieces = list(model.stream(asked))
    assert whole.content == "".join(str(piece.content) for piece in pieces)
    assert str(whole.content).startswith("大阪は日本の")
    assert assistant.asked == [(JA, (Turn(FI, TEXT[FI]),))] * 2
    assert whole.response_metadata["finish_reason"] == "stop"


def test_curl_sees_bare_lines_of_data(running: str) -> None:
    done = subprocess.run(
        [
            "curl",
            "-sN",
            f"{running}{CHAT}",
            "-H",
            "Content-Type: application/json",
            "-d",
            json.dumps(body(stream=True)),
        ],
        capture_output=True,
        check=True,
        timeout=30,
    )
    *lines, last, end = done.stdout.decode().split("\n\n")
    assert (last, end) == ("data: [DONE]", "")
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == TEXT[FI] + FI_LIST
    assert chunks[-1]["footnote"]["answer"] == TEXT[FI]


def test_what_some_clients_take_for_the_end_of_a_line_is_escaped() -> None:
    line = data_line({"text": "a\x85b\u2028c\u2029d\n"})
    assert line == b'data: {"text":"a\\u0085b\\u2028c\\u2029d\\n"}\n\n'


def test_footnotes_have_links_where_the_address_of_the_page_is_known(client_of: ClientOf) -> None:
    client = client_of(ScriptedAssistant(ANSWERS), public_url="https://docs.example/x")
    (choice,) = client.post(CHAT, json=body(AR)).json()["choices"]
    link = "https://docs.example/x/?document=%D9%85%D8%B5%D8%B1%2F%C3%A4%26b.md&start=100&end=119"
    assert choice["message"]["content"] == f"{TEXT[AR]}\n\n[1] مصر: “القاهرة هي العاصمة.” <{link}>"
    assert choice["message"]["annotations"][0]["url_citation"]["url"] == link


def test_a_notice_stands_before_the_footnotes(client_of: ClientOf) -> None:
    prepared = answer(AR, "ar", "القاهرة.[1]", ("مصر", "القاهرة هي العاصمة."))
    noticed = Answer(**{name: getattr(prepared, name) for name in Answer.__dataclass_fields__} | {"notice": "النموذج."})
    client = client_of(ScriptedAssistant({AR: noticed}))
    (choice,) = client.post(CHAT, json=body(AR)).json()["choices"]
    assert choice["message"]["content"] == f"القاهرة.[1]\n\nالنموذج.{footnotes(prepared.citations)}"


def test_a_server_with_keys_wants_one_in_openais_shape(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    _, key = keys.create("bot", scopes=frozenset({Scope.READ}))
    client = TestClient(app_over(ScriptedAssistant(ANSWERS), home=tmp_path, keys=keys))
    refused = client.post(CHAT, json=body())
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    headers = {"Authorization": f"Bearer {key}"}
    assert client.post(CHAT, json=body(), headers=headers).status_code == 200
    assert client.get("/v1/models", headers=headers).status_code == 200


# -- Real documents ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with German documents in two folders."""
    root = tmp_path_factory.mktemp("german")
    for name, text in (
        ("staedte/helsinki.md", "# Helsinki\n\nHelsinki ist eine Stadt in Finnland. Helsinki wurde 1550 gegründet.\n"),
        ("tiere/igel.md", "# Igel\n\nDer Igel schläft im Winter fünf Monate lang. Er frisst Käfer.\n"),
    ):
        path = root / "docs" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings.model_construct(home=root / ".footnote")
    catalog, ingest = build_ingest(settings)
    ingest.run([root / "docs"])
    catalog.close()
    return settings


def test_a_finnish_question_is_answered_from_a_german_document(german: Settings, bundled: StaticEmbedder) -> None:
    with open_assistant(german) as assistant, served(app_over(assistant, home=german.home, bundled=bundled)) as address:
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == [
            "footnote",
            "footnote/docs/staedte",
            "footnote/docs/tiere",
        ]
        completion = client.chat.completions.create(model="footnote", messages=said(FOUNDED))
        content = completion.choices[0].message.content or ""
        assert content == (
            f"{phrases('fi').quoted}\n\n„Helsinki ist eine Stadt in Finnland. Helsinki wurde 1550 gegründet.“ [1]"
            "\n\n[1] Helsinki: “Helsinki ist eine Stadt in Finnland. Helsinki wurde 1550 gegründet.”"
        )
        (annotation,) = completion.choices[0].message.annotations or []
        assert (annotation.url_citation.title, content[annotation.url_citation.start_index :][:3]) == (
            "Helsinki",
            "[1]",
        )
        elsewhere = client.chat.completions.create(model="footnote/docs/tiere", messages=said(FOUNDED))
        assert (elsewhere.model_extra or {})["footnote"]["answered"] is False
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="footnote/docs/autos", messages=said(FOUNDED))
        client.close()
