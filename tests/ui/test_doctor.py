"""The doctor: every finding in its words, good and bad."""

import shutil
from itertools import islice
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import SecretStr

from index.knowledge_base import open_catalog
from index.lexical_sync import lexical_problems, open_lexical_index
from tests.rerank_server import running_rerank_server
from ui.accounts import account_line
from ui.build import build_ingest, sync_vector_store
from ui.doctor import Finding, examine
from ui.keys import EVERY_SCOPE, KeyStore
from ui.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an index of two files, without anything from the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FOOTNOTE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Lahti is a city in Finland.", encoding="utf-8")
    (tmp_path / "docs" / "b.txt").write_text("Osaka is a city in Japan.", encoding="utf-8")
    settings = Settings(home=tmp_path / ".footnote")
    ingest(settings, tmp_path / "docs")
    return settings


def ingest(settings: Settings, *paths: Path) -> None:
    catalog, run = build_ingest(settings)
    try:
        run.run(paths)
        sync_vector_store(settings, catalog)
    finally:
        catalog.close()


def bad(settings: Settings) -> list[str]:
    return [finding.text for finding in examine(settings) if not finding.good]


def test_a_healthy_index_is_all_good(settings: Settings) -> None:
    first, *findings = examine(settings)
    assert first.good
    assert first.text.endswith(f", home '{settings.home}'")
    assert findings == [
        Finding(True, "bundled embedding model footnote-static-v1"),
        Finding(True, "search results reranked by late interaction (no model set)"),
        Finding(True, "answers as verbatim quotes (no chat model set)"),
        Finding(True, "there is neither a login nor a key: the server is for this machine alone"),
        Finding(True, "2 documents"),
        Finding(True, "catalog, lexical index and Chroma agree"),
        Finding(True, "every document is as its file is"),
    ]


@pytest.mark.parametrize("is_open", ["on", "off"])
def test_who_is_let_in_is_said(settings: Settings, is_open: str) -> None:
    settings = settings.model_copy(update={"open": is_open})
    elsewhere = "is open to everybody (FOOTNOTE_OPEN=on)" if is_open == "on" else "is for this machine alone"
    assert fifth(settings) == Finding(True, f"there is neither a login nor a key: the server {elsewhere}")
    KeyStore(settings.home).create("ci", scopes=EVERY_SCOPE)
    KeyStore(settings.home).create("cd", scopes=EVERY_SCOPE)
    KeyStore(settings.home).revoke("cd")
    keys = f"the page {elsewhere}, the API asks for a key; keys that can be used: 1"
    assert fifth(settings) == Finding(True, keys)
    account = SecretStr(account_line("anna", "correct horse").partition("=")[2].strip("'"))
    login = "the page asks for a login, the API for one or for a key; keys that can be used: 1"
    assert fifth(settings.model_copy(update={"auth": account})) == Finding(True, login)


def fifth(settings: Settings) -> Finding:
    """What is found of those who are let in, without looking any further."""
    return next(islice(examine(settings), 4, None))


def test_a_login_that_cannot_be_used_is_wrong(settings: Settings) -> None:
    (problem,) = bad(settings.model_copy(update={"auth": SecretStr("anna:secret")}))
    assert problem.startswith("FOOTNOTE_AUTH has no usable password hash for 'anna'.")


def test_reranking_that_is_off_is_said(settings: Settings) -> None:
    off = settings.model_copy(update={"reranker": "off"})
    assert list(examine(off))[2] == Finding(True, "search results are not reranked (FOOTNOTE_RERANKER=off)")


def test_a_reranker_that_answers_is_named_and_gets_its_own_key_only(settings: Settings) -> None:
    with running_rerank_server() as server:
        keyless = settings.model_copy(
            update={"reranker": "some-model", "reranker_url": server.base_url, "openai_api_key": SecretStr("sk-chat")}
        )
        with_key = keyless.model_copy(update={"reranker_key": SecretStr("sk-rerank")})
        for configured in (keyless, with_key):
            assert list(examine(configured))[2] == Finding(
                True, "search results reranked by endpoint:some-model, which answers"
            )
        assert [request.authorization for request in server.requests] == [None, "Bearer sk-rerank"]
        assert [request.body["model"] for request in server.requests] == ["some-model", "some-model"]


def test_a_reranker_that_does_not_answer_does_not_hide_the_rest(settings: Settings) -> None:
    dead = settings.model_copy(update={"reranker": "some-model", "reranker_url": "http://127.0.0.1:1/v1"})
    findings = list(examine(dead))
    assert [finding.good for finding in findings] == [True, True, False, True, True, True, True, True]
    assert findings[2].text.startswith("The rerank endpoint http://127.0.0.1:1/v1/rerank did not rerank with model")


