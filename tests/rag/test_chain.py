import asyncio
import re
from collections.abc import Generator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableLambda

from index.filters import EVERYTHING, DocumentFilter
from rag.answers import Passage, Turn
from rag.chain import AnswerChain, PassageRetriever
from rag.chat_model import create_chat_model
from rag.context import count_tokens
from rag.errors import (
    ChatModelError,
    ConnectionLostError,
    ContextTooSmallError,
    CutAnswerError,
    EmptyAnswerError,
    MixedReasoningError,
)
from rag.prompts import NOT_IN_DOCUMENTS, render_answer_prompt
from rag.settings import ChatModelSettings
from tests.fakes import RecordingRetrieve, make_passage
from tests.openai_server import LoggedRequest, OpenAIServer, Reply

PASSAGES = (
    make_passage("Lahti is a city in Finland.", number=1, title="Lahti", document="lahti.md"),
    make_passage("ラハティはフィンランドの都市です。", number=2, title="ラハティ", language="ja", heading="概要"),
)
RENDERED_PASSAGES = (
    '<passage number="1" title="Lahti" language="en">\nLahti is a city in Finland.\n</passage>\n'
    '<passage number="2" title="ラハティ" language="ja" heading="概要">\nラハティはフィンランドの都市です。\n</passage>'
)


def make_model(server: OpenAIServer, *, timeout: float = 5, max_retries: int = 0) -> BaseChatModel:
    return create_chat_model(
        ChatModelSettings(model="test-model", base_url=server.base_url, timeout=timeout, max_retries=max_retries)
    )


def make_chain(
    server: OpenAIServer,
    *,
    passages: Sequence[Passage] = PASSAGES,
    timeout: float = 5,
    max_retries: int = 0,
    context_tokens: int | None = None,
) -> AnswerChain:
    model = make_model(server, timeout=timeout, max_retries=max_retries)
    return AnswerChain(model, retrieve=RecordingRetrieve(passages), context_tokens=context_tokens)


def pieces(
    chain: AnswerChain,
    question: str = "?",
    *,
    passages: Sequence[Passage] = PASSAGES,
    language: str = "en",
    history: Sequence[Turn] = (),
) -> Generator[str]:
    return chain.answer(question, passages=passages, language=language, history=history)


def test_chain_knows_the_name_of_its_model(openai_server: OpenAIServer) -> None:
    assert make_chain(openai_server).model == "test-model"


def test_exact_prompt(openai_server: OpenAIServer) -> None:
    assert "".join(pieces(make_chain(openai_server), "Was ist Lahti? {x} $y", language="de"))
    assert openai_server.requests[0].messages == [
        {
            "role": "system",
            "content": render_answer_prompt(PASSAGES, language="de"),
        },
        {"role": "user", "content": "Was ist Lahti? {x} $y"},
    ]
    assert RENDERED_PASSAGES in openai_server.requests[0].system


