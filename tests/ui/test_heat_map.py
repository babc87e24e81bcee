"""The picture of an evaluation: a PNG that can be read, and sentences where there is none."""

import sys
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluation import METRICS, Pair
from ui.heat_map import require_plotting, write_heat_map

PAIRS = {
    Pair(question, passage): dict.fromkeys(METRICS, 1.0 if question == passage else 0.25)
    for question in ("de", "en", "fi")
    for passage in ("en", "fi")
    if (question, passage) != ("fi", "en")
}


def test_the_picture_is_a_png_with_a_cell_for_each_pair(tmp_path: Path) -> None:
    path = tmp_path / "pairs.png"
    write_heat_map(path, PAIRS)
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    assert 400 < height < width < 1200
    from matplotlib.image import imread

    colours = {tuple(pixel) for row in imread(path)[::5, : width * 2 // 3 : 5] for pixel in row.tolist()}
    assert (1.0, 1.0, 1.0, 1.0) in colours  # around it, and where a pair is missing
    assert len([colour for colour in colours if colour[2] < 0.3 < colour[0]]) >= 1  # yellow: 1.00
    assert len([colour for colour in colours if colour[0] < 0.3 < colour[2]]) >= 1  # blue: 0.25


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("pairs.jpg", r"pairs\.jpg' a name that ends in \.png\."),
        ("nowhere/pairs.png", r"nowhere/pairs\.png' cannot be written: '.*nowhere' is no folder\."),
        ("folder.png", r"folder\.png' cannot be written: it is a folder\."),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_beforehand(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(EvaluationError, match=says):
        require_plotting(tmp_path / name)


def test_a_disk_that_fails_gets_a_sentence() -> None:
    with pytest.raises(EvaluationError, match=r"The picture '/proc/pairs\.png' cannot be written: "):
        write_heat_map(Path("/proc/pairs.png"), PAIRS)


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EvaluationError, match=r"pip install 'footnote\[eval\]'"):
        require_plotting(tmp_path / "pairs.png")
