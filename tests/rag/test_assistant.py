import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.embedding import StaticEmbedder
from index.errors import StoreError
from index.filters import EVERYTHING, DocumentFilter
from index.knowledge_base import KnowledgeBase
from rag.answers import (
    Answer,
    CitationsFound,
    Done,
    Event,
    Failed,
    PassagesFound,
    Problem,
    Statement,
    Token,
    Turn,
)
from rag.assistant import Assistant
from rag.chain import AnswerChain
from rag.chat_model import create_chat_model
from rag.errors import ChatModelError, QuestionError
from rag.kinship import ByKinship
from rag.prompts import NOT_IN_DOCUMENTS, about_question, phrases
from rag.settings import AssistantSettings, ChatModelSettings, QuotingSettings, RetrievalSettings
from tests.builders import make_catalog, make_document
from tests.fakes import RecordingChain, ScriptedReranker
from tests.openai_server import OpenAIServer, Reply
from tests.rag.test_folding import OTHERS
from tests.rag.test_retrieval import ARTICLE, LANGUAGES, NEWS, OPENED, QUESTIONS, SENTENCES

COMPANIES = "Mehr als 620 japanische Unternehmen sind in Nordrhein-Westfalen ansässig."
LEADER = "An der Spitze der Delegation stand Minister Andreas Pinkwart."
GERMAN = make_document(f"{COMPANIES}\n\n{LEADER}", source="nrw.md", language="de", title="NRW")
QUESTION = "Wer stand an der Spitze der Delegation?"
# Cut in the middle it still holds its mark.
CUT = "Ministeri Andreas Pinkwart [1]. Hän oli siellä silloin mukana myös."
LONG_QUESTION = "Welcher Minister stand an der Spitze der Delegation aus Nordrhein-Westfalen?"
FINNISH = "Kuka oli valtuuskunnan johdossa, Andreas Pinkwart?"

Build = Callable[..., Assistant]


