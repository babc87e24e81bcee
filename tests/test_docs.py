"""What the documentation names exists: settings, commands, options and files."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import AliasChoices

from ui.cli import app
from ui.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "index/models/footnote-static-v1/README.md"]

_SETTING = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")
# A line of a shell block, variables set in front of it included.
_COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(footnote(?: .*)?)$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ROW = re.compile(r"^\| (`.*?) \|", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def settings_by_name() -> dict[str, object]:
    """Every setting's name in the environment, with its default."""
    found: dict[str, object] = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        found[str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"FOOTNOTE_{name.upper()}"] = field.default
    return found


def readme_commands() -> list[str]:
    """Every `footnote …` of the README, from its shell blocks and its running text."""
    lines = [line for block in _FENCE.findall(README) for line in block.splitlines()]
    lines += _CODE_SPAN.findall(_FENCE.sub("", README))
    return [found[1] for line in lines if (found := _COMMAND.match(line.strip()))]


def options_of(command: Any) -> dict[str, bool]:
    """The options of a command of Typer's, and whether each stands alone, without a value."""
    return {
        name: getattr(parameter, "is_flag", False)
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help": True}


def relative_links(page: str) -> Iterator[str]:
    """The links of a page that lead into the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return (link for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link))


def test_env_example_names_every_setting_with_its_default_and_nothing_else() -> None:
    written = dict(_SETTING.findall((ROOT / ".env.example").read_text(encoding="utf-8")))
    defaults = {name: "" if value is None else str(value) for name, value in settings_by_name().items()}
    assert written == defaults


def test_readme_names_only_settings_that_exist() -> None:
    named = set(re.findall(r"\b(?:FOOTNOTE|OPENAI|SLACK)_[A-Z_]+\b", README))
    composed = re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert named <= {*settings_by_name(), *composed}


def test_readme_shows_every_command() -> None:
    shown = {word for command in readme_commands() for word in shlex.split(command, comments=True)}
    assert {"ingest", "ask", "search", "documents", "serve", "doctor", "eval", "keys", "mcp", "slack"} <= shown


@pytest.mark.parametrize("command", sorted(set(readme_commands())))
def test_command_in_readme_exists_with_its_options(command: str) -> None:
    group: Any = typer.main.get_command(app)
    words = shlex.split(command, comments=True)[1:]
    flags = options_of(group)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        assert option in flags
        del words[: 0 if flags[option] else 1]
    if words:
        assert words[0] in group.commands
        assert {word for word in words if word.startswith("-")} <= set(options_of(group.commands[words[0]]))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))))
def test_make_target_in_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("package", ["index", "rag", "ui"])
def test_contributing_maps_exactly_the_modules_there_are(package: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"### `{package}/`")[2].partition("\n### ")[0]
    mapped = [name for row in _ROW.findall(section) for name in re.findall(r"`(\w+\.py)`", row)]
    assert sorted(mapped) == sorted(path.name for path in (ROOT / package).glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page: str) -> None:
    missing = []
    for link in relative_links(page):
        path, _, fragment = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (fragment and fragment not in _anchors(target)):
            missing.append(link)
    assert missing == []


def _anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by, as GitHub makes it."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(page.read_text(encoding="utf-8"))
    }
