"""Follow-up questions without a chat model: which ones rely on the turns before, and how they are searched."""

from collections.abc import Sequence

import pytest

from index.documents import Chunk, ScoredChunk
from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from rag.answers import Turn
from rag.follow_ups import (
    POINTING_BACK,
    SHORT,
    SHORT_AND_POINTING_BACK,
    SearchQuestion,
    blend,
    blend_quotes,
    contextual_question,
    search_question,
    stands_alone,
)
from rag.prompts import phrase_languages
from rag.quote_units import Quote
from rag.reference_words import REFERENCE_WORDS
from rag.retrieval import search_steps
from rag.settings import RetrievalSettings
from tests.builders import make_passage

FIRST = "Wer leitet die Wirtschaftsdelegation aus Nordrhein-Westfalen nach Japan?"


def turns(*questions: str) -> list[Turn]:
    """Past turns with these questions."""
    return [Turn(question, "An answer.") for question in questions]


def test_every_language_with_phrases_has_reference_words() -> None:
    assert sorted(REFERENCE_WORDS) == sorted({language.partition("-")[0] for language in phrase_languages()})


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("ar", "ومتى تصل البعثة الثانية؟"),
        ("bn", "এবং দ্বিতীয়টি কখন আসে?"),
        ("cs", "A kdy přijede druhá?"),
        ("da", "Og hvornår kommer den anden?"),
        ("de", "Und wann kommt die zweite?"),
        ("de", "Wann kommt die zweite?"),
        ("de", "Welche Städte besucht sie?"),
        ("el", "Και πότε έρχεται η δεύτερη;"),
        ("en", "When does the other one arrive?"),
        ("en", "What about that?"),
        ("en", "How many people live there?"),
        ("es", "¿Y cuándo llega la segunda?"),
        ("fa", "و دومی کی می‌رسد؟"),
        ("fi", "Entä milloin toinen tulee?"),
        ("fi", "Kuka sitä johtaa?"),
        ("fr", "Et quand arrive la deuxième ?"),
        ("fr", "Quand arrive-t-elle ?"),
        ("he", "ומתי מגיעה השנייה?"),
        ("hi", "और दूसरा कब आएगा?"),
        ("hu", "És mikor érkezik a második?"),
        ("id", "Dan kapan yang kedua tiba?"),
        ("it", "E quando arriva la seconda?"),
        ("ja", "それはいつ来ますか？"),
        ("ja", "では、二番目はいつ来ますか？"),
        ("ko", "그럼 두 번째는 언제 옵니까?"),
        ("ko", "그는 언제 도착합니까?"),
        ("nb", "Og når kommer den andre?"),
        ("nl", "En wanneer komt de tweede?"),
        ("pl", "A kiedy przyjedzie druga?"),
        ("pt", "E quando chega a segunda?"),
        ("ro", "Și când sosește a doua?"),
        ("ru", "А когда приедет вторая?"),
        ("ru", "Кто её возглавляет?"),
        ("sv", "Och när kommer den andra?"),
        ("th", "แล้วคณะที่สองมาถึงเมื่อไร"),
        ("tr", "Peki ikincisi ne zaman geliyor?"),
        ("uk", "А коли приїде друга?"),
        ("vi", "Còn đoàn thứ hai khi nào đến?"),
        ("zh", "那第二个什么时候来？"),
        ("zh-Hant", "它是什麼時候成立的？"),
    ],
)
def test_words_that_point_back_make_a_follow_up(language: str, question: str) -> None:
    assert search_question(question, turns(FIRST), language=language).share == SHORT_AND_POINTING_BACK


