from collections.abc import Callable, Sequence

from index.documents import Chunk, Document, ScoredChunk
from rag.neighbours import merge_neighbours
from rag.settings import FoldingSettings
from tests.builders import make_document

TEXT = "Eins.  Zwei.\n\nDrei. Vier. 五。六。Fin."
WORDS = ("Eins.", "Zwei.", "Drei.", "Vier.", "五。", "六。", "Fin.")


def part(at: int, *, heading: str = "", source: str = "a.txt") -> Chunk:
    start = TEXT.index(WORDS[at])
    return Chunk(f"{source}-{at}", source, WORDS[at], start, start + len(WORDS[at]), heading)


def ranked(*chunks: Chunk, versions: Sequence[Sequence[Chunk]] = ()) -> list[ScoredChunk]:
    return [
        ScoredChunk(chunk, 1 - at / 10, ("dense", "lexical")[at % 2 :], tuple(versions[at]) if versions else ())
        for at, chunk in enumerate(chunks)
    ]


def documents(*texts: tuple[str, str]) -> Callable[[str], Document | None]:
    known = {source: make_document(text, source=source) for source, text in texts}
    return known.get


A = documents(("a.txt", TEXT))


def merged(
    found: Sequence[ScoredChunk],
    *,
    top_k: int = 10,
    get_document: Callable[[str], Document | None] = A,
    most: int = 3,
) -> list[ScoredChunk]:
    results = merge_neighbours(found, top_k=top_k, get_document=get_document, settings=FoldingSettings(merged=most))
    for result in results:
        document = get_document(result.chunk.source)
        if document is not None and document.text == TEXT:
            assert document.text[result.chunk.start : result.chunk.end] == result.chunk.text
    return results


def shown(results: Sequence[ScoredChunk]) -> list[tuple[str, str]]:
    return [(result.chunk.id, result.chunk.text) for result in results]


def test_neighbours_become_one_result_with_the_id_place_and_score_of_the_better_one() -> None:
    (result,) = merged(ranked(part(1), part(0)))
    assert (result.chunk.id, result.chunk.text, result.score) == ("a.txt-1", "Eins.  Zwei.", 1.0)
    assert result.searchers == ("dense", "lexical")
    assert shown(merged(ranked(part(4), part(5)))) == [("a.txt-4", "五。六。")]
    assert shown(merged(ranked(part(2), part(1)))) == [("a.txt-2", "Zwei.\n\nDrei.")]


def test_one_between_two_joins_them() -> None:
    assert shown(merged(ranked(part(3), part(0), part(2), part(1), part(6)), most=4)) == [
        ("a.txt-3", "Eins.  Zwei.\n\nDrei. Vier."),
        ("a.txt-6", "Fin."),
    ]


def test_the_better_one_keeps_its_place_when_a_worse_one_is_joined_to_it() -> None:
    assert shown(merged(ranked(part(0), part(2), part(6), part(1)))) == [
        ("a.txt-0", "Eins.  Zwei.\n\nDrei."),
        ("a.txt-6", "Fin."),
    ]


def test_no_more_are_merged_than_the_settings_say() -> None:
    found = ranked(*(part(at) for at in range(6)))
    assert shown(merged(found)) == [("a.txt-0", "Eins.  Zwei.\n\nDrei."), ("a.txt-3", "Vier. 五。六。")]
    assert merged(found, most=1) == found


def test_results_apart_under_other_headings_or_of_other_documents_stay() -> None:
    for found in (
        ranked(part(0), part(2)),
        ranked(part(0), part(1, heading="Other")),
        ranked(part(0), part(1, source="b.txt")),
        ranked(part(0), part(0)),
    ):
        assert merged(found, get_document=documents(("a.txt", TEXT), ("b.txt", TEXT))) == found


def test_text_between_two_keeps_them_apart() -> None:
    rule = "Eins.\n***\nZwei."
    found = ranked(Chunk("1", "a.txt", "Eins.", 0, 5), Chunk("2", "a.txt", "Zwei.", 10, 15))
    assert merged(found, get_document=documents(("a.txt", rule))) == found


def test_a_document_that_changed_or_went_is_left_as_it_was_found() -> None:
    found = ranked(part(0), part(1))
    assert merged(found, get_document=documents()) == found
    assert merged(found, get_document=documents(("a.txt", "Uno.!  Zwei."))) == found


def test_only_as_many_as_asked_for_and_none_that_stood_behind_them() -> None:
    found = ranked(part(0), part(3), part(1), part(6), part(4))
    assert shown(merged(found, top_k=2)) == [("a.txt-0", "Eins.  Zwei."), ("a.txt-3", "Vier.")]
    assert shown(merged(found, top_k=3)) == [
        ("a.txt-0", "Eins.  Zwei."),
        ("a.txt-3", "Vier. 五。"),
        ("a.txt-6", "Fin."),
    ]
    assert merged([]) == merged(found, top_k=0) == []


def test_versions_that_follow_each_other_are_merged_too() -> None:
    versions = [[part(3, source="b.txt")], [part(2, source="b.txt"), part(6, source="c.txt")]]
    (result,) = merged(
        ranked(part(0), part(1), versions=versions),
        get_document=documents(*((source, TEXT) for source in ("a.txt", "b.txt", "c.txt"))),
    )
    assert [(chunk.id, chunk.text) for chunk in result.versions] == [("b.txt-3", "Drei. Vier."), ("c.txt-6", "Fin.")]


def test_each_document_is_read_once_and_only_if_two_may_be_neighbours() -> None:
    read: list[str] = []

    def get_document(source: str) -> Document | None:
        read.append(source)
        return A(source)

    settings = FoldingSettings()
    apart = ranked(part(0), part(3), part(6, source="b.txt"))
    assert merge_neighbours(apart, top_k=9, get_document=get_document, settings=settings) == apart
    assert read == []
    merge_neighbours(ranked(part(0), part(6), part(1), part(2)), top_k=9, get_document=get_document, settings=settings)
    assert read == ["a.txt"]
