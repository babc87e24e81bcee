"""Settings: what is read from where, and one clear line about what cannot be used."""

import os
from pathlib import Path

import pytest

from index.errors import SettingsError
from ui.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and nothing set."""
    for name in [name for name in os.environ if name.startswith(("FOOTNOTE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_env(*lines: str) -> None:
    Path(".env").write_text("\n".join(lines), encoding="utf-8")


def test_without_any_setting_the_index_is_local_and_answers_are_quotes() -> None:
    settings = load_settings()
    assert settings.home == Path(".footnote")
    assert settings.max_file_mb == 20
    assert settings.chat_model is None
    assert (settings.embedding_model, settings.embedding_url, settings.chroma_url) == (None, None, None)
    assert not settings.allow_download
    assert (settings.reranks, settings.reranking_model, settings.reranker_url) == (True, None, None)
    assert (settings.uploads, settings.auth) == ("on", None)


def test_the_option_goes_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("FOOTNOTE_HOME=from-file", "FOOTNOTE_MAX_FILE_MB=7", "SOMETHING_ELSE=1")
    assert load_settings().home == Path("from-file")
    monkeypatch.setenv("FOOTNOTE_HOME", "from-environment")
    assert load_settings().home == Path("from-environment")
    assert load_settings(home=Path("from-option")).home == Path("from-option")
    assert load_settings().max_file_mb == 7


def test_the_file_is_read_as_utf8() -> None:
    write_env("FOOTNOTE_HOME=索引/kirjasto-ä")
    assert load_settings().home == Path("索引/kirjasto-ä")


def test_a_setting_left_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("FOOTNOTE_HOME=", "FOOTNOTE_MAX_FILE_MB=", "OPENAI_API_KEY=", "OPENAI_BASE_URL=")
    monkeypatch.setenv("FOOTNOTE_MODEL", "")
    settings = load_settings()
    assert (settings.home, settings.max_file_mb, settings.model) == (Path(".footnote"), 20, None)
    assert settings.chat_model is None


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_env("FOOTNOTE_HOME=~/library")
    assert load_settings().home == tmp_path / "library"


def test_a_tilde_of_nobody_is_refused() -> None:
    write_env("FOOTNOTE_HOME=~nobody-of-this-name/library")
    with pytest.raises(SettingsError, match=r"^FOOTNOTE_HOME='~nobody-of-this-name/library' cannot be used: "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FOOTNOTE_MAX_FILE_MB", "many", "Input should be a valid integer, unable to parse string as an integer"),
        ("FOOTNOTE_MAX_FILE_MB", "0", "Input should be greater than or equal to 1"),
        ("FOOTNOTE_MODEL_TIMEOUT", "-1", "Input should be greater than 0"),
        ("FOOTNOTE_ALLOW_DOWNLOAD", "perhaps", "Input should be a valid boolean, unable to interpret input"),
        ("FOOTNOTE_LOG_LEVEL", "LOUD", "Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("FOOTNOTE_UPLOADS", "yes", "Input should be 'on' or 'off'"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_bad_value_gives_one_line_with_the_name_to_change(
    monkeypatch: pytest.MonkeyPatch, place: str, name: str, value: str, message: str
) -> None:
    if place == "environment":
        monkeypatch.setenv(name, value)
    else:
        write_env(f"{name}={value}")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == f"A setting cannot be used: {name}: {message}. See .env.example."


def test_several_bad_values_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MAX_FILE_MB", "0")
    write_env("FOOTNOTE_LOG_LEVEL=LOUD")
    with pytest.raises(SettingsError, match=r"FOOTNOTE_MAX_FILE_MB: .*; FOOTNOTE_LOG_LEVEL: ") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_utf8_is_named(folder: Path) -> None:
    (folder / ".env").write_bytes(b"FOOTNOTE_MODEL=\xff\xfe")
    with pytest.raises(SettingsError, match=r"^The file '\.env' in this folder cannot be read: .*Save it as UTF-8\.$"):
        load_settings()


def test_uploads_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    write_env("FOOTNOTE_UPLOADS=off")
    assert load_settings().uploads == "off"
    monkeypatch.setenv("FOOTNOTE_UPLOADS", "on")
    assert load_settings().uploads == "on"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (
            "FOOTNOTE_AUTH='anna:$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA'",
            "anna:$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
        ),
        ("FOOTNOTE_AUTH='anna:a\nyrjö:b'", "anna:a\nyrjö:b"),
    ],
    ids=["dollar signs", "two lines"],
)
def test_accounts_come_out_of_the_file_as_they_were_printed(
    monkeypatch: pytest.MonkeyPatch, line: str, value: str
) -> None:
    monkeypatch.setenv("argon2id", "expanded")
    write_env(line)
    settings = load_settings()
    assert settings.auth is not None
    assert settings.auth.get_secret_value() == value


def test_accounts_left_empty_let_everybody_in() -> None:
    write_env("FOOTNOTE_AUTH=")
    assert load_settings().auth is None


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_openai_without_a_model_names_both_cures(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://localhost:11434/v1")
    with pytest.raises(SettingsError) as caught:
        load_settings().chat_model  # noqa: B018 - reading it is the test
    assert str(caught.value) == (
        "OPENAI_API_KEY or OPENAI_BASE_URL is set, but no model is named. "
        "Set FOOTNOTE_MODEL to the model's name, or unset them for verbatim quotes."
    )


def test_a_model_alone_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MODEL", "some-model")
    assert load_settings().chat_model is None


def test_a_key_and_a_model_go_to_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("FOOTNOTE_MODEL", "some-model")
    model = load_settings().chat_model
    assert model is not None
    assert (model.model, model.base_url, model.api_key, model.timeout) == (
        "some-model",
        "https://api.openai.com/v1",
        "sk-secret",
        120,
    )


def test_an_address_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    write_env("FOOTNOTE_MODEL=gemma3", "FOOTNOTE_MODEL_TIMEOUT=2.5")
    model = load_settings().chat_model
    assert model is not None
    assert (model.base_url, model.api_key, model.timeout) == ("http://localhost:11434/v1", None, 2.5)


@pytest.mark.parametrize(
    ("reranker", "url", "reranks", "model"),
    [
        ("late-interaction", "", True, None),
        ("off", "", False, None),
        ("off", "http://localhost:8000", False, None),
        ("some/cross-encoder", "", True, "some/cross-encoder"),
        ("some-model", "http://localhost:8000", True, "some-model"),
    ],
)
def test_one_setting_chooses_the_reranker(
    monkeypatch: pytest.MonkeyPatch, reranker: str, url: str, reranks: bool, model: str | None
) -> None:
    monkeypatch.setenv("FOOTNOTE_RERANKER", reranker)
    monkeypatch.setenv("FOOTNOTE_RERANKER_URL", url)
    settings = load_settings()
    assert (settings.reranks, settings.reranking_model) == (reranks, model)


def test_a_rerank_endpoint_without_a_model_names_both_cures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_RERANKER_URL", "http://localhost:8000")
    with pytest.raises(SettingsError) as caught:
        load_settings().reranking_model  # noqa: B018 - reading it is the test
    assert str(caught.value) == (
        "FOOTNOTE_RERANKER_URL is set, but no model is named. "
        "Set FOOTNOTE_RERANKER to the model's name, or unset the address for late interaction."
    )


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-1")
    monkeypatch.setenv("FOOTNOTE_EMBEDDING_KEY", "sk-secret-2")
    monkeypatch.setenv("FOOTNOTE_RERANKER_KEY", "sk-secret-3")
    monkeypatch.setenv("FOOTNOTE_AUTH", "anna:sk-secret-4")
    monkeypatch.setenv("FOOTNOTE_MODEL", "some-model")
    settings = load_settings()
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert "sk-secret" not in shown
    assert "sk-secret" not in repr(settings.chat_model)
    monkeypatch.setenv("FOOTNOTE_MAX_FILE_MB", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("rate", ["600/minute", "1/second", "100000/day", "5/hour", "off"])
def test_a_rate_is_a_number_in_a_time(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("FOOTNOTE_RATE_LIMIT", rate)
    assert load_settings().rate_limit == rate


@pytest.mark.parametrize(
    "rate",
    ["0/minute", "600", "600/", "/minute", "-1/minute", "1.5/minute", "600/fortnight", "100001/day", "OFF", "١/day"],
)
def test_a_rate_that_is_none_says_how_to_write_one(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("FOOTNOTE_RATE_LIMIT", rate)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == (
        "A setting cannot be used: FOOTNOTE_RATE_LIMIT: Write a number from 1 to 100000, a slash, and second, minute, "
        "hour or day, such as 600/minute; or off. See .env.example."
    )


@pytest.mark.parametrize(
    "origins",
    ["https://a.example", "http://localhost:3000 https://a.example:8443", "http://[::1]:3000", "http://127.0.0.1"],
)
def test_origins_are_separated_by_spaces(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    monkeypatch.setenv("FOOTNOTE_CORS_ORIGINS", origins)
    assert load_settings().cors_origins == origins


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "null",
        "a.example",
        "ftp://a.example",
        "https://a.example/",
        "https://a.example/path",
        "https://A.example",
        "https://user@a.example",
        "https://a.example, https://b.example",
    ],
)
def test_what_no_browser_calls_an_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    monkeypatch.setenv("FOOTNOTE_CORS_ORIGINS", origins)
    with pytest.raises(
        SettingsError, match=r"FOOTNOTE_CORS_ORIGINS: Write origins such as https://intranet\.example, "
    ):
        load_settings()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://footnote.example", "https://footnote.example"),
        ("https://footnote.example/", "https://footnote.example"),
        ("http://Intranet:8080/footnote/", "http://Intranet:8080/footnote"),
    ],
)
def test_links_begin_with_the_public_address(monkeypatch: pytest.MonkeyPatch, address: str, expected: str) -> None:
    monkeypatch.setenv("FOOTNOTE_PUBLIC_URL", address)
    assert load_settings().public_url == expected


@pytest.mark.parametrize(
    "address", ["footnote.example", "ftp://a.example", "https://a.example?x", "https://a.example/#x", "https://a b"]
)
def test_a_public_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("FOOTNOTE_PUBLIC_URL", address)
    with pytest.raises(SettingsError, match="FOOTNOTE_PUBLIC_URL: Write the address that people use, such as https://"):
        load_settings()