def test_a_reranker_that_is_not_there_is_an_error_with_its_cure(settings: Settings) -> None:
    findings = list(examine(settings.model_copy(update={"reranker": "no-such-model"})))
    assert [finding.good for finding in findings] == [True, True, False, True, True, True, True, True]
    assert findings[2].text.startswith("The reranker 'no-such-model' is not on this machine, or not all of it;")


def test_a_chat_model_is_named(settings: Settings) -> None:
    with_model = settings.model_copy(update={"openai_base_url": "http://localhost:1/v1", "model": "gemma3"})
    assert Finding(True, "answers written by gemma3") in list(examine(with_model))


def test_a_setting_that_cannot_work_does_not_hide_the_rest(settings: Settings) -> None:
    findings = list(examine(settings.model_copy(update={"openai_base_url": "http://localhost:1/v1"})))
    assert [finding.good for finding in findings] == [True, True, True, False, True, True, True, True]
    assert findings[3].text.startswith("OPENAI_API_KEY or OPENAI_BASE_URL is set, but no model is named.")


def test_without_an_index_it_says_what_to_do(tmp_path: Path) -> None:
    home = tmp_path / "nowhere"
    assert bad(Settings(home=home)) == [f"Nothing is indexed in '{home}' yet. Run: footnote ingest FOLDER"]
    assert not home.exists()


def test_an_index_of_another_model_says_what_to_do(settings: Settings) -> None:
    (text,) = bad(settings.model_copy(update={"embedding_url": "http://localhost:1/v1", "embedding_model": "other"}))
    assert "'footnote-static-v1', but 'endpoint:other' is set. Run 'footnote ingest --rebuild'" in text


def test_files_that_changed_vanished_or_broke_are_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "docs" / "c.txt").write_bytes(b"\x00")
    (tmp_path / "docs" / "d.txt").write_text("Kyoto.", encoding="utf-8")
    ingest(settings, tmp_path / "docs")
    (tmp_path / "docs" / "d.txt").write_bytes(b"\x00")
    ingest(settings, tmp_path / "docs")
    (tmp_path / "docs" / "a.txt").write_text("Lahti has grown.", encoding="utf-8")
    (tmp_path / "docs" / "b.txt").unlink()
    reason = "is not a text file, byte 0 is NUL"
    changed, vanished, failed, kept = bad(settings)
    assert changed == (
        "'docs/a.txt' has changed since it was indexed. 'footnote ingest docs/a.txt' brings it up to date."
    )
    assert vanished == (
        "'docs/b.txt' is indexed, but its file is gone. 'footnote ingest --prune docs/b.txt' removes it."
    )
    assert failed.startswith(f"failed: 'docs/c.txt' {reason}")
    assert not failed.endswith("still answers.")
    assert kept.startswith(f"failed: 'docs/d.txt' {reason}")
    assert kept.endswith(" Its last good version still answers.")


def test_chunks_that_chroma_lacks_are_copied(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "docs" / "c.txt").write_text("Kyoto is a city, too.", encoding="utf-8")
    catalog, run = build_ingest(settings)
    run.run([tmp_path / "docs"])
    catalog.close()
    assert Finding(True, "3 documents, 1 chunks copied to Chroma") in list(examine(settings))
    assert Finding(True, "3 documents") in list(examine(settings))


def test_chroma_in_another_process_is_mentioned(settings: Settings) -> None:
    with FileLock(settings.home / "chroma.lock"):
        assert Finding(True, "catalog and lexical index agree; Chroma is open in another process") in list(
            examine(settings)
        )


def test_a_lexical_index_that_lost_a_chunk_is_mended(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    catalog = open_catalog(settings.home)
    lexical = open_lexical_index(catalog, index_id=1)
    with lexical.writing() as writer:
        writer.delete([1])
        writer.commit()
    assert lexical_problems(catalog, lexical, index_id=1) == ["The catalog holds 2 chunks, the lexical index 1."]
    assert bad(settings) == []
    assert caplog.messages == [f"The lexical index '{lexical.folder}' lacked chunks; building it anew."]
    assert lexical_problems(catalog, lexical, index_id=1) == []
    catalog.close()


def test_a_lexical_index_that_another_process_is_busy_with_is_wrong(settings: Settings) -> None:
    catalog = open_catalog(settings.home)
    shutil.rmtree(open_lexical_index(catalog, index_id=1).folder)
    catalog.close()
    with FileLock(settings.home / "lexical.lock"):
        assert bad(settings) == ["The catalog holds 2 chunks, the lexical index 0."]
