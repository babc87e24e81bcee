"""The picture of an evaluation by language pair; the only module that knows matplotlib."""

import math
from collections.abc import Mapping
from pathlib import Path

from rag.errors import EvaluationError
from rag.evaluation import Pair, Scores

METRIC = "ndcg@10"
_CELL = 0.55
_MARGIN = 1.9
# Half of the scale: on the dark half of the colours white figures are read better, on the bright half black ones.
_MIDDLE = 0.5


def require_plotting(path: Path) -> None:
    """Raise what `write_heat_map` would for this path, before the work whose result is to be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise EvaluationError("A picture needs matplotlib. Install it with: pip install 'footnote[eval]'") from error
    if path.suffix.lower() != ".png":
        raise EvaluationError(f"The picture is a PNG: give '{path}' a name that ends in .png.")
    if not path.parent.is_dir():
        raise EvaluationError(f"The picture '{path}' cannot be written: '{path.parent}' is no folder.")
    if path.is_dir():
        raise EvaluationError(f"The picture '{path}' cannot be written: it is a folder.")


def write_heat_map(path: Path, pairs: Mapping[Pair, Scores]) -> None:
    """Write a PNG with nDCG@10 in each cell: a row for each language of questions, a column for each of passages.

    The colours run from 0 to 1 in every picture, so that two can be compared; a pair that was not measured stays empty.

    Raises:
        EvaluationError: If matplotlib is not installed, or the file is no PNG or cannot be written.
    """
    require_plotting(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = sorted({pair.question for pair in pairs})
    columns = sorted({pair.passage for pair in pairs})
    values = [[pairs.get(Pair(row, column), {}).get(METRIC, math.nan) for column in columns] for row in rows]
    figure = Figure(
        figsize=(_MARGIN + 0.8 + _CELL * max(len(columns), 4), _MARGIN + _CELL * len(rows)), layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.set_xlabel("language of the passages")
    axes.set_ylabel("language of the questions")
    axes.set_title("nDCG@10")
    axes.spines[:].set_visible(False)
    for y, line in enumerate(values):
        for x, value in enumerate(line):
            if not math.isnan(value):
                colour = "black" if value > _MIDDLE else "white"
                axes.text(x, y, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
    figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    try:
        figure.savefig(path, format="png", dpi=150)
    except OSError as error:
        raise EvaluationError(f"The picture '{path}' cannot be written: {error.strerror}.") from error
