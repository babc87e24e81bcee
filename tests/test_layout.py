"""Rules of CONTRIBUTING.md that the import linter does not see: what importing costs, and what the seeds are."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import regex
import yaml

from index.front_matter import split_front_matter
from index.language import detect_language, normalise_language

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("index", "rag", "ui")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)
# What takes long to import, and the modules whose own import may pay for it.
HEAVY = {
    "torch", "sentence_transformers", "transformers", "chromadb", "gradio", "openai", "langchain_core",
    "langchain_openai", "langsmith", "trafilatura", "icu4py", "py3langid", "charset_normalizer", "tokenizers",
    "safetensors", "slack_bolt", "aiohttp", "fastapi", "mcp", "openinference",
}  # fmt: skip
HOMES = {
    **{module: {"fastapi"} for module in MODULES if module.startswith("ui.api.")},
    **{module: {"slack_bolt", "aiohttp"} for module in MODULES if module.startswith("ui.slack.")},
    **{module: {"gradio", "mcp"} for module in MODULES if module.startswith("ui.chat.")},
    "rag.chain": {"langchain_core", "langsmith", "charset_normalizer"},  # by way of requests
    "rag.chat_model": {"langchain_core", "langchain_openai", "langsmith", "openai"},
}
# All in one interpreter: what is loaded or opened counts for the module that caused it first. The hook sees
# every file that is opened; what Python itself reads to import a module are sources, byte code, shared libraries and
# package metadata.
_IMPORT_ALL = """
import importlib, json, os, sys, sysconfig
opened, answers = [], {}
libraries = tuple(os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    elif event in ("socket.connect", "subprocess.Popen", "os.mkdir", "sqlite3.connect"):
        opened.append(f"{event} {arguments}")
sys.addaudithook(hook)
known = set()
for module in sys.argv[1:]:
    opened.clear()
    importlib.import_module(module)
    packages = {name.partition(".")[0] for name in sys.modules}
    ours = [
        path for path in opened
        if not os.path.realpath(path).startswith((*libraries, "/proc/", "/sys/"))
        and not path.endswith((".py", ".pyc", ".zip")) and ".so" not in path
    ]
    answers[module] = [sorted(packages - known), ours]
    known |= packages
print(json.dumps(answers))
"""


def test_importing_a_module_reads_nothing_and_loads_no_framework() -> None:
    in_order = [*(module for module in MODULES if module not in HOMES), *HOMES]
    child = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *in_order],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert child.stderr == ""
    answers = json.loads(child.stdout)
    assert list(answers) == in_order
    loaded = {
        module: HEAVY.intersection(packages) - HOMES.get(module, set()) for module, (packages, _) in answers.items()
    }
    opened = {
        module: [path for path in files if module not in HOMES or str(ROOT) in path]
        for module, (_, files) in answers.items()
    }
    assert {module: packages for module, packages in loaded.items() if packages} == {}
    assert {module: files for module, files in opened.items() if files} == {}


@pytest.mark.parametrize("package", ["index", "rag", "ui", "ui/chat"])
def test_a_package_itself_is_only_a_docstring(package: str) -> None:
    body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(statement).__name__ for statement in body] == ["Expr"]


def test_settings_are_read_in_one_place() -> None:
    readers = [
        module
        for module in MODULES
        if regex.search(r"os\.environ\b(?!\[[^\]]*\] = )|getenv|BaseSettings", _source(module))
    ]
    assert readers == ["ui.settings"]


def _source(module: str) -> str:
    return (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


# -- Seeds -------------------------------------------------------------------------------------------------------------

SEEDS = sorted((ROOT / "seeds").glob("*/*.md"))
# Scripts without spaces between words: about this many characters stand where a text in English has a word.
CHARACTERS_PER_WORD = {"ja": 2.0, "zh": 1.6, "th": 4.5}


def word_count(text: str, language: str) -> float:
    letters = regex.sub(r"[^\p{L}\p{N}\p{M}]", "", text)
    if language in CHARACTERS_PER_WORD:
        return len(letters) / CHARACTERS_PER_WORD[language]
    return len(regex.findall(r"[\p{L}\p{N}\p{M}]+(?:['’.,-][\p{L}\p{N}\p{M}]+)*", text))


def test_there_are_enough_seeds_in_enough_languages() -> None:
    languages = {path.parent.name for path in SEEDS}
    assert len(SEEDS) >= 24
    assert len(languages) >= 14
    assert languages >= {"de", "fi", "ja", "en", "fr", "es", "it", "sv", "pl", "ru", "zh", "ko", "ar", "hi"}
    assert {path for path in (ROOT / "seeds").rglob("*") if path.is_file()} == set(SEEDS)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_seed_is_complete(path: Path) -> None:
    raw = path.read_text(encoding="utf-8")
    stated, text = split_front_matter(raw, source=path.name)
    assert list(stated) == ["title", "language", "date", "licence", "author"]
    assert (stated["licence"], stated["author"]) == ("CC0-1.0", "Footnote contributors")
    assert regex.fullmatch(r"\d{4}-\d{2}-\d{2}", stated["date"])
    assert stated["title"]
    assert isinstance(yaml.safe_load(raw.split("---")[1]), dict)
    assert normalise_language(stated["language"]) == stated["language"] == path.parent.name
    assert detect_language(text) == stated["language"]
    assert 150 <= word_count(text, stated["language"]) <= 500
    assert "\r" not in raw
    assert raw.endswith("\n")
