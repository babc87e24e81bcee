"""The whole app as `footnote serve` opens it: on an empty home, on one with documents, after a crash, with a login."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from index.errors import SettingsError, StoreError
from index.knowledge_base import open_catalog
from ui.accounts import account_line
from ui.build import build_ingest, open_app
from ui.keys import EVERY_SCOPE, KeyStore
from ui.messages import english
from ui.settings import Settings

NOTHING = r"^Nothing is indexed in '.*' yet\. Run: footnote ingest FOLDER$"


def settings_of(home: Path, **changes: object) -> Settings:
    """The defaults, without anything from the environment."""
    return Settings.model_construct(None, **{"home": home, **changes})


def client_of(app: ASGIApp, *, address: str = "http://127.0.0.1:7860", follow_redirects: bool = True) -> TestClient:
    """Who asks at an address: as on the machine itself, unless told otherwise."""
    return TestClient(app, base_url=address, follow_redirects=follow_redirects)


def account(name: str) -> SecretStr:
    """The setting with which somebody may log in."""
    return SecretStr(account_line(name, "correct horse").partition("=")[2].strip("'"))


def documents_of(home: Path) -> list[str]:
    catalog = open_catalog(home)
    try:
        return [record.source for record in catalog.documents()]
    finally:
        catalog.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / ".footnote"


@pytest.fixture
def indexed(home: Path) -> Path:
    """A home with one document."""
    (home.parent / "nara.txt").write_text("Nara has deer.", encoding="utf-8")
    catalog, ingest = build_ingest(settings_of(home))
    try:
        assert ingest.run([home.parent / "nara.txt"]).failed == ()
    finally:
        catalog.close()
    return home


def test_an_empty_home_starts_where_readers_may_add_documents(home: Path) -> None:
    with open_app(settings_of(home)) as app:
        client = client_of(app)
        assert client.get("/api/health").json()["documents"] == 0
        assert english().title in client.get("/").text
    assert documents_of(home) == []
    with open_app(settings_of(home)) as app:  # and once more, on what the first start has left
        assert client_of(app).get("/api/health").status_code == 200


def test_where_readers_may_not_an_empty_home_is_refused_and_not_made(home: Path) -> None:
    with pytest.raises(StoreError, match=NOTHING), open_app(settings_of(home, uploads="off")):
        pass
    assert not home.exists()


@pytest.mark.parametrize("uploads", ["on", "off"])
def test_documents_are_served_whether_readers_may_add_to_them_or_not(indexed: Path, uploads: str) -> None:
    with open_app(settings_of(indexed, uploads=uploads, max_file_mb=1)) as app:
        client = client_of(app)
        assert client.get("/api/health").json()["documents"] == 1
        accepted = client.post("/gradio_api/upload", files={"files": ("a.txt", b"two bytes or more")})
        too_large = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * (1024 * 1024 + 1))})
    assert accepted.status_code == (200 if uploads == "on" else 413)
    assert too_large.status_code == 413


def test_an_upload_that_a_crash_left_is_indexed_first(indexed: Path, caplog: pytest.LogCaptureFixture) -> None:
    (indexed / "uploads").mkdir()
    (indexed / "uploads" / "osaka.txt").write_text("Osaka has a castle.", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "ui.build"), open_app(settings_of(indexed, uploads="off")) as app:
        assert client_of(app).get("/api/health").json()["documents"] == 2
    assert [record.getMessage().rstrip() for record in caplog.records if record.name == "ui.build"] == [
        "After a crash: .footnote/uploads/osaka.txt indexed"
    ]


def test_with_accounts_nothing_is_shown_before_the_login(indexed: Path) -> None:
    with open_app(settings_of(indexed, auth=account("anna"))) as app:
        client = client_of(app, follow_redirects=False)
        assert [client.get(path).status_code for path in ("/", "/config", "/gradio_api/info")] == [303, 401, 401]
        assert english().log_in in client.get("/login").text


def test_accounts_that_cannot_be_used_are_refused_before_anything_is_made(home: Path) -> None:
    with (
        pytest.raises(SettingsError, match=r"^FOOTNOTE_AUTH has no usable password hash for 'anna'\."),
        open_app(settings_of(home, auth=SecretStr("anna:secret"))),
    ):
        pass
    assert not home.exists()


def test_a_home_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    home.write_text("A file.", encoding="utf-8")
    with (
        pytest.raises(StoreError, match=r"cannot be opened: .* Choose another folder with --home\.$"),
        open_app(settings_of(home)),
    ):
        pass


# Who is asked for what

ELSEWHERE = "http://rebound.example:7860"


@pytest.mark.parametrize("is_open", ["off", "on"])
def test_who_lets_everybody_in_answers_under_its_own_names_only(indexed: Path, is_open: str) -> None:
    settings = settings_of(indexed, public_url="https://footnote.example", open=is_open)
    with open_app(settings, host="127.0.0.1" if is_open == "off" else "0.0.0.0", page=False) as app:  # noqa: S104
        answers = {
            address: client_of(app, address=address).get("/api/v1/documents").status_code
            for address in ("http://127.0.0.1:7860", "http://localhost", "https://footnote.example", ELSEWHERE)
        }
        assert client_of(app, address=ELSEWHERE).get("/api/health").status_code == 200
    assert list(answers.values()) == [200, 200, 200, 403]


@pytest.mark.parametrize(
    ("changes", "status"), [({"open": "on"}, 200), ({"auth": account("anna")}, 401)], ids=["open", "login"]
)
def test_who_asks_everybody_or_has_no_name_answers_under_any(
    indexed: Path, changes: dict[str, object], status: int
) -> None:
    with open_app(settings_of(indexed, **changes), host="0.0.0.0", page=False) as app:  # noqa: S104
        assert client_of(app, address=ELSEWHERE).get("/api/v1/documents").status_code == status


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])  # noqa: S104
def test_a_server_that_is_open_on_purpose_says_so_in_the_log(
    indexed: Path, caplog: pytest.LogCaptureFixture, host: str, warned: bool
) -> None:
    with open_app(settings_of(indexed, open="on"), host=host, page=False):
        pass
    sentence = "Everybody who can reach '0.0.0.0' may read the documents: FOOTNOTE_OPEN is on, and there is no login."
    assert (sentence in [record.getMessage() for record in caplog.records]) is warned


def test_the_api_alone_with_a_key_listens_anywhere_and_asks_for_it(indexed: Path) -> None:
    _, text = KeyStore(indexed).create("ci", scopes=EVERY_SCOPE)
    with open_app(settings_of(indexed), host="0.0.0.0", page=False) as app:  # noqa: S104
        client = client_of(app, address=ELSEWHERE)
        codes = [
            client.get("/v1/models", headers=headers).status_code
            for headers in ({}, {"authorization": f"Bearer {text}"})
        ]
        assert codes == [401, 200]
        KeyStore(indexed).revoke("ci")
    with (
        pytest.raises(SettingsError, match="because there is neither a key nor a login"),
        open_app(settings_of(indexed), host="0.0.0.0", page=False),  # noqa: S104
    ):
        pass


def test_a_page_with_keys_alone_is_guarded_as_one_without(indexed: Path) -> None:
    KeyStore(indexed).create("ci", scopes=EVERY_SCOPE)
    with (
        pytest.raises(SettingsError, match="because there is no login"),
        open_app(settings_of(indexed), host="::"),
    ):
        pass
    with open_app(settings_of(indexed)) as app:
        assert client_of(app, address=ELSEWHERE).get("/").status_code == 403
        assert client_of(app).get("/").status_code == 200
        assert client_of(app).get("/v1/models").status_code == 401


def test_an_exposed_server_is_refused_before_anything_is_made(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"^On '0\.0\.0\.0' "), open_app(settings_of(home), host="0.0.0.0"):  # noqa: S104
        pass
    assert not home.exists()


def test_rate_and_origins_come_from_the_settings(indexed: Path) -> None:
    _, text = KeyStore(indexed).create("ci", scopes=EVERY_SCOPE)
    settings = settings_of(indexed, rate_limit="1/day", cors_origins="https://a.example https://b.example")
    with open_app(settings, page=False) as app:
        client = client_of(app)
        headers = {"authorization": f"Bearer {text}", "origin": "https://b.example"}
        first, second = (client.get("/v1/models", headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    assert first.headers["access-control-allow-origin"] == "https://b.example"
    assert first.headers["ratelimit-policy"] == '"key";q=1;w=86400'