@pytest.fixture
def base(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(make_catalog(tmp_path, [GERMAN], bundled), bundled) as knowledge_base:
        yield knowledge_base


@pytest.fixture
def quoting(base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(base, embedder=bundled)


@pytest.fixture
def writing(base: KnowledgeBase, bundled: StaticEmbedder, openai_server: OpenAIServer) -> Assistant:
    """An assistant whose chat model is reached over HTTP."""
    model = create_chat_model(
        ChatModelSettings(model="test-model", base_url=openai_server.base_url, timeout=5, max_retries=0)
    )
    return Assistant(base, embedder=bundled, chain=AnswerChain(model))


@pytest.fixture
def seeded(seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder) -> Assistant:
    return Assistant(seeds_knowledge_base, embedder=bundled)


def without_times(answer: Answer) -> Answer:
    answer.timings.clear()
    return answer


def streamed(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def kinds(events: list[Event]) -> str:
    """One letter for each event, repeated tokens as one."""
    return re.sub("T+", "T", "".join(type(event).__name__[0] for event in events))


def done(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    return events[-1].answer


def check(answer: Answer, base: KnowledgeBase) -> None:
    """Assert that each mark has its citation, and each citation its words."""
    marks = [int(number) for number in re.findall(r"\[([0-9]+)\]", answer.text)]
    assert list(dict.fromkeys(marks)) == [citation.number for citation in answer.citations]
    for citation in answer.citations:
        document = base.get_document(citation.document)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote != ""
        passage = answer.passages[citation.passage - 1]
        assert passage.number == citation.passage
        assert passage.start <= citation.start < citation.end <= passage.end


# -- Quotes ------------------------------------------------------------------------------------------------------------


def test_ask_gives_the_last_event_of_the_stream(quoting: Assistant) -> None:
    events = list(quoting.stream(QUESTION))
    assert without_times(quoting.ask(QUESTION)) == without_times(done(events))


def test_quotes_are_streamed_after_their_passages_and_before_the_answer(quoting: Assistant) -> None:
    events = list(quoting.stream(QUESTION))
    assert kinds(events) == "PCTD"
    answer = done(events)
    assert events[:2] == [PassagesFound(answer.passages), CitationsFound(answer.citations)]
    assert streamed(events) == answer.text
    assert (answer.question, answer.language, answer.model, answer.notice, answer.answered) == (
        QUESTION, "de", None, "", True,
    )  # fmt: skip
    assert answer.citations[0].quote.endswith(LEADER)
    assert answer.text.startswith(f"{phrases('de').quoted}\n\n„{answer.citations[0].quote}“ [1]")
    assert set(answer.timings) == {"rewriting", "retrieval", "quoting", "total"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_answer_is_in_the_language_of_the_question(
    language: str, seeded: Assistant, seeds_knowledge_base: KnowledgeBase
) -> None:
    question, source = QUESTIONS[language]
    answer = seeded.ask(question)
    assert (answer.language, answer.answered, answer.notice) == (language, True, "")
    assert answer.text.startswith(phrases(language).quoted)
    assert answer.citations[0].document == source
    check(answer, seeds_knowledge_base)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_found_is_said_in_the_language_of_the_question_beside_the_nearest_passages(
    language: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    strict = AssistantSettings(quoting=QuotingSettings(threshold=ByKinship(99, 99, 99)))
    assistant = Assistant(seeds_knowledge_base, embedder=bundled, settings=strict)
    question, source = QUESTIONS[language]
    events = list(assistant.stream(question))
    answer = done(events)
    assert (answer.language, answer.answered, answer.citations) == (language, False, ())
    assert answer.text == phrases(language).not_found == streamed(events)
    assert answer.passages[0].document == source
    assert answer.passages == tuple(assistant.retrieve(question))


def test_without_documents_nothing_is_found(tmp_path: Path, bundled: StaticEmbedder) -> None:
    with KnowledgeBase(make_catalog(tmp_path, [], bundled), bundled) as empty:
        answer = Assistant(empty, embedder=bundled).ask("Missä Lahti on?")
    assert (answer.text, answer.answered, answer.passages) == (phrases("fi").not_found, False, ())


@pytest.mark.parametrize(
    "question", ["Pinkwart?", "Andreas Pinkwart", "Nordrhein-Westfalen 2019", "2019?", "ピンクヴァルト", "…"]
)
def test_question_of_names_and_numbers_takes_the_language_of_the_conversation(
    question: str, quoting: Assistant
) -> None:
    history = [Turn("Who led the delegation?", "?"), Turn("Kuka johti valtuuskuntaa?", "?"), Turn("NRW?", "?")]
    assert quoting.ask(question, history=history).language == "fi"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Warum?", "de"),
        ("Why?", "en"),
        ("誰ですか。", "ja"),
        ("لماذا؟", "ar"),
        ("किसने किया?", "hi"),
        ("ทำไม", "th"),
        ("为什么？", "zh"),
    ],
)
def test_question_with_other_words_keeps_its_own_language(question: str, language: str, quoting: Assistant) -> None:
    assert quoting.ask(question, history=[Turn("Kuka johti valtuuskuntaa?", "?")]).language == language


@pytest.mark.parametrize("question", ["2019?", "…", "?!"])
def test_first_question_without_letters_is_answered_in_english(question: str, quoting: Assistant) -> None:
    assert quoting.ask(question).language == "en"


@pytest.mark.parametrize("question", ["", "   ", "\n\t\u3000"])
def test_empty_question_is_refused(question: str, quoting: Assistant) -> None:
    with pytest.raises(QuestionError, match=r"^The question is empty\. Type a question in any language\.$"):
        quoting.ask(question)


def test_question_that_is_too_long_is_refused_with_its_length(quoting: Assistant) -> None:
    assert quoting.ask("a" * 4000).question == "a" * 4000
    with pytest.raises(QuestionError, match=r"^The question has 4001 characters; ask it in at most 4000\.$"):
        next(iter(quoting.stream(f"  {'a' * 4001} ")))


def test_space_around_the_question_is_dropped(quoting: Assistant) -> None:
    assert quoting.ask(f" \n{QUESTION}\t ").question == QUESTION


def test_half_characters_in_a_question_are_replaced(quoting: Assistant) -> None:
    answer = quoting.ask("Wer stand \ud83d an der Spitze\udc00?")
    assert answer.question == "Wer stand ? an der Spitze??"
    assert answer.citations[0].quote.endswith(LEADER)


@pytest.mark.parametrize(
    "question", ["\x00", "\u200b", "\u202e؟", "𓀀", "<script>", "' OR 1=1 --", '"NEAR(', "*", "%s {x} $y", "a" * 3999]
)
def test_strange_question_gets_an_answer(question: str, quoting: Assistant, base: KnowledgeBase) -> None:
    answer = quoting.ask(question)
    assert answer.question == question
    check(answer, base)


def test_search_gives_chunks_best_first(quoting: Assistant) -> None:
    (best, *_) = quoting.search(QUESTION, top_k=1)
    assert LEADER in best.chunk.text
    assert [record.source for record in quoting.documents()] == ["nrw.md"]


# -- Search ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def searching(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[tuple[Assistant, KnowledgeBase]]:
    """An assistant over a long article and news in several languages."""
    documents = [make_document(ARTICLE, source="lahti.md", title="Lahti"), *NEWS]
    with KnowledgeBase(make_catalog(tmp_path, documents, bundled), bundled) as knowledge_base:
        yield Assistant(knowledge_base, embedder=bundled), knowledge_base


def test_chunks_that_follow_each_other_are_one_result_with_the_words_of_the_document(
    searching: tuple[Assistant, KnowledgeBase],
) -> None:
    assistant, base = searching
    merged = AssistantSettings().retrieval.folding.merged
    results = assistant.search(SENTENCES[17], top_k=5)
    sizes = []
    for result in results:
        document = base.get_document(result.chunk.source)
        assert document is not None
        assert document.text[result.chunk.start : result.chunk.end] == result.chunk.text
        assert "##" not in result.chunk.text
        stored = base.surroundings(result.chunk, before=99, after=99)
        parts = [one for one in stored if result.chunk.start <= one.start < one.end <= result.chunk.end]
        assert (parts[0].start, parts[-1].end) == (result.chunk.start, result.chunk.end)
        assert result.chunk.id in [one.id for one in parts]
        sizes.append(len(parts))
    assert SENTENCES[17] in results[0].chunk.text
    assert max(sizes) == merged
    assert [result.score for result in results] == sorted((result.score for result in results), reverse=True)


def test_results_are_as_many_as_asked_for_after_merging(searching: tuple[Assistant, KnowledgeBase]) -> None:
    assistant, base = searching
    everything = assistant.search("harbour", top_k=base.count_chunks())
    for top_k in (1, 4, len(everything), 60):
        results = assistant.search("harbour", top_k=top_k)
        assert len(results) == min(top_k, len(everything))
        assert [result.chunk.id for result in results[:1]] == [result.chunk.id for result in everything[:1]]
    assert len(assistant.search("harbour")) == min(10, len(everything))


@pytest.mark.parametrize(("question", "language"), [
    ("When was the new harbour of Lahti opened?", "en"),
    ("Wann wurde der neue Hafen von Lahti eröffnet?", "de"),
    ("Когда была открыта новая гавань Лахти?", "ru"),
])  # fmt: skip
def test_versions_are_one_result_in_the_language_of_the_query(
    question: str, language: str, searching: tuple[Assistant, KnowledgeBase]
) -> None:
    (best, *others) = searching[0].search(question)
    assert best.chunk.source == f"news/{language}.txt"
    versions = {f"news/{code}.txt" for code in ("en", "de", "ru")} - {best.chunk.source}
    assert {chunk.source for chunk in best.versions} == versions
    assert versions.isdisjoint(result.chunk.source for result in others)


# -- Filters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("within", "allowed"),
    [
        (DocumentFilter(languages=frozenset({"de"})), {"news/de.txt", "others/de.txt"}),
        (DocumentFilter(documents=frozenset({"news/ar.txt"})), {"news/ar.txt"}),
        (DocumentFilter(folders=frozenset({"news"}), languages=frozenset({"ja"})), set()),
    ],
    ids=["language", "document", "nothing"],
)
def test_only_documents_that_pass_the_filter_are_found_and_answered_from(
    within: DocumentFilter, allowed: set[str], searching: tuple[Assistant, KnowledgeBase]
) -> None:
    assistant, base = searching
    assert {result.chunk.source for result in assistant.search(OPENED, within=within)} == allowed
    assert {passage.document for passage in assistant.retrieve(OPENED, within=within)} == allowed
    answer = assistant.ask(OPENED, within=within)
    assert {passage.document for passage in answer.passages} == allowed
    assert {citation.document for citation in answer.citations} <= allowed
    assert without_times(done(list(assistant.stream(OPENED, within=within)))) == without_times(answer)
    assert assistant.has_any(within) == bool(allowed)
    if not allowed:
        assert (answer.text, answer.answered) == (phrases("en").not_found, False)
    check(answer, base)


def test_without_a_filter_everything_is_answered_from(searching: tuple[Assistant, KnowledgeBase]) -> None:
    assistant, _ = searching
    assert assistant.has_any(EVERYTHING)
    assert without_times(assistant.ask(OPENED)) == without_times(assistant.ask(OPENED, within=EVERYTHING))


def test_the_chain_is_given_the_passages_that_pass_the_filter_and_the_conversation(
    quoting: Assistant, base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    chain = RecordingChain("Minister Andreas Pinkwart [1].")
    assistant = Assistant(base, embedder=bundled, chain=chain)
    within, history = DocumentFilter(languages=frozenset({"de"})), (Turn("Wer?", "Niemand."),)
    answer = assistant.ask(LONG_QUESTION, history=history, within=within)
    assert (answer.text, answer.model) == ("Minister Andreas Pinkwart [1].", "test-model")
    assistant.ask(LONG_QUESTION)
    assistant.ask(LONG_QUESTION, within=DocumentFilter(languages=frozenset({"fi"})))
    passages = tuple(quoting.retrieve(LONG_QUESTION))
    assert chain.asked == [(LONG_QUESTION, passages, "de", history), (LONG_QUESTION, passages, "de", ())]
    assert chain.completed == []  # the question stands alone


def test_a_model_is_given_only_passages_that_pass_the_filter(
    searching: tuple[Assistant, KnowledgeBase], bundled: StaticEmbedder, openai_server: OpenAIServer
) -> None:
    quoting, base = searching
    model = create_chat_model(ChatModelSettings(model="test-model", base_url=openai_server.base_url))
    writing = Assistant(base, embedder=bundled, chain=AnswerChain(model))
    within = DocumentFilter(folders=frozenset({"others"}))
    openai_server.reply_with(NOT_IN_DOCUMENTS)
    answer = writing.ask(OPENED, within=within)
    assert answer.passages == tuple(quoting.retrieve(OPENED, within=within))
    assert {passage.document.partition("/")[0] for passage in answer.passages} == {"others"}
    assert NEWS[0].text not in openai_server.requests[0].system
    assert writing.ask(OPENED, within=DocumentFilter(tags=frozenset({"none"}))).passages == ()
    assert len(openai_server.requests) == 1  # without passages the model is not asked


# -- Reranker ----------------------------------------------------------------------------------------------------------


def test_the_reranker_orders_results_and_passages(
    searching: tuple[Assistant, KnowledgeBase], bundled: StaticEmbedder
) -> None:
    alone, base = searching
    reranker = ScriptedReranker(lambda text: 0.75 if text == OTHERS["zh"] else 0.25)
    within = DocumentFilter(folders=frozenset({"others"}))
    assistant = Assistant(base, embedder=bundled, reranker=reranker)
    assert alone.search(OPENED, within=within)[0].chunk.source != "others/zh.txt"
    best, *others = assistant.search(OPENED, within=within)
    assert (best.chunk.source, best.score, [other.score for other in others]) == ("others/zh.txt", 0.75, [0.25] * 4)
    passage, *_ = assistant.retrieve(OPENED, within=within)
    assert (passage.document, passage.score) == ("others/zh.txt", 0.75)
    assert assistant.ask(OPENED, within=within).passages[0] == passage
    assert [(question, len(texts)) for question, texts in reranker.asked] == [(OPENED, 5)] * 3


def test_a_reranker_that_fails_changes_no_answer(
    quoting: Assistant, base: KnowledgeBase, bundled: StaticEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    answer = Assistant(base, embedder=bundled, reranker=ScriptedReranker()).ask(QUESTION)
    assert without_times(answer) == without_times(quoting.ask(QUESTION))
    assert caplog.messages == ["Late interaction takes the reranker's place: The scripted reranker has no script."]


@pytest.mark.parametrize("reranks", [False, True], ids=["off", "model"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_how_sure_an_answer_is_does_not_depend_on_what_orders_the_passages(
    language: str, reranks: bool, seeded: Assistant, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    question, source = QUESTIONS[language]
    usual = seeded.retrieve(question)
    assert [passage.confidence for passage in usual] == [passage.score for passage in usual]
    other = Assistant(
        seeds_knowledge_base,
        embedder=bundled,
        reranker=ScriptedReranker(lambda text: 0.001 * (len(text) % 7)) if reranks else None,
        settings=AssistantSettings(retrieval=RetrievalSettings(reranks=reranks)),
    )
    sure = {passage.chunk: passage.confidence for passage in usual}
    passages = other.retrieve(question)
    assert any(passage.score != passage.confidence for passage in passages)
    for passage in passages:
        assert passage.confidence == pytest.approx(sure.get(passage.chunk, passage.confidence))
    if not reranks:
        assert other.ask(question).citations[0].document == source


# -- Chat model --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["[1]", "【1】", "［１］", "[١]"])
def test_marks_of_the_model_become_citations_with_the_exact_characters(
    mark: str, writing: Assistant, base: KnowledgeBase, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply(f"Valtuuskuntaa johti ministeri Andreas Pinkwart {mark}.", piece=2))
    events = list(writing.stream(FINNISH))
    answer = done(events)
    assert kinds(events) == "PTCTD"
    assert answer.text == "Valtuuskuntaa johti ministeri Andreas Pinkwart [1]." == streamed(events)
    (citation,) = answer.citations
    assert (citation.quote, citation.start, citation.end) == (LEADER, len(COMPANIES) + 2, len(GERMAN.text))
    assert (answer.language, answer.model, answer.answered, answer.notice) == ("fi", "test-model", True, "")
    assert set(answer.timings) == {"rewriting", "retrieval", "model", "total"}
    assert answer.statements == (Statement(0, len(answer.text), (1,)),)
    assert answer.answer_language == "fi"
    check(answer, base)


def test_model_is_asked_with_the_passages_that_the_answer_carries(
    writing: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with("Minister Andreas Pinkwart [1].")
    answer = writing.ask(QUESTION)
    (request,) = openai_server.requests
    assert request.question == QUESTION
    assert [passage.text for passage in answer.passages if passage.text not in request.system] == []


def test_unknown_and_unsupported_marks_are_never_shown(
    writing: Assistant, base: KnowledgeBase, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(
        Reply("Minister Andreas Pinkwart [9][1]. Rund 621 japanische Unternehmen [1, 8].", piece=1)
    )
    events = list(writing.stream(QUESTION))
    answer = done(events)
    assert streamed(events) == answer.text == "Minister Andreas Pinkwart [1]. Rund 621 japanische Unternehmen."
    assert [(answer.text[one.start : one.end], one.problem, one.missing) for one in answer.statements] == [
        ("Minister Andreas Pinkwart [1].", None, ()),
        ("Rund 621 japanische Unternehmen.", Problem.FACT_MISSING, ("621",)),
    ]
    check(answer, base)


@pytest.mark.parametrize("word", [NOT_IN_DOCUMENTS, f"**{NOT_IN_DOCUMENTS}**.", NOT_IN_DOCUMENTS.replace("_", "\\_")])
@pytest.mark.parametrize("piece", [1, 5, 100])
def test_refusal_is_never_streamed_and_becomes_a_sentence_in_the_language_of_the_question(
    word: str, piece: int, writing: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply(word, piece=piece))
    events = list(writing.stream(FINNISH))
    answer = done(events)
    assert streamed(events) == answer.text == phrases("fi").not_found
    assert (answer.answered, answer.citations, answer.notice) == (False, (), "")
    assert answer.passages[0].document == "nrw.md"


def test_refusal_after_half_an_answer_is_dropped(writing: Assistant, openai_server: OpenAIServer) -> None:
    openai_server.reply_with(Reply(f"Minister Andreas Pinkwart [1]. {NOT_IN_DOCUMENTS}", piece=4))
    events = list(writing.stream(QUESTION))
    assert streamed(events) == done(events).text == "Minister Andreas Pinkwart [1]."


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=401, text="no such key"),
        Reply("Ministeri Andreas Pinkwart", failure="cut"),
        Reply("Ministeri Andreas Pinkwart", failure="error_event"),
        Reply(""),
    ],
    ids=["500", "401", "cut", "error", "empty"],
)
@pytest.mark.parametrize("question", [QUESTION, FINNISH], ids=["de", "fi"])
def test_failing_model_gives_quotes_with_a_notice_in_the_language_of_the_question(
    question: str, reply: Reply, writing: Assistant, quoting: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(reply)
    events = list(writing.stream(question))
    answer, quotes = done(events), quoting.ask(question)
    assert answer.notice == phrases(quotes.language).model_failed
    assert (answer.text, answer.citations, answer.model) == (quotes.text, quotes.citations, None)
    assert answer.citations[0].quote.endswith(LEADER)
    assert events[0] == PassagesFound(answer.passages)
    assert streamed(events) == answer.text


@pytest.mark.parametrize(
    "reply",
    [
        Reply(CUT, failure="cut", piece=3),
        Reply(CUT, failure="no_finish_reason", piece=3),
        Reply(CUT, finish_reason="length", piece=3),
    ],
    ids=["cut", "no finish", "length"],
)
def test_what_was_shown_of_an_answer_that_breaks_off_stays_and_quotes_follow(
    reply: Reply, writing: Assistant, quoting: Assistant, base: KnowledgeBase, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(reply)
    events = list(writing.stream(FINNISH))
    answer, quotes = done(events), quoting.ask(FINNISH)
    assert streamed(events) == answer.text
    assert answer.text.startswith("Ministeri Andreas Pinkwart [1].")
    assert answer.text.endswith(quotes.text.replace("[1]", "[2]"))
    assert (answer.notice, answer.model) == (phrases("fi").broke_off, "test-model")
    assert [citation.quote for citation in answer.citations[1:]] == [citation.quote for citation in quotes.citations]
    spans = [answer.text[one.start : one.end] for one in answer.statements]
    assert (spans[0], spans[-1][-3:]) == ("Ministeri Andreas Pinkwart [1].", "[2]")
    check(answer, base)


@pytest.mark.parametrize(
    "text",
    ["Ministeri Andreas Pinkwart.", "Pinkwart johti sitä [7].", "Leipää leivotaan yöllä [1].", "Vuonna 1871 [1]."],
)
def test_answer_without_any_mark_that_holds_gives_quotes_with_a_notice(
    text: str, writing: Assistant, quoting: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(text)
    events, quotes = list(writing.stream(FINNISH)), quoting.ask(FINNISH)
    answer = done(events)
    assert streamed(events) == answer.text
    assert answer.notice == phrases("fi").unverified
    assert (answer.text, answer.citations, answer.model) == (quotes.text, quotes.citations, None)


def test_model_is_not_asked_without_passages(
    tmp_path: Path, bundled: StaticEmbedder, openai_server: OpenAIServer
) -> None:
    model = create_chat_model(ChatModelSettings(model="test-model", base_url=openai_server.base_url))
    with KnowledgeBase(make_catalog(tmp_path, [], bundled), bundled) as empty:
        chain = AnswerChain(model)
        answer = Assistant(empty, embedder=bundled, chain=chain).ask("Missä Lahti on?")
    assert (answer.text, answer.answered, answer.passages) == (phrases("fi").not_found, False, ())
    assert openai_server.requests == []


@pytest.mark.parametrize("events_read", [1, 2])
@pytest.mark.parametrize(
    "text",
    ["Minister Andreas Pinkwart. ", "Minister Andreas Pinkwart [1]. ", "<think>Hm. "],
    ids=["", "cited", "think"],
)
def test_closing_the_stream_ends_the_stream_of_the_model(
    text: str, events_read: int, writing: Assistant, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply(text * 500, piece=5, pause=0.02))
    stream = writing.stream(QUESTION)
    for _ in range(events_read):
        next(stream)
    start = time.perf_counter()
    stream.close()  # type: ignore[attr-defined]
    assert time.perf_counter() - start < 2
    if events_read == 1:
        assert openai_server.requests == []  # the passages come before the model is asked
    else:
        assert openai_server.requests[0].left_early.wait(5)


def test_earlier_turns_are_passed_on_without_their_marks(writing: Assistant, openai_server: OpenAIServer) -> None:
    openai_server.reply_with("Minister Andreas Pinkwart [1].")
    writing.ask(LONG_QUESTION, history=[Turn("Wie viele Firmen?", "Mehr als 620 [1].")])
    assert [(message["role"], message["content"]) for message in openai_server.requests[0].messages[1:]] == [
        ("user", "Wie viele Firmen?"),
        ("assistant", "Mehr als 620."),
        ("user", LONG_QUESTION),
    ]


def test_half_characters_in_earlier_turns_are_replaced(writing: Assistant, openai_server: OpenAIServer) -> None:
    openai_server.reply_with("Minister Andreas Pinkwart [1].")
    answer = writing.ask(LONG_QUESTION, history=[Turn("Wie viele\ud800?", "Viele\udc00.")])
    assert (answer.answered, answer.notice) == (True, "")
    assert [message["content"] for message in openai_server.requests[0].messages[1:3]] == ["Wie viele??", "Viele?."]


@pytest.mark.parametrize(("language", "statement"), [
    ("de", "Minister Andreas Pinkwart stand an der Spitze [1]."),
    ("fi", "Valtuuskuntaa johti ministeri Andreas Pinkwart [1]."),
    ("en", "Minister Andreas Pinkwart led the delegation [1]."),
    ("ja", "代表団を率いたのは大臣のAndreas Pinkwartです[1]。"),
    ("ar", "كان على رأس الوفد الوزير Andreas Pinkwart [1]."),
    ("hi", "प्रतिनिधिमंडल के प्रमुख मंत्री Andreas Pinkwart थे [1]।"),
    ("th", "ผู้นำคณะผู้แทนคือรัฐมนตรี Andreas Pinkwart [1]"),
    ("zh", "代表团团长是部长Andreas Pinkwart[1]。"),
])  # fmt: skip
def test_statement_in_any_language_is_tied_to_the_german_words(
    language: str, statement: str, writing: Assistant, base: KnowledgeBase, openai_server: OpenAIServer
) -> None:
    openai_server.reply_with(Reply(statement, network_bytes=1, piece=4))
    events = list(writing.stream(QUESTIONS[language][0]))
    answer = done(events)
    assert (answer.language, answer.text, answer.notice) == (language, statement, "")
    assert streamed(events) == statement
    assert [citation.quote for citation in answer.citations] == [LEADER]
    check(answer, base)


# -- Language ----------------------------------------------------------------------------------------------------------


def test_an_answer_in_another_language_is_put_into_the_right_one_before_it_is_shown(
    base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    right = "Valtuuskuntaa johti ministeri Andreas Pinkwart [1]."
    chain = RecordingChain("The delegation was led by the minister Andreas Pinkwart [1].", replies=[right])
    events = list(Assistant(base, embedder=bundled, chain=chain).stream(FINNISH))
    answer = done(events)
    assert streamed(events) == answer.text == right
    assert (answer.answer_language, answer.notice) == ("fi", "")
    ((system, text),) = chain.completed
    assert "Finnish" in system
    assert text == chain.text


def test_only_what_follows_the_first_sentence_in_another_language_is_put_into_the_right_one(
    base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    begun = "Valtuuskuntaa johti ministeri Andreas Pinkwart [1]."
    chain = RecordingChain(
        f"{begun} More than 620 Japanese companies have settled in the region [1].",
        replies=["Alueella toimii yli 620 japanilaista yritystä [1]."],
    )
    answer = Assistant(base, embedder=bundled, chain=chain).ask(FINNISH)
    assert answer.text == f"{begun} Alueella toimii yli 620 japanilaista yritystä [2]."
    assert chain.completed[0][1].strip() == "More than 620 Japanese companies have settled in the region [1]."
    check(answer, base)


@pytest.mark.parametrize("replies", [[], ["The delegation was led by the minister Andreas Pinkwart [1]."]])
def test_an_answer_that_stays_in_another_language_says_so(
    replies: list[str], base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    english = "The delegation was led by the minister Andreas Pinkwart [1]."
    chain = RecordingChain(english, replies=replies)
    answer = Assistant(base, embedder=bundled, chain=chain).ask(FINNISH)
    assert (answer.text, answer.answer_language) == (english, "en")
    assert answer.notice == phrases("fi").other_language
    assert len(chain.completed) == 1  # it is tried once


def test_a_question_of_names_is_answered_in_the_language_of_the_interface(quoting: Assistant) -> None:
    assert quoting.ask("Andreas Pinkwart", interface="fi-FI").language == "fi"
    assert quoting.ask("Andreas Pinkwart", interface=None).language == "en"


# -- Follow-ups --------------------------------------------------------------------------------------------------------


def test_a_follow_up_is_searched_with_the_question_before_it(seeded: Assistant) -> None:
    first, source = QUESTIONS["de"]
    answer = seeded.ask("Und warum ist das so?", history=[Turn(first, "…")], explain=True)
    assert answer.explanation is not None
    assert first in answer.explanation.in_context
    assert answer.passages[0].document == source
    assert seeded.ask("Und warum ist das so?").passages[0].document != source
    assert answer.question == "Und warum ist das so?"


def test_a_follow_up_is_searched_as_the_model_rewrites_it(
    base: KnowledgeBase, bundled: StaticEmbedder, quoting: Assistant
) -> None:
    chain = RecordingChain("Minister Andreas Pinkwart [1].", replies=[QUESTION])
    history = [Turn("Reist eine Delegation nach Japan?", "Ja.")]
    answer = Assistant(base, embedder=bundled, chain=chain).ask("Und wer leitet sie?", history=history)
    assert (answer.question, answer.standalone_question) == ("Und wer leitet sie?", QUESTION)
    assert answer.passages == tuple(quoting.retrieve(QUESTION))
    assert chain.asked[0][0] == "Und wer leitet sie?"


# -- Explanation and failure -------------------------------------------------------------------------------------------


def test_each_candidate_of_a_follow_up_was_found_by_a_searcher(seeded: Assistant) -> None:
    history = [Turn(QUESTIONS["de"][0], "…")]
    for question in ("Und wann?", "Kuinka monta ihmistä siellä oli?", "何人ですか？"):
        explanation = seeded.ask(question, history=history, explain=True).explanation
        assert explanation is not None
        assert 0 < explanation.context_share < 1
        assert all(candidate.dense or candidate.lexical for candidate in explanation.candidates)
        for places in ("dense", "lexical", "ranked"):
            ranks = sorted(getattr(each, places).rank for each in explanation.candidates if getattr(each, places))
            assert ranks == list(range(1, len(ranks) + 1))


def test_an_answer_explains_itself_if_asked(quoting: Assistant) -> None:
    assert quoting.ask(QUESTION).explanation is None
    explanation = quoting.ask(QUESTION, explain=True).explanation
    assert explanation is not None
    assert explanation.standalone_question == QUESTION
    assert [(candidate.passage, candidate.fate) for candidate in explanation.candidates] == [(1, "shown")] * len(
        explanation.candidates
    )
    assert set(explanation.seconds) == {"dense", "lexical", "reranking", "folding", "total"}


def test_what_goes_wrong_ends_the_stream_with_a_sentence_in_the_language_of_the_question(
    quoting: Assistant, base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = StoreError("The disk is full.")

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(base, "search_dense", fail)
    assert list(quoting.stream(FINNISH)) == [Failed(phrases("fi").failed, error)]
    with pytest.raises(StoreError, match=r"^The disk is full\.$"):
        quoting.ask(FINNISH)


# -- Beside the answers ------------------------------------------------------------------------------------------------


def test_assistant_says_whether_it_has_a_chat_model(base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    assert Assistant(base, embedder=bundled).has_chat_model is False
    assert Assistant(base, embedder=bundled, chain=RecordingChain("")).has_chat_model is True


def test_quote_is_translated_by_the_chat_model(base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    chain = RecordingChain("", replies=["Minister Andreas Pinkwart headed the delegation."])
    assistant = Assistant(base, embedder=bundled, chain=chain)
    assert assistant.translate(LEADER, language="en") == "Minister Andreas Pinkwart headed the delegation."
    assert chain.completed[0][1] == f"<passage>\n{LEADER}\n</passage>"


def test_quote_is_translated_over_http(writing: Assistant, openai_server: OpenAIServer) -> None:
    openai_server.reply_with("Valtuuskuntaa johti ministeri Andreas Pinkwart.")
    assert writing.translate(LEADER, language="fi") == "Valtuuskuntaa johti ministeri Andreas Pinkwart."


def test_quote_is_not_translated_without_a_chat_model(quoting: Assistant) -> None:
    with pytest.raises(ChatModelError, match="none is set"):
        quoting.translate(LEADER, language="en")


@pytest.mark.parametrize("quote", ["", " \n", "x" * 4001], ids=["empty", "blank", "too long"])
def test_quote_that_cannot_be_translated_is_an_error(quote: str, base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    chain = RecordingChain("", replies=["x"])
    with pytest.raises(QuestionError, match="has 1 to 4000 characters, not"):
        Assistant(base, embedder=bundled, chain=chain).translate(quote, language="en")
    assert chain.completed == []


@pytest.mark.parametrize("language", ["en", "fi", "ja", "ar"])
def test_question_about_a_topic_is_searched_by_its_topic_and_answered_in_its_own_language(
    language: str, seeded: Assistant
) -> None:
    answer = seeded.ask(about_question("Meerwasser und Weltrekorde", language), interface="sv")
    assert (answer.language, answer.standalone_question) == (language, "Meerwasser und Weltrekorde")
    assert answer.citations[0].quote.startswith("Bei Kunigami auf Okinawa")
    assert answer.text.startswith(phrases(language).quoted)


def test_chat_model_is_asked_a_question_about_a_topic_as_it_is(base: KnowledgeBase, bundled: StaticEmbedder) -> None:
    chain = RecordingChain(f"{LEADER} [1]")
    question = about_question("Spitze der Delegation", "de")
    answer = Assistant(base, embedder=bundled, chain=chain).ask(question, history=[Turn("Und?", "Ja.")])
    assert answer.standalone_question == "Spitze der Delegation"
    assert [asked[0] for asked in chain.asked] == [question]
    assert chain.completed == []  # it stands alone: nothing is rewritten
