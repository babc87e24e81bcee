from dataclasses import replace

import pytest

from index.embedding import StaticEmbedder
from index.knowledge_base import KnowledgeBase
from index.language import detect_language
from index.lengths import text_weight
from rag.abstention import answerability
from rag.answers import Passage
from rag.extractive import choose_quotes, confidence_in, find_quotes
from rag.kinship import ByKinship
from rag.prompts import phrases
from rag.quote_scores import read_passages
from rag.quote_text import write_quotes
from rag.quote_units import Quote, quote_units
from rag.retrieval import build_passages, search_steps
from rag.settings import QuotingSettings, RetrievalSettings
from tests.builders import make_passage
from tests.rag.test_retrieval import LANGUAGES, QUESTIONS

# Of the numbers only what they do is tested here, not how well they are chosen.
SETTINGS = QuotingSettings(
    quotes=3,
    length=500,
    least_gain=0.1,
    least_share=0,
    threshold=ByKinship(same_language=0.5, same_script=0.4, other_script=0.3),
)
# Quotes something of whatever was found.
ANY = replace(SETTINGS, threshold=ByKinship(same_language=0, same_script=0, other_script=0))
WORDS = "One is here. Two is here. Three is here. Four is here."
PASSAGE = make_passage(WORDS, start=100)


def quote(text: str, *, score: float = 0.9, passage: Passage = PASSAGE) -> Quote:
    start = passage.start + passage.text.index(text)
    return Quote(passage, start, start + len(text), score)


def choose(quotes: list[Quote], *, language: str = "en", settings: QuotingSettings = SETTINGS) -> list[Quote]:
    return choose_quotes(quotes, language=language, settings=settings)


def texts(quotes: list[Quote]) -> list[str]:
    return [chosen.text for chosen in quotes]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_scored_verbatim_and_located(
    language: str, seeds_knowledge_base: KnowledgeBase, bundled: StaticEmbedder
) -> None:
    question, source = QUESTIONS[language]
    base, retrieval = seeds_knowledge_base, RetrievalSettings()
    found = search_steps(
        base, question, language=language, top_k=60, token_embedder=bundled, settings=retrieval
    ).results
    passages = build_passages(base, found, settings=retrieval)
    assert detect_language(question) == language
    quotes = find_quotes(question, passages, language=language, embedder=bundled, settings=SETTINGS)
    assert len(quotes) == sum(len(quote_units(passage)) for passage in passages)
    assert [each.score for each in quotes] == sorted((each.score for each in quotes), reverse=True)
    assert 0 < confidence_in(quotes) < 1
    chosen = choose_quotes(quotes, language=language, settings=ANY)
    assert chosen[0].passage.document == source
    written = write_quotes(chosen, question=question, language=language, phrases=phrases(language))
    for each, citation in zip(chosen, written.citations, strict=True):
        document = base.get_document(citation.document)
        assert document is not None
        assert document.text[citation.start : citation.end] == citation.quote == each.text
        assert each.passage.start <= citation.start < citation.end <= each.passage.end
        assert (citation.language, citation.title) == (document.language, document.title)
    assert [citation.number for citation in written.citations] == list(range(1, len(chosen) + 1))


def test_no_passages_give_no_quotes(bundled: StaticEmbedder) -> None:
    assert find_quotes("Lahti?", [], language="en", embedder=bundled, settings=SETTINGS) == []
    blank = make_passage(" \n ")
    assert find_quotes("Lahti?", [blank], language="en", embedder=bundled, settings=SETTINGS) == []
    assert choose([]) == []
    assert confidence_in([]) == 0


def test_question_without_words_gives_quotes_without_error(bundled: StaticEmbedder) -> None:
    quotes = find_quotes("…?", [PASSAGE], language="und", embedder=bundled, settings=SETTINGS)
    assert sorted(texts(quotes)) == ["Four is here.", "One is here.", "Three is here.", "Two is here."]


def test_the_sentence_that_answers_comes_first(bundled: StaticEmbedder) -> None:
    passage = make_passage(
        "The festival is loud. The bridge was built in 1932 by engineers from Osaka. Bread is eaten daily."
    )
    first = find_quotes("When was the bridge built?", [passage], language="en", embedder=bundled, settings=SETTINGS)[0]
    assert first.text == "The bridge was built in 1932 by engineers from Osaka."


# -- Choice ------------------------------------------------------------------------------------------------------------


def test_scores_say_together_how_likely_the_passages_answer(bundled: StaticEmbedder) -> None:
    passage = make_passage("The bridge was built in 1932 by engineers from Osaka. Bread is eaten daily.")
    other = replace(make_passage("The choir sings.", number=2), score=0.1)
    reading = read_passages("When was the bridge built?", [passage, other], language="en", embedder=bundled)
    sure = answerability(reading, 0, language="en", weights=SETTINGS.answer_weights)
    quotes = find_quotes(
        "When was the bridge built?", [passage, other], language="en", embedder=bundled, settings=SETTINGS
    )
    assert confidence_in(quotes) == pytest.approx(sure)
    assert quotes[0].score == pytest.approx(sure * reading.shares(SETTINGS.weights, language="en")[0])


