import sqlite3
from collections.abc import Iterator

import pytest

from index import lexical_index
from index.analysis import analyse

TEXTS = {
    1: "Die Delegation reist nach Tokio und Kyoto.",
    2: "埼玉県の廃棄物処理会社と協定を結んだ。",
    3: "बैटरी बिजली संग्रहित करती है।",
    4: "แบตเตอรี่เก็บพลังงานไฟฟ้า",
    5: "البطارية تخزن الكهرباء.",
    6: "Батарея хранит электричество.",
    7: "The delegation visits a battery plant.",
}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    lexical_index.create(connection)
    lexical_index.add(connection, ((seq, analyse(text), []) for seq, text in TEXTS.items()))
    yield connection
    connection.close()


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
def test_a_word_finds_its_chunk_first(connection: sqlite3.Connection, query: str, expected: int) -> None:
    assert lexical_index.search(connection, analyse(query), limit=3)[0][0] == expected


def test_scores_fall_and_are_positive(connection: sqlite3.Connection) -> None:
    found = lexical_index.search(connection, analyse("delegation battery plant"), limit=5)
    # 6 and 3 say "battery" in Russian and Hindi, which sounds alike.
    assert [seq for seq, _ in found] == [7, 1, 6, 3]
    assert found[0][1] > found[1][1] > found[2][1] > 0


def test_a_term_in_the_context_counts_for_less_than_in_the_text(connection: sqlite3.Connection) -> None:
    lexical_index.add(connection, [(8, ["stockholm"], []), (9, [], ["stockholm"])])
    assert [seq for seq, _ in lexical_index.search(connection, ["stockholm"], limit=5)] == [8, 9]


def test_a_deleted_chunk_is_not_found(connection: sqlite3.Connection) -> None:
    lexical_index.delete(connection, [1])
    assert lexical_index.search(connection, ["kyoto"], limit=5) == []
    assert lexical_index.count(connection) == len(TEXTS) - 1


@pytest.mark.parametrize("term", ['"', 'a" OR "b', "NEAR(", "body:x", "*", "'; DROP TABLE lexical; --"])
def test_query_syntax_is_only_text(connection: sqlite3.Connection, term: str) -> None:
    assert lexical_index.search(connection, [term], limit=5) == []


def test_no_terms_find_nothing(connection: sqlite3.Connection) -> None:
    assert lexical_index.search(connection, [], limit=5) == []
