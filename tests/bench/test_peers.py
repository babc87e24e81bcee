from dataclasses import replace
from math import isnan, log2
from pathlib import Path

import pytest

from bench.peer_searches import PEERS, Peer
from bench.peers import Asked, main, missing, ndcg, percentile, plan, rank, recall
from bench.xquad import Query

ASKED = Asked(language="en", answered="de", rank=1, seconds=0.1, cpu_seconds=0.1)


def queries(language: str, count: int) -> list[Query]:
    return [Query(language, f"{language} {number}", str(number), {}) for number in range(count)]


def test_every_language_is_asked_in_its_own_and_in_turn_in_all_others() -> None:
    asked = {language: queries(language, 5) for language in ("en", "de", "fi")}
    planned = [(query.text, answered) for query, answered in plan(asked, every=2)]
    assert planned[:6] == [
        ("en 0", "en"), ("en 0", "de"), ("en 2", "en"), ("en 2", "fi"), ("en 4", "en"), ("en 4", "de"),
    ]  # fmt: skip
    assert [answered for text, answered in planned if text == "fi 0"] == ["fi", "en"]


def test_a_single_language_is_only_asked_in_itself() -> None:
    assert [answered for _query, answered in plan({"en": queries("en", 2)}, every=1)] == ["en", "en"]


def test_a_passage_ranks_where_its_best_chunk_does() -> None:
    assert rank(["7", "7", "3", "7", "5"], "3") == 2
    assert rank(["7", "7", "3"], "4") is None


def test_only_the_first_ten_passages_count_however_many_chunks_they_have() -> None:
    found = [str(number) for number in range(12) for _chunk in range(2)]
    assert rank(found, "9") == 10
    assert rank(found, "10") is None


def test_gain_falls_with_the_rank_and_a_missed_passage_has_none() -> None:
    asked = [replace(ASKED, rank=place) for place in (1, 2, None)]
    assert ndcg(asked) == pytest.approx((1 + 1 / log2(3) + 0) / 3)
    assert recall(asked, at=1) == pytest.approx(1 / 3)
    assert recall(asked, at=10) == pytest.approx(2 / 3)


def test_nothing_asked_has_no_figures() -> None:
    assert isnan(ndcg([]))
    assert isnan(recall([], at=1))


def test_percentiles_are_figures_that_were_measured() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 95) == 4.0
    assert percentile([1.0], 50) == 1.0


def test_packages_that_are_not_installed_are_named() -> None:
    assert missing(Peer(("numpy", "no-such-peer"), PEERS["footnote"].build)) == ["no-such-peer"]


def test_a_peer_without_its_packages_is_left_out_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(PEERS, "absent", Peer(("no-such-peer",), PEERS["footnote"].build))
    monkeypatch.setattr("sys.argv", ["peers", str(tmp_path), "--peers", "absent"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "absent is left out; it needs: pip install no-such-peer" in capsys.readouterr().out.splitlines()