@pytest.mark.parametrize(("language", "threshold"), [("en", 0.5), ("fi", 0.4), ("ja", 0.3)])
def test_nothing_is_chosen_if_all_together_are_below_the_threshold_for_the_language_of_the_best(
    language: str, threshold: float
) -> None:
    best, other = quote("One is here.", score=threshold / 2), quote("Three is here.", score=threshold / 2)
    assert choose([best, other], language=language) == [best, other]
    assert choose([best, replace(other, score=0.49 * threshold)], language=language) == []


def test_a_sentence_that_ends_with_a_colon_takes_along_what_it_announces() -> None:
    passage = make_passage("There are three:\n\n- one\n- two\n\nBut not four.", start=9)
    first = quote("There are three:", score=0.9, passage=passage)
    others = [quote(text, score=0.0001, passage=passage) for text in ("one", "two", "But not four.")]
    for chosen in (choose([first, *others]), choose([first, replace(others[0], score=0.09), *others[1:]])):
        assert [each.start for each in chosen] == [9]
        assert chosen[0].text.startswith("There are three:\n\n- one\n- two")
        assert passage.text[: chosen[0].end - 9] == chosen[0].text


def test_a_further_sentence_has_to_be_the_likelier_the_longer_it_is() -> None:
    long = make_passage("Four is here, " + "x" * 85 + ".", number=2)
    short, hundred = quote("Three is here.", score=0.015), quote(long.text, score=0.11, passage=long)
    best = quote("One is here.", score=0.875)
    assert len(hundred.text) == 100
    assert texts(choose([best, hundred, short])) == [best.text, hundred.text, short.text]
    assert texts(choose([best, replace(hundred, score=0.09), short])) == [best.text, short.text]
    assert texts(choose([best, hundred, replace(short, score=0.01)])) == [best.text, hundred.text]


def test_what_counts_is_how_likely_a_sentence_is_beside_the_others() -> None:
    unsure = [quote("One is here.", score=0.5), quote("Three is here.", score=0.01)]
    assert texts(choose(unsure)) == ["One is here.", "Three is here."]
    assert texts(choose([replace(unsure[0], score=0.99), unsure[1]])) == ["One is here."]


def test_a_sentence_elsewhere_has_to_be_likelier_beside_the_best_than_its_neighbour() -> None:
    best, neighbour, elsewhere = (
        quote("One is here.", score=0.6),
        quote("Two is here.", score=0.1),
        quote("Four is here.", score=0.1),
    )
    least = replace(SETTINGS, least_share=0.2)
    assert texts(choose([best, neighbour, elsewhere], settings=least)) == ["One is here. Two is here."]
    likely = replace(elsewhere, score=0.12)
    assert texts(choose([best, likely, neighbour], settings=least)) == ["One is here. Two is here.", "Four is here."]


def test_no_more_quotes_are_given_than_the_settings_say_and_neighbours_are_one() -> None:
    one, two, three = (
        quote("One is here.", score=0.3),
        quote("Two is here.", score=0.2),
        quote("Three is here.", score=0.2),
    )
    assert texts(choose([one, three], settings=replace(SETTINGS, quotes=1))) == ["One is here."]
    assert texts(choose([one, three, two], settings=replace(SETTINGS, quotes=1))) == ["One is here. Two is here."]
    assert texts(choose([one, three], settings=replace(SETTINGS, quotes=2))) == ["One is here.", "Three is here."]


def test_the_best_may_be_long_and_others_must_fit() -> None:
    long = make_passage("x" * 600 + ". Short one.", number=2)
    best, short = quote("x" * 600 + ".", score=0.8, passage=long), quote("One is here.", score=0.1)
    assert choose([best, short]) == [best]
    too_long = replace(best, score=0.7)
    first = quote("Four is here.", score=0.75)
    chosen = choose([first, too_long, short])
    assert texts(chosen) == ["Four is here.", "One is here."]
    assert sum(text_weight(text) for text in texts(chosen)) <= SETTINGS.length


def test_neighbours_are_joined_to_one_quote_with_the_better_score() -> None:
    quotes = [quote("Three is here.", score=0.4), quote("Two is here.", score=0.3), quote("Four is here.", score=0.2)]
    (joined,) = choose(quotes)
    assert (joined.text, joined.score) == ("Two is here. Three is here. Four is here.", 0.4)
    assert (joined.start, joined.end) == (113, 100 + len(WORDS))


def test_sentences_with_another_between_stay_apart_in_order_of_their_scores() -> None:
    quotes = [quote("Four is here.", score=0.5), quote("One is here.", score=0.4)]
    assert texts(choose(quotes)) == ["Four is here.", "One is here."]


def test_sentences_of_two_passages_are_never_joined() -> None:
    other = make_passage("Five is here.", number=2, start=PASSAGE.end + 1)
    quotes = [quote("Four is here.", score=0.5), quote("Five is here.", score=0.4, passage=other)]
    assert texts(choose(quotes)) == ["Four is here.", "Five is here."]


@pytest.mark.parametrize("copy", ["One is here.", "ONE IS HERE."])
def test_the_same_words_in_two_documents_are_quoted_once(copy: str) -> None:
    other = make_passage(copy, number=2, document="b.txt")
    quotes = [
        quote("One is here.", score=0.4),
        quote(copy, score=0.3, passage=other),
        quote("Four is here.", score=0.2),
    ]
    assert [(each.passage.document, each.text) for each in choose(quotes)] == [
        ("a.txt", "One is here."),
        ("a.txt", "Four is here."),
    ]
