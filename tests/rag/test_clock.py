import time

import pytest

from rag.clock import Clock, step_listener


def test_steps_are_timed_apart_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 10.25, 11.0, 11.5, 12.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    clock = Clock()
    clock.lap("dense")
    clock.lap("lexical")
    clock.lap("dense")
    assert clock.timings() == {"dense": 0.75, "lexical": 0.75, "total": 2.0}


def test_whoever_listens_hears_each_step_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 10.25, 11.0, 11.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    heard: list[tuple[str, float]] = []
    clock = Clock()
    clock.lap("dense")
    token = step_listener.set(lambda step, seconds: heard.append((step, seconds)))
    clock.lap("lexical")
    clock.lap("dense")
    step_listener.reset(token)
    assert heard == [("lexical", 0.75), ("dense", 0.5)]
