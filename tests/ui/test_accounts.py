"""Accounts: the setting, what it refuses without showing a secret, and how passwords are compared."""

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from index.errors import SettingsError
from ui.accounts import Accounts, Attempts, account_line, check_name, hash_password

FOOTNOTE = Path(sys.executable).parent / "footnote"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "päässäni"  # noqa: S105
HASH = CHEAP.hash(unicodedata.normalize("NFC", PASSWORD))


@pytest.mark.parametrize("separator", [" ", "\n", "\r\n  ", "\t"])
def test_several_people_may_log_in(separator: str) -> None:
    accounts = Accounts(separator.join(f"{name}:{HASH}" for name in ("anna", "yrjö", "李雷", "محمد", "अनिता")))
    for name in ("anna", "yrjö", "李雷", "محمد", "अनिता"):
        assert accounts.verify(name, PASSWORD)
        assert not accounts.verify(name, PASSWORD + "x")
    assert not accounts.verify("eve", PASSWORD)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_with_marks_match_however_a_system_writes_them(form: str) -> None:
    accounts = Accounts(f"yrjö:{HASH}")
    assert accounts.verify(unicodedata.normalize(form, "yrjö"), unicodedata.normalize(form, PASSWORD))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["anna", "eve"], ids=["known", "unknown"])
def test_a_name_costs_one_comparison_whether_it_is_known_or_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    accounts = Accounts(f"anna:{HASH}")
    compared: list[str] = []

    class Counting:
        def verify(self, hashed: str, password: str) -> bool:
            compared.append(hashed)
            return CHEAP.verify(hashed, password)

    monkeypatch.setattr("ui.accounts._HASHER", Counting())
    accounts.verify(name, "wrong")
    assert compared == [HASH]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("  \n", "FOOTNOTE_AUTH names nobody."),
        (HASH, "Entry 1 of FOOTNOTE_AUTH does not begin with a name and a colon."),
        (f"anna:{HASH} :{HASH}", "Entry 2 of FOOTNOTE_AUTH does not begin with a name and a colon."),
        ("anna secret", "Entry 1 of FOOTNOTE_AUTH does not begin with a name and a colon."),
        ("anna:secret", "FOOTNOTE_AUTH has no usable password hash for 'anna'."),
        ("anna:=19=65536,t=3,p=4", "FOOTNOTE_AUTH has no usable password hash for 'anna'."),
        ("anna:" + HASH.replace("m=8", "m=4294967295"), "FOOTNOTE_AUTH has no usable password hash for 'anna'."),
        ("anna:" + HASH[:-10] + "é", "FOOTNOTE_AUTH has no usable password hash for 'anna'."),
        ("anna:" + CHEAP.hash(""), "FOOTNOTE_AUTH has no usable password hash for 'anna'."),
        (f"anna:{HASH} anna:{HASH}", "FOOTNOTE_AUTH names 'anna' twice."),
        (f"yrjö:{HASH} yrjo\u0308:{HASH}", "FOOTNOTE_AUTH names 'yrjö' twice."),
    ],
    ids=map(str, range(11)),  # hashes differ from process to process, ids must not
)
def test_an_unusable_setting_is_refused_without_a_secret(setting: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Accounts(setting)
    assert unicodedata.normalize("NFC", str(refused.value)).startswith(message)
    assert "secret" not in str(refused.value)
    assert "argon2" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a'b", 'a"b', "a\\b", "a\nb", "a\0b", "x" * 101])
def test_names_that_would_break_the_setting_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be used as a name to log in with"):
        check_name(name)


@pytest.mark.parametrize("name", ["anna", "anna.k@example.org", "yrjö", "李雷", "محمد", "अनिता", "<b>"])
def test_printed_line_lets_its_owner_in(name: str) -> None:
    line = account_line(name, "correct horse")
    found = re.fullmatch(r"FOOTNOTE_AUTH='(\S+:\$argon2id\$\S+)'", line)
    assert found is not None
    assert Accounts(found[1]).verify(name, "correct horse")
    assert "horse" not in line


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1001])
def test_passwords_that_are_too_short_or_too_long_are_refused(password: str) -> None:
    with pytest.raises(SettingsError, match=r"^A password has 8 to 1000 characters\. Choose another\.$"):
        account_line("anna", password)


def test_each_hash_is_salted() -> None:
    assert hash_password("correct horse") != hash_password("correct horse")


def test_attempts_remember_a_bounded_number_of_keys() -> None:
    attempts = Attempts(allowed=1, seconds=60, keys=2, clock=lambda: 0)
    for key in ("a", "b", "c"):
        attempts.failed(key)
    assert [attempts.exhausted(key) for key in ("a", "b", "c", "d")] == [False, True, True, False]


def test_failures_count_for_their_time_only() -> None:
    now = [0.0]
    attempts = Attempts(allowed=2, seconds=60, clock=lambda: now[0])
    attempts.failed("a")
    now[0] = 30
    attempts.failed("a")
    assert attempts.exhausted("a")
    now[0] = 60
    assert not attempts.exhausted("a")
    attempts.failed("a")
    assert attempts.exhausted("a")


def run_password(*arguments: str, typed: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(FOOTNOTE), "password", *arguments]
    return subprocess.run(
        command, check=False, input=typed, capture_output=True, text=True, encoding="utf-8", cwd=folder
    )


def test_command_asks_twice_and_prints_only_the_line(tmp_path: Path) -> None:
    result = run_password("yrjö", typed="correct horse\ncorrect horse\n", folder=tmp_path)
    assert result.returncode == 0
    found = re.fullmatch(r"FOOTNOTE_AUTH='(yrjö:\$argon2id\$\S+)'\n", result.stdout)
    assert found is not None
    assert Accounts(found[1]).verify("yrjö", "correct horse")
    assert "horse" not in result.stderr


def test_command_refuses_a_bad_name_before_it_asks(tmp_path: Path) -> None:
    result = run_password("a:b", typed="", folder=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: 'a:b' cannot be used as a name to log in with")
    assert "Password" not in result.stderr


def test_printed_line_works_in_an_environment_file(tmp_path: Path) -> None:
    from ui.settings import load_settings

    (tmp_path / ".env").write_text(account_line("anna", "correct horse") + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.delenv("FOOTNOTE_AUTH", raising=False)
        settings = load_settings()
    assert settings.auth is not None
    assert Accounts(settings.auth.get_secret_value()).verify("anna", "correct horse")
