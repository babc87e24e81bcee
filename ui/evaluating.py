"""What `footnote eval` does: index a question set apart from the user's documents, and ask its questions."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from index.ingest import Outcome, State
from rag.errors import EvaluationError
from rag.evaluation import Evaluation, evaluate, plan, require_metrics
from rag.question_sets import load_question_set, sample
from rag.retrieval import Searcher
from ui.build import build_reranker, build_search, open_apart
from ui.settings import Settings

Bar = Callable[[str, int], AbstractContextManager[Callable[[], object]]]
"""A label and a number of steps → a progress bar, open until the block ends, and what to call after each step."""


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation, and why passages could not be indexed and so not be found, one reason each."""

    evaluation: Evaluation
    failed: tuple[str, ...]


def evaluate_folder(
    settings: Settings,
    folder: Path,
    *,
    split: str | None,
    most: int | None,
    by_language_pair: bool,
    searcher: Searcher,
    bar: Bar,
) -> Report:
    """Measure the search with these settings on a question set in BEIR layout.

    Args:
        settings: Whose embedding model and reranker are used.
        folder: The question set.
        split: Which of its judgements; `None` for `test`, or the only ones.
        most: Questions of each language at most; `None` for all.
        by_language_pair: Whether the passages of each language are searched on their own.
        searcher: The step at which the search stops.
        bar: Shows progress.

    Raises:
        EvaluationError: If the folder holds no question set, or ir-measures is not installed.
    """
    require_metrics()
    question_set = load_question_set(folder, split=split)
    if most is not None:
        question_set = replace(question_set, questions=sample(question_set.questions, most=most))
    reranker = build_reranker(settings)  # before the work, as it may not be there
    failed: list[str] = []

    def count(outcome: Outcome) -> None:
        if outcome.state is State.FAILED:
            failed.append(outcome.reason)
        step()

    with ExitStack() as stack:
        with bar("Indexing", question_set.passages) as step:
            opened = open_apart(settings, question_set.documents(), progress=count)
            knowledge_base = stack.enter_context(opened)
        trials = plan(question_set, languages=knowledge_base.languages(), by_language_pair=by_language_pair)
        if not trials:
            raise EvaluationError(f"No right passage of '{folder}' could be indexed: {failed[0]}")
        with bar("Searching", len(trials)) as step:
            search = build_search(settings, knowledge_base, searcher=searcher, reranker=reranker)
            evaluation = evaluate(trials, search, progress=step)
    return Report(evaluation, tuple(failed))
