"""The README's examples in Python, run as they stand over the starter articles and a server of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embedding import StaticEmbedder
from tests.ui.api.served_app import app_over, served
from ui.build import open_assistant
from ui.settings import Settings

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def address(seeds_home: Path, bundled: StaticEmbedder) -> Iterator[str]:
    settings = Settings.model_construct(home=seeds_home)
    with (
        open_assistant(settings) as assistant,
        served(app_over(assistant, home=seeds_home, bundled=bundled)) as address,
    ):
        yield address


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.fixture
def surroundings(seeds_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without `.env`, and the starter articles as the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_HOME", str(seeds_home))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # an example ends with its program
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("example", EXAMPLES, ids=[f"example-{at}" for at in range(1, len(EXAMPLES) + 1)])
def test_an_example_prints_an_answer(example: str, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example.replace(ADDRESS, address), "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102
    assert re.search(r"\[1\]", capsys.readouterr().out)