def test_long_question_that_points_back_counts_for_more_by_itself() -> None:
    question = "Which of these companies from the automotive industry have sent managers to the symposium?"
    assert search_question(question, turns(FIRST), language="en").share == POINTING_BACK


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("ar", "متى دخلت اتفاقية بازل بشأن التحكم في نقل النفايات الخطرة حيز التنفيذ؟"),
        ("cs", "Kdy vstoupila v platnost Basilejská úmluva o nebezpečných odpadech?"),
        ("de", "Welcher Herbstmarkt in der Stadt Essen dauert jedes Jahr am längsten?"),
        ("el", "Πότε τέθηκε σε ισχύ η Σύμβαση της Βασιλείας για τα επικίνδυνα απόβλητα;"),
        ("en", "How many theories are there about the history of hermit crabs in Thessaly?"),
        ("es", "¿Cuándo entró en vigor el Convenio de Basilea sobre los desechos peligrosos?"),
        ("fi", "Milloin vaarallisia jätteitä koskeva Baselin sopimus tuli voimaan?"),
        ("fr", "Combien de pays y a-t-il dans la Convention de Bâle sur les déchets dangereux ?"),
        ("hi", "खतरनाक कचरे के बारे में बेसल समझौता किस वर्ष में लागू हुआ था?"),
        ("ja", "有害廃棄物に関するバーゼル条約はどの国でいつ発効しましたか？"),
        ("ko", "유해 폐기물에 관한 바젤 협약은 대한민국에서 정확히 언제부터 발효되었습니까?"),
        ("ru", "Когда вступила в силу Базельская конвенция об опасных отходах?"),
        ("th", "น้ำมันที่ผลิตในเยอรมันมีราคาเท่าใดเมื่อเทียบกับน้ำมันที่นำเข้าจากโรมาเนียในปีที่ผ่านมา"),
        ("tr", "Tehlikeli atıklara ilişkin Basel Sözleşmesi ne zaman yürürlüğe girdi?"),
        ("zh", "那不勒斯的其他垃圾处理厂应该在哪一年之前停止使用？"),
        ("xx", "Zzyzx qwerty uiop asdfgh jklzxcv bnmqwe rtyuiop asdf ghjkl?"),
    ],
)
def test_question_with_its_own_names_stands_alone(language: str, question: str) -> None:
    assert stands_alone(question, turns(FIRST), language=language)
    assert search_question(question, turns(FIRST), language=language) == SearchQuestion(question, question, 0)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Wie viele Personen reisen mit?"),
        ("es", "¿Cuándo llegó?"),
        ("ja", "いつ来ますか？"),
        ("zh", "什么时候成立的？"),
        ("xx", "Zzyzx qwerty?"),
    ],
)
def test_short_question_may_be_a_follow_up_in_any_language(language: str, question: str) -> None:
    assert search_question(question, turns(FIRST), language=language).share == SHORT


def test_first_question_of_a_conversation_stands_alone() -> None:
    question = "Und wann kommt sie?"
    assert stands_alone(question, [], language="de")
    assert search_question(question, [], language="de") == SearchQuestion(question, question, 0)


def test_follow_up_counts_twice_beside_the_question_before_it() -> None:
    question = "Und wann kommt die zweite?"
    asked = search_question(question, turns(FIRST), language="de")
    assert asked == SearchQuestion(question, f"{question} {question} {FIRST}", SHORT_AND_POINTING_BACK)


def test_topic_of_the_first_question_counts_after_two_follow_ups() -> None:
    history = turns(
        "Wann gründete der Kaufmann Louis Kniffler sein Handelshaus in Nagasaki?", FIRST, "Und wann kommt sie?"
    )
    asked = contextual_question("Wohin reist sie?", history, language="de")
    assert asked == f"Wohin reist sie? Wohin reist sie? Und wann kommt sie? {FIRST}"


def test_no_more_than_four_turns_are_taken_up() -> None:
    history = turns(FIRST, *(f"Und {number}?" for number in range(1, 6)))
    asked = contextual_question("Und 6?", history, language="de")
    assert asked == "Und 6? Und 6? Und 5? Und 4? Und 3? Und 2?"


def test_pasted_text_before_a_follow_up_is_taken_up_by_its_beginning() -> None:
    asked = contextual_question("And?", turns("word " * 1000), language="en")
    assert asked == "And? And? " + "word " * 60


def found(name: str, score: float, *, versions: Sequence[str] = ()) -> ScoredChunk:
    """A result whose document has one letter."""
    return ScoredChunk(chunk(name), score, ("dense",), tuple(map(chunk, versions)))


def chunk(name: str) -> Chunk:
    """A chunk by this id."""
    return Chunk(name, f"{name}.md", name, 0, 1)


