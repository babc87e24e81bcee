"""The lexical index: every language finds its own, exactly the best, for readers while it is written."""

import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.analysis import analyse
from index.errors import StoreError
from index.lexical_index import MAX_QUERY_TERMS, Condition, LexicalEntry, LexicalIndex

TEXTS = {
    1: "Die Delegation reist nach Tokio und Kyoto.",
    2: "埼玉県の廃棄物処理会社と協定を結んだ。",
    3: "बैटरी बिजली संग्रहित करती है।",
    4: "แบตเตอรี่เก็บพลังงานไฟฟ้า",
    5: "البطارية تخزن الكهرباء.",
    6: "Батарея хранит электричество.",
    7: "The delegation visits a battery plant.",
}


def entry(
    seq: int, terms: Sequence[str], *, context: Sequence[str] = (), source: str = "a.txt", language: str = "en"
) -> LexicalEntry:
    return LexicalEntry(seq, terms, context, source, language)


def add(index: LexicalIndex, *entries: LexicalEntry) -> None:
    with index.writing() as writer:
        writer.add(entries)
        writer.commit()


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    index = LexicalIndex(tmp_path / "lexical")
    add(index, *(entry(seq, analyse(text)) for seq, text in TEXTS.items()))
    return index


def seqs(index: LexicalIndex, terms: Sequence[str], *, limit: int = 5, within: Condition | None = None) -> list[int]:
    return [seq for seq, _ in index.search(terms, limit=limit, within=within)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("Kyoto", 1, id="de"),
        pytest.param("廃棄物", 2, id="ja"),
        pytest.param("बिजली", 3, id="hi"),
        pytest.param("พลังงาน", 4, id="th"),
        pytest.param("الكهرباء", 5, id="ar"),
        pytest.param("электричества", 6, id="ru-inflected"),
        pytest.param("BATTERIES", 7, id="en-inflected"),
    ],
)
def test_a_word_finds_its_chunk_first(index: LexicalIndex, query: str, expected: int) -> None:
    assert seqs(index, analyse(query))[0] == expected


