"""The wheel: what is in it, and that it works alone, from an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ["index", "rag", "ui", "prompts", "seeds"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, so that nothing of the build stays in it."""
    tree = tmp_path_factory.mktemp("tree") / "footnote"
    shutil.copytree(
        ROOT,
        tree,
        ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__", ".footnote", ".env", "build", "dist"),
        symlinks=True,
    )
    (tree / "ui" / "__pycache__").mkdir()
    (tree / "ui" / "__pycache__" / "stale.pyc").write_bytes(b"")
    output = tree.parent / "dist"
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", output, tree],
        check=True,
        capture_output=True,
        cwd=tree.parent,
    )
    (wheel,) = output.iterdir()
    return wheel


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; what it depends on comes from the running environment.

    The path file names only the folder of packages: a folder that is added so has its own path files left unread, and
    with them the one of the editable checkout.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
    python = folder / "bin" / "python"
    shown = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    site = Path(shown.stdout.strip())
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"),
            *("--constraint", ROOT / "constraints.txt", "--disable-pip-version-check", wheel),
        ],
        check=True,
        capture_output=True,
    )
    # Last on the path, so that what was installed here goes first.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


def clean_environment() -> dict[str, str]:
    """The environment without settings, and without a way back into the checkout."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FOOTNOTE_", "OPENAI_", "PYTHON", "VIRTUAL_ENV"))
    }


def run(*arguments: str | Path, cwd: Path) -> str:
    result = subprocess.run(
        arguments, cwd=cwd, env=clean_environment(), capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def tree_files(*parts: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for part in parts
        for path in (ROOT / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_the_wheel_holds_every_file_of_the_program_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = "footnote-0.1.0.dist-info"
    assert {name.partition("/")[0] for name in names} == {*PARTS, info}
    held = {name for name in names if not name.startswith(info)}
    assert held == tree_files(*PARTS)
    assert {name for name, count in Counter(names).items() if count > 1} == set()
    models = {name for name in held if name.startswith("index/models/footnote-static-v1/")}
    assert {Path(name).name for name in models} >= {"model.safetensors", "tokenizer.json", "modules.json"}
    assert "prompts/answer.md" in held
    assert {Path(name).suffix for name in held if name.startswith("ui/")} >= {".py", ".css", ".js", ".svg"}
    assert len([name for name in held if name.startswith("seeds/")]) >= 24


def test_the_wheel_needs_no_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("footnote-0.1.0.dist-info/METADATA").decode()
        scripts = archive.read("footnote-0.1.0.dist-info/entry_points.txt").decode()
    requirements = HeaderParser().parsestr(text).get_all("Requires-Dist", [])
    core = [requirement for requirement in requirements if "extra ==" not in requirement]
    assert any(requirement.startswith("chromadb") for requirement in core)
    assert not [requirement for requirement in core if "torch" in requirement or "transformers" in requirement.lower()]
    assert [requirement for requirement in requirements if requirement.endswith("; extra == 'models'")] == [
        "sentence-transformers<7,>=5.2; extra == 'models'"
    ]
    assert "footnote = ui.cli:main" in scripts


@pytest.mark.timeout(120)
def test_the_wheel_answers_from_its_own_seeds_in_an_empty_folder(environment: Path, tmp_path: Path) -> None:
    python, footnote = environment / "bin" / "python", environment / "bin" / "footnote"
    where = "import index.catalog, rag.assistant, ui.cli, ui.build as b; print(*(m.__file__ for m in "
    where += "(index.catalog, rag.assistant, ui.cli, b)), b.SEEDS, sep='\\n')"
    *files, seeds = run(python, "-c", where, cwd=tmp_path).splitlines()
    assert {Path(file).is_relative_to(environment) for file in [*files, seeds]} == {True}

    done = run(footnote, "ingest", seeds, cwd=tmp_path)
    count = len(list((ROOT / "seeds").glob("*/*.md")))
    assert done.splitlines()[-1] == f"{count} indexed"
    answer = json.loads(
        run(footnote, "ask", "--json", "Minkä jätehuoltoyhtiön kanssa Lahti tekee yhteistyötä?", cwd=tmp_path)
    )
    first = answer["citations"][0]
    assert first["document"].endswith("seeds/fi/lahti-saitama-yhteistyo.md")
    assert "Ishizaka" in first["quote"]
    text = Path(tmp_path, first["document"]).read_text(encoding="utf-8").split("---\n", 2)[2]
    assert text[first["start"] : first["end"]] == first["quote"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".footnote"]