def test_text_comes_as_the_model_sends_it(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Lahti [1] on kaupunki [9].", piece=4))
    given = list(pieces(make_chain(openai_server)))
    assert list(filter(None, given)) == ["Laht", "i [1", "] on", " kau", "punk", "i [9", "]."]


def test_first_piece_arrives_while_the_model_still_writes(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("bcdef", piece=1, pause=0.1))
    answer = pieces(make_chain(openai_server))
    assert next(filter(None, answer)) == "b"
    assert openai_server.requests[0].events_sent < 6
    assert "".join(answer) == "cdef"


def test_mark_that_the_model_stops_inside_comes_as_it_is(openai_server: OpenAIServer) -> None:
    openai_server.reply_with("Lahti is a city [1]. It lies in Finland [")
    assert "".join(pieces(make_chain(openai_server))) == "Lahti is a city [1]. It lies in Finland ["


# -- What fits into the context ----------------------------------------------------------------------------------------

LONG = tuple(
    make_passage(" ".join(f"Sentence {number}.{at} is here." for at in range(100)), number=number)
    for number in range(1, 7)
)


def numbers_shown(request: LoggedRequest) -> list[int]:
    return [int(number) for number in re.findall(r'<passage number="(\d)"', request.system)]


def test_passages_that_do_not_fit_are_left_out_and_the_last_is_cut_at_a_sentence(openai_server: OpenAIServer) -> None:
    list(pieces(make_chain(openai_server), passages=LONG))
    (request,) = openai_server.requests
    assert numbers_shown(request) == [1, 2, 3, 4]
    assert request.system.count(" is here.\n</passage>") == 4
    assert "Sentence 3.99 is here.\n</passage>" in request.system
    assert "Sentence 4.0 is here." in request.system
    assert "Sentence 4.99 is here." not in request.system
    assert sum(count_tokens(message["content"]) for message in request.messages) < 0.8 * 4096


def test_passages_keep_their_numbers_when_cut(openai_server: OpenAIServer) -> None:
    list(pieces(make_chain(openai_server), passages=[LONG[4], LONG[1]]))
    assert numbers_shown(openai_server.requests[0]) == [5, 2]


TOO_LONG = (
    Reply("This model's maximum context length is 2048 tokens.", status=400),
    Reply("the request exceeds the available context size", status=500),
    Reply("the model is loaded with context length of only 2048 tokens", failure="error_only"),
    Reply("", finish_reason="length"),
    Reply(""),
    Reply("<think>All the room is taken by", finish_reason="length"),
)


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("reply", TOO_LONG, ids=["vLLM", "llama.cpp", "LM Studio", "Ollama", "nothing", "reasoning"])
def test_context_that_is_smaller_than_set_gets_half(reply: Reply, face: str, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(reply, "Yes [1].")
    chain = make_chain(openai_server, passages=LONG)
    given = {"question": "?", "language": "en"}
    if face == "sync":
        assert "".join(pieces(chain, passages=LONG)) == "Yes [1]."
    else:
        assert asyncio.run(chain.as_runnable().ainvoke(given))["answer"] == "Yes [1]."
    first, second = openai_server.requests
    assert (numbers_shown(first), numbers_shown(second)) == ([1, 2, 3, 4], [1])
    assert second.question == first.question


def test_context_is_halved_until_the_rules_alone_would_fill_it(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda _: Reply("context length", status=400)
    with pytest.raises(ContextTooSmallError, match="too small a context for the passages"):
        list(pieces(make_chain(openai_server, context_tokens=16_000), passages=LONG))
    sizes = [
        sum(count_tokens(message["content"]) for message in request.messages) for request in openai_server.requests
    ]
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)
    assert all(later <= 0.5 * earlier for earlier, later in pairwise(sizes))


def test_model_that_says_nothing_twice_is_not_asked_again(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda _: Reply("")
    with pytest.raises(EmptyAnswerError):
        list(pieces(make_chain(openai_server, context_tokens=16_000), passages=LONG))
    assert len(openai_server.requests) == 2


def test_short_prompt_that_is_refused_is_not_sent_again(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("context length", status=400))
    with pytest.raises(ContextTooSmallError):
        list(pieces(make_chain(openai_server)))
    assert len(openai_server.requests) == 1


def test_question_that_alone_is_too_long_is_sent_once(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda _: Reply("context length", status=400)
    with pytest.raises(ContextTooSmallError):
        list(pieces(make_chain(openai_server), "வணக்கம் " * 1000))
    assert len(openai_server.requests) == 1


# -- Earlier turns -----------------------------------------------------------------------------------------------------


def test_history_goes_in_as_messages_without_marks(openai_server: OpenAIServer) -> None:
    history = [Turn("Mikä Lahti on?", "Kaupunki [1] Suomessa [2][3]."), Turn("他には？", "石坂産業【1】です。")]
    list(pieces(make_chain(openai_server), "And?", history=history))
    assert openai_server.requests[0].messages[1:] == [
        {"role": "user", "content": "Mikä Lahti on?"},
        {"role": "assistant", "content": "Kaupunki Suomessa."},
        {"role": "user", "content": "他には？"},
        {"role": "assistant", "content": "石坂産業です。"},
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize("answer", [" ", "long " * 2000], ids=["no answer", "too long"])
def test_turn_without_an_answer_or_too_long_is_left_out(answer: str, openai_server: OpenAIServer) -> None:
    list(pieces(make_chain(openai_server), "And?", history=[Turn("Q", answer)]))
    assert [message["role"] for message in openai_server.requests[0].messages] == ["system", "user"]


# -- Reasoning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["", "reasoning_content", "reasoning"])
def test_reasoning_is_no_part_of_the_answer(field: str, openai_server: OpenAIServer) -> None:
    if field:
        reply = Reply("Yes [1].", reasoning="hm [1]", reasoning_field=field, piece=1)
    else:
        reply = Reply("<think>hm [1]</think>\n\nYes [1].", piece=1)
    openai_server.reply_with(reply)
    assert "".join(pieces(make_chain(openai_server))) == "Yes [1]."


def test_reasoning_without_a_beginning_is_told_apart_afterwards_and_held_back_from_then_on(
    openai_server: OpenAIServer,
) -> None:
    openai_server.answer = lambda _: "Okay, so [2] says\n</think>\n\nYes [1]."
    chain = make_chain(openai_server)
    with pytest.raises(MixedReasoningError, match="mixes its reasoning with its answer") as caught:
        list(pieces(chain))
    assert caught.value.usable == "Yes [1]."
    assert "".join(pieces(chain)) == "Yes [1]."
    openai_server.reply_with("Short, without reasoning [1].")
    assert "".join(pieces(chain)) == "Short, without reasoning [1]."


def test_word_for_no_answer_comes_as_the_model_sends_it(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(NOT_IN_DOCUMENTS)
    assert "".join(pieces(make_chain(openai_server))) == NOT_IN_DOCUMENTS


# -- Failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "received", "part"),
    [
        (Reply("bcdefg", failure="cut"), "bcd", "the connection broke"),
        (Reply("", failure="cut"), "", "the connection broke"),
        (Reply(failure="reset"), "", "the connection broke"),
        (Reply("bcdefg", failure="no_finish_reason"), "bcd", "was cut off"),
        (Reply("bcdefg", failure="hang"), "bcd", "fell silent"),
        (Reply("bcdefg", failure="error_event"), "bcd", "broke off"),
        (Reply("overloaded", failure="error_only"), "", "broke off (overloaded)"),
        (Reply("bcdefg", failure="broken_json"), "bcd", "something else"),
        (Reply("bcdefg", failure="broken_utf8"), "bcd", "something else"),
        (Reply("bcdefg", finish_reason="length"), "bcdefg", "length limit"),
        (Reply("bcdefg", finish_reason="content_filter"), "bcdefg", "content filter"),
        (Reply(failure="html"), "", "something else"),
        (Reply(""), "", "answered nothing"),
        (Reply(status=401), "", "HTTP 401"),
        (Reply(status=500), "", "HTTP 500"),
    ],
    ids=lambda value: (value.failure or f"{value.status} {value.finish_reason}") if isinstance(value, Reply) else "",
)
@pytest.mark.parametrize("face", ["sync", "async"])
def test_failure_is_raised_after_the_text_that_came(
    face: str, reply: Reply, received: str, part: str, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(reply)
    chain = make_chain(openai_server, timeout=0.3)
    came = ""

    def receive() -> None:
        nonlocal came
        for text in pieces(chain):
            came += text

    async def receive_async() -> None:
        nonlocal came
        async for chunk in chain.as_runnable().astream({"question": "?", "language": "en"}):
            came += chunk.get("answer", "")

    with pytest.raises(ChatModelError, match=re.escape(part)):
        receive() if face == "sync" else asyncio.run(receive_async())
    assert came == received
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize(
    ("language", "text", "usable"),
    [
        ("en", "Lahti is a city [1]. It lies in Fin", "Lahti is a city [1]."),
        ("ja", "ラハティは都市です[1]。フィンランド", "ラハティは都市です[1]。"),
        ("ar", "لاهتي مدينة [1]. تقع في", "لاهتي مدينة [1]."),
        ("hi", "लाहती एक शहर है [1]। यह फ़िन", "लाहती एक शहर है [1]।"),
        ("de", "Lahti liegt in", ""),
    ],
)
def test_of_an_answer_cut_at_its_limit_the_whole_sentences_can_be_used(
    language: str, text: str, usable: str, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply(text, finish_reason="length"))
    with pytest.raises(CutAnswerError) as caught:
        list(pieces(make_chain(openai_server), language=language))
    assert caught.value.usable == usable


def test_model_that_never_stops_is_left(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("This again. " * 9000, piece=1200, pause=0.01))
    with pytest.raises(CutAnswerError, match="does not come to an end"):
        list(pieces(make_chain(openai_server)))
    (request,) = openai_server.requests
    assert request.left_early.wait(timeout=5)
    assert request.events_sent < 50


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(
    "failures",
    [
        (Reply(status=429),),
        (Reply(status=503), Reply(status=503)),
        (Reply(status=429), Reply(status=500)),
        (Reply(failure="reset"),),
        (Reply("", failure="cut"),),
    ],
    ids=["429", "503 twice", "429, 500", "reset", "cut before the first text"],
)
def test_passing_failures_are_not_noticed(
    failures: tuple[Reply, ...], face: str, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.attempts._FIRST_PAUSE", 0.01)
    openai_server.reply_with(*failures, "Yes [1].")
    chain = make_chain(openai_server, max_retries=2)
    if face == "sync":
        assert "".join(pieces(chain)) == "Yes [1]."
    else:
        runnable = chain.as_runnable()
        assert asyncio.run(runnable.ainvoke({"question": "?", "language": "en"}))["answer"] == "Yes [1]."
    assert len(openai_server.requests) == len(failures) + 1


def test_server_that_asks_to_wait_is_waited_for(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply(status=429, retry_after=1), "Yes [1].")
    assert "".join(pieces(make_chain(openai_server, max_retries=2))) == "Yes [1]."
    first, second = openai_server.requests
    assert 1 <= second.arrived - first.arrived < 3


def test_pauses_grow_while_the_connection_is_lost(openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.attempts._FIRST_PAUSE", 0.2)
    openai_server.answer = lambda _: Reply("", failure="cut")
    with pytest.raises(ConnectionLostError):
        list(pieces(make_chain(openai_server, max_retries=2)))
    first, second, third = (request.arrived for request in openai_server.requests)
    assert 0.2 <= second - first < 0.4 <= third - second


def test_an_empty_piece_comes_wherever_a_reasoning_model_sends_something(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("<think>Long thoughts.</think>Yes.", piece=5))
    given = list(pieces(make_chain(openai_server)))
    assert "".join(given) == "Yes."
    assert given[:5] == [""] * 5


def test_nothing_is_asked_again_once_text_was_handed_out(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("bcdefg", failure="cut"))
    answer = pieces(make_chain(openai_server, max_retries=2))
    assert next(filter(None, answer)) == "bcd"
    with pytest.raises(ChatModelError):
        list(answer)
    assert len(openai_server.requests) == 1


def test_comments_do_not_count_as_signs_of_life_in_the_async_face(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("abcdef", failure="keepalive"))
    runnable = make_chain(openai_server, timeout=0.3).as_runnable()
    with pytest.raises(ChatModelError, match="fell silent"):
        asyncio.run(runnable.ainvoke({"question": "?", "language": "en"}))


# -- Leaving early -----------------------------------------------------------------------------------------------------


def test_closing_the_answer_closes_the_connection_to_the_model(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("x" * 1000, piece=1, pause=0.02))
    answer = pieces(make_chain(openai_server))
    next(answer)
    answer.close()
    (request,) = openai_server.requests
    assert request.left_early.wait(timeout=5)
    assert request.events_sent < 100


def test_forgetting_the_answer_closes_the_connection_to_the_model(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("x" * 1000, piece=1, pause=0.02))
    answer = pieces(make_chain(openai_server))
    next(answer)
    del answer
    assert openai_server.requests[0].left_early.wait(timeout=5)


def test_answer_that_nobody_reads_asks_nothing(openai_server: OpenAIServer) -> None:
    pieces(make_chain(openai_server)).close()
    assert openai_server.requests == []


# -- Short calls -------------------------------------------------------------------------------------------------------


def test_short_call_sends_two_messages_and_gives_the_whole_reply(openai_server: OpenAIServer) -> None:
    openai_server.reply_with("<think>hm</think>Wann kommt die zweite Delegation?")
    assert make_chain(openai_server).complete("Rewrite.", "Und die zweite?") == "Wann kommt die zweite Delegation?"
    (request,) = openai_server.requests
    assert request.messages == [
        {"role": "system", "content": "Rewrite."},
        {"role": "user", "content": "Und die zweite?"},
    ]
    assert "max_tokens" not in request.body


def test_short_call_may_be_limited(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Wann kommt die", finish_reason="length"))
    with pytest.raises(ChatModelError, match="length limit"):
        make_chain(openai_server).complete("Rewrite.", "Und die zweite?", max_tokens=100)
    assert openai_server.requests[0].body["max_tokens"] == 100


def test_short_call_drops_reasoning_without_a_beginning(openai_server: OpenAIServer) -> None:
    openai_server.reply_with("so\n</think>\nWann?")
    assert make_chain(openai_server).complete("Rewrite.", "?") == "Wann?"


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(""), Reply("abc", failure="cut")], ids=str)
def test_short_call_fails_as_answers_do(reply: Reply, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(reply)
    with pytest.raises(ChatModelError):
        make_chain(openai_server).complete("Rewrite.", "?")


def test_short_call_that_is_too_long_is_not_repeated(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda _: Reply("context length", status=400)
    with pytest.raises(ContextTooSmallError):
        make_chain(openai_server).complete("Translate.", "word " * 5000)
    assert len(openai_server.requests) == 1


# -- With passages of its own ------------------------------------------------------------------------------------------


def test_chain_that_finds_nothing_says_what_it_needs(openai_server: OpenAIServer) -> None:
    chain = AnswerChain(make_model(openai_server))
    with pytest.raises(ValueError, match="Give AnswerChain a retrieve function"):
        chain.as_runnable().invoke({"question": "?", "language": "en"})


def test_runnable_searches_with_the_standalone_question_and_the_model_sees_the_question(
    openai_server: OpenAIServer,
) -> None:
    retrieve = RecordingRetrieve(PASSAGES)
    runnable = AnswerChain(make_model(openai_server), retrieve=retrieve).as_runnable()
    runnable.invoke({"question": "And there?", "language": "en", "standalone_question": "How large is Lahti?"})
    runnable.invoke({"question": "How old is Lahti?", "language": "en"})
    assert retrieve.asked == [("How large is Lahti?", EVERYTHING), ("How old is Lahti?", EVERYTHING)]
    assert [request.question for request in openai_server.requests] == ["And there?", "How old is Lahti?"]


def test_runnable_takes_a_filter_and_gives_it_back(openai_server: OpenAIServer) -> None:
    retrieve, within = RecordingRetrieve(PASSAGES), DocumentFilter(folders=frozenset({"news"}))
    runnable = AnswerChain(make_model(openai_server), retrieve=retrieve).as_runnable()
    given = {"question": "?", "language": "en", "within": within}
    assert runnable.invoke(given)["within"] is within
    assert asyncio.run(runnable.ainvoke(given))["within"] is within
    assert [chunk["within"] for chunk in runnable.stream(given) if "within" in chunk] == [within]
    assert "within" not in runnable.invoke({"question": "?", "language": "en"})
    assert retrieve.asked == [("?", within)] * 3 + [("?", EVERYTHING)]


def test_several_questions_at_once_keep_their_filters(openai_server: OpenAIServer) -> None:
    retrieve = RecordingRetrieve(PASSAGES)
    filters = [DocumentFilter(documents=frozenset({f"{number}.md"})) for number in range(8)]
    AnswerChain(make_model(openai_server), retrieve=retrieve).as_runnable().batch(
        [{"question": f"Q{at}", "language": "en", "within": within} for at, within in enumerate(filters)]
    )
    assert dict(retrieve.asked) == {f"Q{at}": within for at, within in enumerate(filters)}


def test_error_of_the_search_passes_unchanged(openai_server: OpenAIServer) -> None:
    def retrieve(question: str, *, within: DocumentFilter) -> list[Passage]:  # noqa: ARG001
        raise ValueError(question)

    chain = AnswerChain(make_model(openai_server), retrieve=retrieve)
    with pytest.raises(ValueError, match="my question"):
        chain.as_runnable().invoke({"question": "my question", "language": "en"})


def test_leaving_the_async_stream_closes_the_connection_to_the_model(openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("x" * 1000, piece=1, pause=0.02))

    async def leave_early() -> None:
        stream = make_chain(openai_server).as_runnable().astream({"question": "?", "language": "en"})
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                if "answer" in chunk:
                    break
        assert await asyncio.to_thread(openai_server.requests[0].left_early.wait, 5)

    asyncio.run(leave_early())


def test_runnable_gives_inputs_documents_and_answer(openai_server: OpenAIServer) -> None:
    openai_server.reply_with("Yes [1].", "Yes [1].")
    given = {"question": "?", "language": "en", "history": [Turn("Q", "A")]}
    runnable = make_chain(openai_server).as_runnable()
    result = runnable.invoke(given)
    assert result == {**given, "passages": result["passages"], "answer": "Yes [1]."}
    assert [document.page_content for document in result["passages"]] == [passage.text for passage in PASSAGES]
    assert asyncio.run(runnable.ainvoke(given)) == result
    assert openai_server.requests[0].body == openai_server.requests[1].body


@pytest.mark.parametrize("face", ["sync", "async"])
def test_runnable_streams_passages_then_tokens(face: str, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply("Yes [1].", piece=4))
    runnable = make_chain(openai_server).as_runnable()
    given = {"question": "?", "language": "en"}

    async def collect() -> list[dict[str, Any]]:
        return [chunk async for chunk in runnable.astream(given)]

    chunks = asyncio.run(collect()) if face == "async" else list(runnable.stream(given))
    assert [key for chunk in chunks for key in chunk if key in ("passages", "answer")] == [
        "passages",
        "answer",
        "answer",
    ]
    assert [chunk["answer"] for chunk in chunks if "answer" in chunk] == ["Yes ", "[1]."]


def test_runnable_without_passages_says_so_without_the_model(openai_server: OpenAIServer) -> None:
    runnable = make_chain(openai_server, passages=()).as_runnable()
    assert runnable.invoke({"question": "?", "language": "en"})["answer"] == NOT_IN_DOCUMENTS
    assert openai_server.requests == []


def test_runnable_reports_model_and_retriever_to_callbacks(openai_server: OpenAIServer) -> None:
    seen: list[str] = []

    class Recorder(BaseCallbackHandler):
        def on_retriever_start(self, serialized: dict[str, Any], query: str, **kwargs: Any) -> None:  # noqa: ARG002
            seen.append(f"retriever: {query}")

        def on_chat_model_start(self, serialized: dict[str, Any], messages: list[Any], **kwargs: Any) -> None:  # noqa: ARG002
            seen.append(f"model: {messages[0][-1].content}")

    runnable = make_chain(openai_server).as_runnable()
    runnable.invoke({"question": "Why?", "language": "en"}, {"callbacks": [Recorder()]})
    assert seen == ["retriever: Why?", "model: Why?"]


def test_several_questions_at_once_do_not_mix(openai_server: OpenAIServer) -> None:
    runnable = make_chain(openai_server).as_runnable()
    results = runnable.batch([{"question": f"Q{number}", "language": "en"} for number in range(8)])
    assert [result["answer"] for result in results] == [f"Echo: Q{number}" for number in range(8)]


def test_retriever_fits_into_any_langchain_chain() -> None:
    retriever = PassageRetriever(retrieve=lambda question: [make_passage(question, number=7, heading="H")])
    (document,) = retriever.invoke("Where?")
    expected = asdict(make_passage("Where?", number=7, heading="H"))
    assert document == Document(id="chunk-7", page_content=expected.pop("text"), metadata=expected)
    assert asyncio.run(retriever.ainvoke("Where?")) == [document]

    def numbers(documents: list[Document]) -> list[int]:
        return [found.metadata["number"] for found in documents]

    assert (retriever | RunnableLambda(numbers)).invoke("Where?") == [7]
