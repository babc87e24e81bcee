"""How long the steps of a question take."""

import time


class Clock:
    """Seconds per step, and `total`."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Count what has passed since the last lap for a step; one that is taken twice counts as one."""
        now = time.perf_counter()
        self._laps[step] = self._laps.get(step, 0.0) + now - self._last
        self._last = now

    def timings(self) -> dict[str, float]:
        """Return the seconds of each step so far, and of all together."""
        seconds = {**self._laps, "total": time.perf_counter() - self._start}
        return {step: round(value, 4) for step, value in seconds.items()}
