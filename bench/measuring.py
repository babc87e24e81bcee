"""What benchmarks of searching share: exact neighbours, recall, percentiles, and where the time of a call goes."""

import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of some measurements."""

    p50: float
    p95: float


def spread(measured: Sequence[float]) -> Spread:
    """Summarise measurements; the 95th percentile is the smallest that 95 % do not exceed."""
    ordered = sorted(measured)
    return Spread(ordered[(len(ordered) - 1) // 2], ordered[-(-len(ordered) * 95 // 100) - 1])


def nearest(vectors: Vectors, question: NDArray[np.float32], *, limit: int) -> NDArray[np.int64]:
    """Return the rows most similar to a question by looking at all of them, best first."""
    similarities = vectors @ question
    limit = min(limit, len(vectors))
    best = np.argpartition(-similarities, limit - 1)[:limit]
    return best[np.argsort(-similarities[best], kind="stable")]


def recall(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]], *, at: int) -> float:
    """Return which share of the first `at` exact neighbours is among the first `at` that were found."""
    hits = [len({*some[:at]} & {*right[:at]}) / len(right[:at]) for some, right in zip(found, exact, strict=True)]
    return sum(hits) / len(hits)


def in_new_process(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Call a function where nothing is loaded or in memory yet."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


class Stopwatch:
    """Adds up the time spent in watched functions, each without that of those it calls."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """What has been added up, by stage."""
        self._clock = clock
        self._inner = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as a stage."""
        started = self._clock()
        self._inner.append(0.0)
        try:
            yield
        finally:
            passed = self._clock() - started
            self.seconds[name] += passed - self._inner.pop()
            self._inner[-1] += passed

    @contextmanager
    def watching(self, places: Sequence[tuple[object, str, str]]) -> Iterator[None]:
        """Time functions while the block runs, each given as (class or module that holds it, its name, stage)."""
        former = [(holder, name, inspect.getattr_static(holder, name)) for holder, name, _ in places]
        try:
            for (holder, name, stage), (_, _, function) in zip(places, former, strict=True):
                setattr(holder, name, self._timed(function, stage))
            yield
        finally:
            for holder, name, function in former:
                setattr(holder, name, function)

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            with self.stage(stage):
                return function(*arguments, **options)

        return timed
