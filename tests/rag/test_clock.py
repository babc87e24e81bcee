import time

import pytest

from rag.clock import Clock


def test_steps_are_timed_apart_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 10.25, 11.0, 11.5, 12.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    clock = Clock()
    clock.lap("dense")
    clock.lap("lexical")
    clock.lap("dense")
    assert clock.timings() == {"dense": 0.75, "lexical": 0.75, "total": 2.0}
