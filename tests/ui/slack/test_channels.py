"""The file that says what is searched in which channel."""

from pathlib import Path

import pytest

from index.errors import SettingsError
from index.filters import EVERYTHING, DocumentFilter
from ui.slack.channels import read_channels


def written(folder: Path, text: str) -> Path:
    path = folder / "channels.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_is_searched() -> None:
    assert read_channels(None).within("C1") == EVERYTHING
    assert read_channels(None).within("D1", direct=True) == EVERYTHING


def test_each_channel_has_its_documents(tmp_path: Path) -> None:
    rules = read_channels(
        written(
            tmp_path,
            """
            [default]
            folders = ["public"]
            [channels.C0123]
            folders = ["hr"]
            languages = ["de", "ja"]
            since = "2020"
            [channels.C0456]
            allowed = false
            """,
        )
    )
    assert rules.within("C0123") == DocumentFilter(
        folders=frozenset({"hr"}), languages=frozenset({"de", "ja"}), since="2020"
    )
    assert rules.within("C0456") is None
    assert rules.within("C0789") == DocumentFilter(folders=frozenset({"public"}))
    assert rules.within("D0789", direct=True) == DocumentFilter(folders=frozenset({"public"}))


def test_only_named_channels_can_be_allowed(tmp_path: Path) -> None:
    rules = read_channels(written(tmp_path, "default = {allowed = false}\ndirect = {tags = ['x']}\n[channels.C0123]\n"))
    assert rules.within("C0789") is None
    assert rules.within("C0123") == EVERYTHING
    assert rules.within("D0123", direct=True) == DocumentFilter(tags=frozenset({"x"}))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[channels", "cannot be read"),
        ("[chanels.C0123]", "has 'chanels', which says nothing"),
        ("channels = 3", "gives 'channels' a value"),
        ("[channels]\nC0123 = 'hr'", r"gives 'channels\.C0123' a value"),
        ("[channels.general]", "names a channel 'general'. Write its id"),
        ("[channels.C0123]\nfolder = ['hr']", "has 'folder'. It may have: languages, documents, folders"),
        ("[channels.C0123]\nfolders = 'hr'", "Write a list of words"),
        ("[channels.C0123]\nfolders = [3]", "Write a list of words"),
        ("[channels.C0123]\nlanguages = ['german']", "'german' is no language code"),
        ("[default]\nsince = 2020-01-01", "Put the date into quotes"),
        ("[default]\nsince = 'yesterday'", "'yesterday' is no date"),
        ("[default]\nallowed = 'no'", "Write true or false"),
    ],
    ids=lambda value: None if "\n" in value or "[" in value or "=" in value else value[:20],
)
def test_mistake_is_named_with_its_cure(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        read_channels(written(tmp_path, text))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"FOOTNOTE_SLACK_CHANNELS names .*nowhere\.toml"):
        read_channels(tmp_path / "nowhere.toml")
