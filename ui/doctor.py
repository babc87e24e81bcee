"""What `footnote doctor` looks at: settings, models, the index, and the files it was made from."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.catalog import DocumentRecord
from index.embedding import StaticEmbedder
from index.errors import FootnoteError, LoadError
from index.knowledge_base import open_catalog
from index.loading import content_hash
from index.settings import LoadingSettings
from ui.accounts import Accounts
from ui.build import build_knowledge_base, build_reranker
from ui.keys import KeyStore
from ui.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    good: bool
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, each as soon as it is known. Nothing is changed but what a crash left in the indexes."""
    yield Finding(True, f"Python {platform.python_version()}, home '{settings.home}'")
    for look in (_bundled_model, _reranker, _chat_model, _access, _index, _files):
        try:
            yield from look(settings)
        except FootnoteError as error:
            yield Finding(False, str(error))
            if look is _index:
                return  # what comes after would only say it again


def _bundled_model(_: Settings) -> Iterator[Finding]:
    bundled = StaticEmbedder()
    yield Finding(bool(bundled.embed_questions(["ok"]).any()), f"bundled embedding model {bundled.name}")


def _reranker(settings: Settings) -> Iterator[Finding]:
    if not settings.reranks:
        yield Finding(True, "search results are not reranked (FOOTNOTE_RERANKER=off)")
        return
    reranker = build_reranker(settings)
    if reranker is None:
        yield Finding(True, "search results reranked by late interaction (no model set)")
        return
    reranker.scores("Is this an answer?", ["Yes, this is an answer."])
    yield Finding(True, f"search results reranked by {reranker.name}, which answers")


def _chat_model(settings: Settings) -> Iterator[Finding]:
    chat_model = settings.chat_model
    yield Finding(
        True,
        f"answers written by {chat_model.model}" if chat_model else "answers as verbatim quotes (no chat model set)",
    )


def _access(settings: Settings) -> Iterator[Finding]:
    """Say whom a server would let in."""
    accounts = Accounts(settings.auth.get_secret_value()) if settings.auth else None
    keys = KeyStore(settings.home).all()
    usable = sum(key.is_usable for key in keys)
    elsewhere = "is open to everybody (FOOTNOTE_OPEN=on)" if settings.open == "on" else "is for this machine alone"
    if accounts is not None:
        yield Finding(True, f"the page asks for a login, the API for one or for a key; keys that can be used: {usable}")
    elif keys:
        yield Finding(True, f"the page {elsewhere}, the API asks for a key; keys that can be used: {usable}")
    else:
        yield Finding(True, f"there is neither a login nor a key: the server {elsewhere}")


def _index(settings: Settings) -> Iterator[Finding]:
    with build_knowledge_base(settings, maintain=True) as knowledge_base:
        waiting = knowledge_base.sync()
        copied = f", {waiting} chunks copied to Chroma" if waiting else ""
        yield Finding(True, f"{len(knowledge_base.documents())} documents{copied}")
        problems = knowledge_base.problems()
        for problem in problems:
            yield Finding(False, problem)
        if not problems:
            yield Finding(
                True,
                "catalog, lexical index and Chroma agree"
                if knowledge_base.has_store
                else "catalog and lexical index agree; Chroma is open in another process",
            )


def _files(settings: Settings) -> Iterator[Finding]:
    """Compare the documents with the files they came from."""
    loading = LoadingSettings(max_bytes=settings.max_file_mb * 1024 * 1024)
    root = settings.home.resolve().parent
    catalog = open_catalog(settings.home)
    try:
        records = catalog.documents()
    finally:
        catalog.close()
    differing = 0
    for record in records:
        sentence = _difference(record, root, loading)
        if sentence:
            differing += 1
            yield Finding(False, sentence)
    if not differing:
        yield Finding(True, "every document is as its file is")


def _difference(record: DocumentRecord, root: Path, loading: LoadingSettings) -> str:
    if record.state == "failed":
        return f"failed: {record.reason}" + (" Its last good version still answers." if record.chunks else "")
    file = root / record.source
    if not file.exists():
        return (
            f"'{record.source}' is indexed, but its file is gone. 'footnote ingest --prune {record.source}' removes it."
        )
    try:
        current = content_hash(file, source=record.source, settings=loading)
    except LoadError as error:
        return str(error)
    if current != record.content_hash:
        return (
            f"'{record.source}' has changed since it was indexed. "
            f"'footnote ingest {record.source}' brings it up to date."
        )
    return ""
