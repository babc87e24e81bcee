"""The commands about keys and serving, as a user and a script meet them."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ui import cli
from ui.keys import KeyStore, Scope
from ui.logs import SERVER_LOG


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        assert self.out.count("\n") == 1
        return value


Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """What a server changes of the log's level, taken back."""
    server_log = logging.getLogger(SERVER_LOG)
    before = server_log.level
    yield
    server_log.setLevel(before)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `footnote` in this process, in an empty folder with nothing set."""
    for name in [name for name in os.environ if name.startswith(("FOOTNOTE_", "OPENAI_", "SLACK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["footnote", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return Result(int(end.value.code or 0), printed.out, printed.err)

    return run


def test_a_new_key_is_the_only_thing_on_standard_output(run: Run) -> None:
    result = run("keys", "create", "CI bot")
    key = KeyStore(Path(".footnote")).verify(result.out.removesuffix("\n"))
    assert key is not None
    assert (key.name, key.scopes) == ("CI bot", frozenset({Scope.READ}))
    assert (result.code, result.err) == (
        0,
        "The key is shown only now: keep it where 'CI bot' finds it. It may ask, search and read.\n",
    )


def test_a_key_may_be_made_for_changing_documents(run: Run) -> None:
    result = run("keys", "create", "ci", "--write", "--json")
    made = result.object
    key = KeyStore(Path(".footnote")).verify(made.pop("key"))
    assert key is not None
    assert made == {
        "id": key.id,
        "name": "ci",
        "scopes": ["read", "write"],
        "created_at": key.created_at,
        "last_used_at": None,
        "revoked_at": None,
    }
    assert result.err == ""


def test_keys_are_listed_without_their_secrets(run: Run) -> None:
    secret = run("keys", "create", "李雷").out.strip().split("_", 2)[2]
    run("keys", "create", "ci", "--write")
    run("keys", "revoke", "ci")
    shown, listed = run("keys", "list"), run("keys", "list", "--json").object["keys"]
    first, second = KeyStore(Path(".footnote")).all()
    lines = shown.out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["ID", "MAY", "MADE", "LAST", "USED", "REVOKED", "NAME"],
        [first.id, "read", first.created_at[:10], first.created_at[11:16], "-", "-", "李雷"],
    ]
    assert lines[2].split()[0] == second.id
    assert (second.revoked_at or "")[:16].replace("T", " ") in lines[2]
    assert [(key["id"], key["name"], key["revoked_at"]) for key in listed] == [
        (first.id, "李雷", None),
        (second.id, "ci", second.revoked_at),
    ]
    assert secret not in shown.out + str(listed)


def test_without_keys_the_list_says_how_to_make_one_and_makes_nothing(run: Run) -> None:
    assert run("keys", "list") == Result(0, "", "There are no keys. Make one with: footnote keys create NAME\n")
    assert run("keys", "list", "--json").object == {"keys": []}
    assert not Path(".footnote").exists()


def test_revoking_the_last_key_says_that_the_server_stays_closed(run: Run) -> None:
    run("keys", "create", "one")
    run("keys", "create", "two")
    first, second = KeyStore(Path(".footnote")).all()
    assert run("keys", "revoke", "one") == Result(0, f"Revoked: {first.id} one\n", "")
    last = run("keys", "revoke", second.id)
    assert (last.code, last.out) == (0, f"Revoked: {second.id} two\n")
    assert last.err == (
        "No key is left, and the API keeps asking for one. To open it, move '.footnote/keys.sqlite3' away and start "
        "the server again.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("create", "a\nb"), "Error: 'a\\nb' cannot be the name of a key: it has 1 to 100 visible characters.\n"),
        (("revoke", "ci"), "Error: The key 'ci' is not there. `footnote keys list` shows all keys.\n"),
    ],
    ids=["create", "revoke"],
)
def test_what_cannot_be_done_is_one_line(run: Run, arguments: tuple[str, ...], line: str) -> None:
    assert run("keys", *arguments) == Result(1, "", line)
    assert not Path(".footnote").exists()


@pytest.mark.parametrize("page", [True, False], ids=["page", "API alone"])
def test_an_exposed_server_does_not_start_and_says_how_to_go_on(run: Run, page: bool) -> None:
    result = run("serve", "--host", "0.0.0.0", *(() if page else ("--no-ui",)))  # noqa: S104
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith("Error: On '0.0.0.0' everybody on the network could read your documents, because ")
    assert ("`footnote keys create NAME`" in result.err) is not page
    assert not Path(".footnote").exists()
