"""What became of each candidate, told from what a search left behind."""

from index.documents import Chunk, ScoredChunk
from rag.explanation import Candidate, Fate, Place, explain
from rag.follow_ups import SearchQuestion
from rag.retrieval import SearchSteps
from tests.fakes import make_passage


def scored(name: str, score: float, *, versions: tuple[Chunk, ...] = ()) -> ScoredChunk:
    return ScoredChunk(chunk(name), score, versions=versions)


def chunk(name: str) -> Chunk:
    """A chunk of ten characters; its name says which document it is of and where it starts, as in `a-20`."""
    source, start = name.split("-")
    return Chunk(name, source, "0123456789", int(start), int(start) + 10)


STEPS = SearchSteps(
    dense=[scored("a-100", 0.9), scored("b-0", 0.8), scored("c-0", 0.7), scored("d-0", 0.6)],
    lexical=[scored("e-0", 0.5), scored("b-0", 0.4)],
    ranked=[scored("b-0", 0.95), scored("a-100", 0.9), scored("c-0", 0.2)],
    results=[scored("b-0", 0.95, versions=(chunk("a-100"),)), scored("c-0", 0.2)],
    seconds={"dense": 0.004, "total": 0.009},
)
ALONE = SearchQuestion("?", "?", 0)
PASSAGES = [make_passage("x" * 30, document="b", start=0)]


def test_each_candidate_says_where_it_stood_and_what_became_of_it() -> None:
    explanation = explain(SearchQuestion("And then?", "What came then?", 1), STEPS, PASSAGES)
    assert (explanation.standalone_question, explanation.in_context, explanation.context_share) == (
        "What came then?",
        "",
        0.0,
    )
    assert explanation.seconds == {"dense": 0.004, "total": 0.009}
    text = "0123456789"
    assert list(explanation.candidates) == [
        Candidate("b", 0, 10, text, Place(2, 0.8), Place(2, 0.4), Place(1, 0.95), Fate.SHOWN, passage=1),
        Candidate("a", 100, 110, text, Place(1, 0.9), None, Place(2, 0.9), Fate.SAME, same_as="b#char=0,10"),
        Candidate("c", 0, 10, text, Place(3, 0.7), None, Place(3, 0.2), Fate.SURPLUS),
        Candidate("e", 0, 10, text, None, Place(1, 0.5), None, Fate.OUTRANKED),
        Candidate("d", 0, 10, text, Place(4, 0.6), None, None, Fate.OUTRANKED),
    ]


def test_a_neighbour_that_a_passage_took_in_is_shown() -> None:
    passages = [make_passage("x" * 40, number=3, document="c", start=0)]
    explanation = explain(ALONE, STEPS, passages)
    fates = {candidate.document: (candidate.fate, candidate.passage) for candidate in explanation.candidates}
    assert fates["c"] == (Fate.SHOWN, 3)
    assert fates["b"] == (Fate.SURPLUS, None)


def test_what_was_searched_beside_the_question_is_named() -> None:
    explanation = explain(SearchQuestion("And then?", "And then? What came?", 0.75), STEPS, PASSAGES)
    assert (explanation.standalone_question, explanation.in_context, explanation.context_share) == (
        "And then?",
        "And then? What came?",
        0.75,
    )


def test_a_search_that_finds_nothing_explains_nothing() -> None:
    assert explain(ALONE, SearchSteps(), []).candidates == ()
