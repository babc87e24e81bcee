from pathlib import Path

import numpy as np
import pytest

from bench import speed
from bench.collection import Question, split
from bench.measuring import Spread, Stopwatch, nearest, recall, spread
from bench.speed import Measured, Times, build, measure, show
from index.knowledge_base import open_catalog

ROWS = [
    {"en": f"There are {number} ships in the harbour today.", "de": f"Heute liegen {number} Schiffe im Hafen."}
    for number in range(1, 401)
]


class Clock:
    """Is one second later each time it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Shop:
    """Something whose methods call one another."""

    def sell(self) -> str:
        return self.fetch() + self.fetch()

    def fetch(self) -> str:
        return "pear"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("homes") / "100"
    build(folder, split(ROWS, questions=4), chunks=10)
    return folder


def test_median_and_95th_percentile_are_measured_values() -> None:
    assert spread([float(value) for value in range(100, 0, -1)]) == Spread(50, 95)
    assert spread([7.0]) == Spread(7, 7)


def test_nearest_rows_come_best_first() -> None:
    vectors = np.array([[0.1], [0.9], [0.5], [0.7]], np.float32)
    assert nearest(vectors, np.array([1], np.float32), limit=3).tolist() == [1, 3, 2]
    assert nearest(vectors, np.array([-1], np.float32), limit=9).tolist() == [0, 2, 3, 1]


def test_recall_is_the_share_of_exact_neighbours_among_as_many_found() -> None:
    assert recall([[1, 2, 3], [4, 5, 6]], [[2, 1, 9], [6, 7, 8]], at=2) == 0.5
    assert recall([[1, 2]], [[1]], at=2) == 1


def test_stopwatch_counts_a_function_without_those_it_calls() -> None:
    stopwatch = Stopwatch(Clock())
    with stopwatch.watching([(Shop, "sell", "selling"), (Shop, "fetch", "fetching")]), stopwatch.stage("rest"):
        assert Shop().sell() == "pearpear"
    # Seven ticks from the first look at the clock to the last: two fetches of one each lie within a sale of five.
    assert dict(stopwatch.seconds) == {"fetching": 2, "selling": 3, "rest": 2}


def test_watched_functions_are_put_back_even_after_an_error() -> None:
    former = Shop.sell
    with pytest.raises(KeyError), Stopwatch().watching([(Shop, "sell", "selling")]):
        raise KeyError
    assert Shop.sell is former


def test_questions_are_in_no_document_and_languages_take_turns() -> None:
    collection = split(ROWS, questions=4)
    texts = "\n".join(document.text for document in collection.documents())
    assert sorted(question.language for question in collection.questions) == ["de", "de", "en", "en"]
    assert [question.text in texts for question in collection.questions] == [False] * 4
    assert sum(map(len, collection.sentences.values())) == 796


def test_documents_are_always_the_same_and_hold_every_sentence_once() -> None:
    collection = split(ROWS, questions=0)
    documents = list(collection.documents())
    assert documents == list(split(ROWS, questions=0).documents())
    assert sorted({document.language for document in documents}) == ["de", "en"]
    text = " ".join(document.text.replace("\n\n", " ") for document in documents)
    assert len(text) == sum(len(sentence) + 1 for row in ROWS for sentence in row.values()) - 1


def test_a_home_is_made_with_no_more_documents_than_needed(home: Path) -> None:
    catalog = open_catalog(home)
    assert len(catalog.documents()) == 1
    assert catalog.count_chunks() >= 10
    catalog.close()


def test_every_stage_that_is_named_is_part_of_a_search(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "WARM_UP", 1)
    measured = measure(home, [Question("en", "How many ships?"), Question("de", "Wie viele Schiffe?")])
    assert measured.documents == 1
    # A lone document has no translations that vectors are needed for.
    assert set(measured.stages) == {"rest", *(stage for _, _, stage in speed.STAGES)} - {"vectors for folding"}
    assert set(measured.floors) == {"exact scan", "Chroma alone", "lexical index alone"}


def test_report_compares_a_search_with_each_floor(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        Measured(
            chunks=10_000,
            documents=120,
            search=Times(Spread(6, 9), 5),
            floors={"exact scan": Times(Spread(0.5, 1), 0.5)},
            stages={"rest": (1, 1), "Chroma": (5, 3)},
        )
    )
    assert capsys.readouterr().out.splitlines() == [
        "",
        "10,000 chunks of 120 documents",
        "                             p50 ms   p95 ms   cpu ms    search is",
        "  search                       6.00     9.00     5.00",
        "  exact scan                   0.50     1.00     0.50      12.0 x",
        "  where the time goes       mean ms   cpu ms    share",
        "  Chroma                       5.00     3.00      75%",
        "  rest                         1.00     1.00      25%",
    ]
