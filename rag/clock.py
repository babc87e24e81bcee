"""How long the steps of a question take."""

import time
from collections.abc import Callable
from contextvars import ContextVar

step_listener: ContextVar[Callable[[str, float], None] | None] = ContextVar("step_listener", default=None)
"""Told the name and the seconds of each step when it ends, by whoever wants to see inside a question (`ui.tracing`)."""


class Clock:
    """Seconds per step, and `total`."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Count what has passed since the last lap for a step; one that is taken twice counts as one."""
        now = time.perf_counter()
        seconds = now - self._last
        self._laps[step] = self._laps.get(step, 0.0) + seconds
        self._last = now
        if (listener := step_listener.get()) is not None:
            listener(step, seconds)

    def timings(self) -> dict[str, float]:
        """Return the seconds of each step so far, and of all together."""
        seconds = {**self._laps, "total": time.perf_counter() - self._start}
        return {step: round(value, 4) for step, value in seconds.items()}