def test_both_searches_count_by_their_share() -> None:
    blended = blend([found("a", 0.8), found("b", 0.4)], [found("b", 0.8), found("c", 0.4)], share=0.75)
    assert [(result.chunk.id, round(result.score, 6)) for result in blended] == [("b", 0.7), ("c", 0.3), ("a", 0.2)]


def test_equal_scores_keep_an_order_that_does_not_depend_on_the_search() -> None:
    one, other = [found("b", 0.5)], [found("a", 0.5)]
    assert [result.chunk.id for result in blend(one, other, share=0.5)] == ["a", "b"]
    assert [result.chunk.id for result in blend(other, one, share=0.5)] == ["a", "b"]


def test_version_that_one_search_folded_is_not_shown_beside_its_result() -> None:
    blended = blend([found("a", 0.8, versions=["b"]), found("c", 0.1)], [found("b", 0.2)], share=0.5)
    assert blended == [found("a", 0.4, versions=["b"]), found("c", 0.05)]


PASSAGES = (make_passage("One. Two.", number=1), make_passage("Three.", number=2))


def quote(passage: int, start: int, end: int, score: float) -> Quote:
    """A quote from one of two passages."""
    return Quote(PASSAGES[passage - 1], start, end, score)


def test_quotes_are_ordered_by_both_readings_and_as_sure_as_the_surer_one() -> None:
    alone = [quote(1, 0, 4, 0.2), quote(1, 5, 9, 0.2)]
    in_context = [quote(2, 0, 6, 0.6), quote(1, 5, 9, 0.2), quote(1, 0, 4, 0.0)]
    blended = blend_quotes(alone, in_context)
    assert [(one.text, round(one.score, 6)) for one in blended] == [("Two.", 0.34), ("One.", 0.28), ("Three.", 0.18)]
    assert sum(one.score for one in blended) == pytest.approx(0.8)


def test_reading_that_found_no_quotes_likely_does_not_change_their_order() -> None:
    alone, in_context = [quote(1, 0, 4, 0.0)], [quote(2, 0, 6, 0.5)]
    assert [one.text for one in blend_quotes(alone, in_context)] == ["Three.", "One."]
    assert blend_quotes([], []) == []


@pytest.mark.parametrize(
    ("language", "questions", "article"),
    [
        ("de", ["Wer war Louis Kniffler?", "Wann ist er gestorben?"], "seeds/de/japanisches-duesseldorf.md"),
        ("en", ["When did Marmaray open?", "How deep is it?"], "seeds/tr/marmaray.md"),
        ("es", ["¿Dónde nació Alessandro Volta?", "¿Y cuándo murió?"], "seeds/it/volta-pila.md"),
        ("fi", ["Kuka johtaa Nordrhein-Westfalenin valtuuskuntaa?", "Missä kaupungeissa hän käy?"],
         "seeds/de/nrw-delegation-japan.md"),
        ("ja", ["介護保険制度とは何ですか？", "それはいつ始まりましたか？"], "seeds/ja/kokumin-kaihoken.md"),
        ("sv", ["Vem fick det första medicinpriset?", "När var det?"], "seeds/sv/nobelpriset-medicin-japan.md"),
        ("zh", ["比亚迪是什么时候成立的？", "它的创始人是谁？", "他是哪一年出生的？"], "seeds/zh/byd.md"),
    ],
)  # fmt: skip
def test_follow_up_finds_the_article_that_it_alone_does_not_find(
    language: str,
    questions: list[str],
    article: str,
    seeds_knowledge_base: KnowledgeBase,
    bundled: StaticEmbedder,
) -> None:
    def first(query: str) -> Sequence[ScoredChunk]:
        settings = RetrievalSettings()
        return search_steps(
            seeds_knowledge_base, query, language=language, top_k=60, token_embedder=bundled, settings=settings
        ).results

    asked = search_question(questions[-1], turns(*questions[:-1]), language=language)
    alone = first(asked.question)
    assert alone[0].chunk.source != article
    assert blend(alone, first(asked.query), share=asked.share)[0].chunk.source == article
