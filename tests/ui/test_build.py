"""The whole app as `footnote serve` opens it: on an empty home, on one with documents, after a crash, with a login."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from index.errors import SettingsError, StoreError
from index.knowledge_base import open_catalog
from ui.accounts import account_line
from ui.build import build_ingest, open_app
from ui.messages import english
from ui.settings import Settings

NOTHING = r"^Nothing is indexed in '.*' yet\. Run: footnote ingest FOLDER$"


def settings_of(home: Path, **changes: object) -> Settings:
    """The defaults, without anything from the environment."""
    return Settings.model_construct(None, **{"home": home, **changes})


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
        client = TestClient(app)
        assert client.get("/api/health").json() == {"status": "ok", "documents": 0}
        assert english().title in client.get("/").text
    assert documents_of(home) == []
    with open_app(settings_of(home)) as app:  # and once more, on what the first start has left
        assert TestClient(app).get("/api/health").status_code == 200


def test_where_readers_may_not_an_empty_home_is_refused_and_not_made(home: Path) -> None:
    with pytest.raises(StoreError, match=NOTHING), open_app(settings_of(home, uploads="off")):
        pass
    assert not home.exists()


@pytest.mark.parametrize("uploads", ["on", "off"])
def test_documents_are_served_whether_readers_may_add_to_them_or_not(indexed: Path, uploads: str) -> None:
    with open_app(settings_of(indexed, uploads=uploads, max_file_mb=1)) as app:
        client = TestClient(app)
        assert client.get("/api/health").json()["documents"] == 1
        accepted = client.post("/gradio_api/upload", files={"files": ("a.txt", b"two bytes or more")})
        too_large = client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * (1024 * 1024 + 1))})
    assert accepted.status_code == (200 if uploads == "on" else 413)
    assert too_large.status_code == 413


def test_an_upload_that_a_crash_left_is_indexed_first(indexed: Path, caplog: pytest.LogCaptureFixture) -> None:
    (indexed / "uploads").mkdir()
    (indexed / "uploads" / "osaka.txt").write_text("Osaka has a castle.", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "ui.build"), open_app(settings_of(indexed, uploads="off")) as app:
        assert TestClient(app).get("/api/health").json()["documents"] == 2
    assert [record.getMessage().rstrip() for record in caplog.records if record.name == "ui.build"] == [
        "After a crash: .footnote/uploads/osaka.txt indexed"
    ]


def test_with_accounts_nothing_is_shown_before_the_login(indexed: Path) -> None:
    setting = account_line("anna", "correct horse").partition("=")[2].strip("'")
    with open_app(settings_of(indexed, auth=SecretStr(setting))) as app:
        client = TestClient(app, follow_redirects=False)
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