def test_the_score_is_bm25(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    add(index, entry(1, ["a", "b", "b"]), entry(2, ["a", "c", "c"]), entry(3, ["d", "d", "d"]))
    # idf = ln(1 + (3 - 1 + 0.5) / (1 + 0.5)) = 0.98083; tf = 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 3)) = 1.375
    ((seq, score),) = index.search(["b"], limit=5)
    assert seq == 1
    assert score == pytest.approx(1.3486, abs=1e-4)


@pytest.mark.parametrize(
    ("terms", "information"),
    [
        pytest.param(["b"], math.log1p(2.5 / 1.5), id="in-one"),
        pytest.param(["a"], math.log1p(1.5 / 2.5), id="in-two"),
        pytest.param(["x"], math.log1p(3.5 / 0.5), id="nowhere"),
        pytest.param(["h"], math.log1p(3.5 / 0.5), id="in-headings-only"),
        pytest.param(["b", "a", "b", "x", "a"], sum(map(math.log1p, (2.5 / 1.5, 1.5 / 2.5, 7))), id="each-once"),
        pytest.param([], 0.0, id="none"),
    ],
)
def test_information_is_the_sum_of_inverse_document_frequencies(
    terms: list[str], information: float, tmp_path: Path
) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    add(index, entry(1, ["a", "b", "b"]), entry(2, ["a", "c", "c"], context=["h"]), entry(3, ["d", "d", "d"]))
    assert index.information(terms) == pytest.approx(information, abs=1e-9)


def test_information_is_of_the_terms_that_are_searched(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    add(index, entry(1, ["a", "b"]), entry(2, ["c"]))
    assert index.information(["a"] * MAX_QUERY_TERMS + ["b"]) == index.information(["a", "b"])
    many = [str(n) for n in range(MAX_QUERY_TERMS)]
    assert index.information([*many, "b"]) == index.information(many)


@pytest.mark.parametrize("deleted", [1, 5, 9])
def test_information_stays_above_zero_when_chunks_are_deleted(deleted: int, tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    add(index, *(entry(seq, ["same", "words"]) for seq in range(1, 11)))
    with index.writing() as writer:
        writer.delete(range(1, deleted + 1))
        writer.commit()
    assert index.information(["same"]) == pytest.approx(math.log1p(0.5 / 10.5))


def test_what_is_not_there_holds_no_information(tmp_path: Path) -> None:
    assert LexicalIndex(tmp_path / "nowhere").information(["kyoto"]) == 0.0


def test_equal_chunks_come_in_order_of_their_numbers_however_many_are_wanted(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    for start in (20, 0, 10):
        add(index, *(entry(start + n, ["same", "words"]) for n in range(1, 11)))
    for limit in (1, 4, 15, 40):
        assert seqs(index, ["words", "same"], limit=limit) == list(range(1, min(limit, 30) + 1))


def test_a_term_in_the_context_counts_for_less_than_in_the_text(index: LexicalIndex) -> None:
    add(index, entry(8, ["stockholm"]), entry(9, ["other"], context=["stockholm"]))
    assert seqs(index, ["stockholm"]) == [8, 9]


def test_conditions_leave_out_others_and_change_no_score(index: LexicalIndex) -> None:
    add(
        index,
        entry(11, ["kyoto"], source="x.md", language="de"),
        entry(12, ["kyoto", "osaka"], source="y.md", language="fi"),
        entry(13, ["kyoto", "osaka", "nara"], source="z.md", language="zh-Hant"),
    )
    everywhere = dict(index.search(["kyoto"], limit=9))
    assert list(everywhere) == [11, 12, 13, 1]
    for condition, expected in [
        (Condition("language", ["de", "zh-Hant"]), [11, 13]),
        (Condition("source", ["y.md", "nowhere.md"]), [12]),
        (Condition("source", []), []),
        (Condition("language", ["sv"]), []),
    ]:
        found = dict(index.search(["kyoto"], limit=9, within=condition))
        assert list(found) == expected
        assert found == {seq: pytest.approx(everywhere[seq], abs=1e-3) for seq in expected}
    assert seqs(index, ["kyoto"], limit=1, within=Condition("source", ["z.md"])) == [13]


def test_a_deleted_chunk_is_not_found(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.delete([1, 99])
        writer.commit()
    assert index.search(["kyoto"], limit=5) == []
    assert index.count() == len(TEXTS) - 1


@pytest.mark.parametrize("term", ['"', 'a" OR "b', "NEAR(", "body:x", "*", "'; DROP TABLE lexical; --"])
def test_query_syntax_is_only_text(index: LexicalIndex, term: str) -> None:
    assert index.search([term], limit=5) == []


def test_no_terms_find_nothing(index: LexicalIndex) -> None:
    assert index.search([], limit=5) == []


def test_what_is_not_there_finds_nothing(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "nowhere")
    assert (index.search(["kyoto"], limit=5), index.last_seq(), index.count()) == ([], 0, 0)
    assert not (tmp_path / "nowhere").exists()


def test_what_was_not_committed_is_dropped(index: LexicalIndex) -> None:
    with index.writing() as writer:
        writer.add([entry(8, ["stockholm"])])
    assert (index.last_seq(), index.count()) == (7, 7)


def test_a_commit_that_was_killed_before_its_end_is_made_again(index: LexicalIndex) -> None:
    meta = index.folder / "meta.json"
    before = meta.read_bytes()

    def delete() -> None:
        with index.writing() as writer:
            writer.delete([1])
            writer.commit()

    delete()
    meta.write_bytes(before)  # the last file that a commit writes
    assert seqs(LexicalIndex(index.folder), analyse("Kyoto"))[:1] == [1]
    delete()
    assert 1 not in seqs(LexicalIndex(index.folder), analyse("Kyoto"))
    assert seqs(LexicalIndex(index.folder), analyse("battery"))[:1] == [7]


def test_a_reader_sees_the_next_commit_of_another(index: LexicalIndex) -> None:
    reader = LexicalIndex(index.folder)
    assert seqs(reader, ["stockholm"]) == []
    add(index, entry(8, ["stockholm"]))
    assert seqs(reader, ["stockholm"]) == [8]
    assert (reader.last_seq(), reader.count()) == (8, 8)


def test_the_writers_threads_end_with_it(index: LexicalIndex) -> None:
    task = Path("/proc/self/task")
    if not task.exists():
        pytest.skip("needs /proc")
    before = len(list(task.iterdir()))
    for n in range(5):
        add(index, entry(100 + n, ["word"]))
    del n
    deadline = time.monotonic() + 20
    while len(list(task.iterdir())) > before + 1 and time.monotonic() < deadline:
        time.sleep(0.05)  # the system forgets a thread a moment after it has ended
    assert len(list(task.iterdir())) <= before + 1  # the index's watcher of its folder


def test_threads_search_while_it_is_written(index: LexicalIndex) -> None:
    failures: list[Exception] = []
    written = threading.Event()

    def search() -> None:
        known = 0
        while not written.is_set():
            found = seqs(index, ["word"], limit=100)
            if found != list(range(101, 101 + len(found))) or len(found) < known:
                failures.append(AssertionError(found))
            known = len(found)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(20):
        add(index, entry(101 + n, ["word"]))
    written.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seqs(index, ["word"], limit=100) == list(range(101, 121))


@pytest.mark.parametrize("suffix", ["meta.json", ".term", ".idx", ".fast"])
def test_a_damaged_folder_is_named_with_the_cure(index: LexicalIndex, suffix: str) -> None:
    (damaged,) = [path for path in index.folder.iterdir() if path.name.endswith(suffix) and path.name[0] != "."]
    damaged.write_bytes(damaged.read_bytes()[:10])
    with pytest.raises(StoreError, match=r"lexical' cannot be used .*delete that folder"):
        LexicalIndex(index.folder).search(["kyoto"], limit=1)
