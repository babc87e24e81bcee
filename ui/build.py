"""Wires the objects together from the settings. Nothing else creates them."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.catalog import Catalog
from index.documents import Document, ScoredChunk
from index.embedding import Embedder, EndpointEmbedder, SentenceTransformerEmbedder, StaticEmbedder
from index.filters import DocumentFilter
from index.ingest import Ingest, Progress
from index.knowledge_base import SCAN_UP_TO, KnowledgeBase, open_catalog, open_knowledge_base
from index.settings import ChunkingSettings, LoadingSettings
from index.vector_store import open_vector_store
from rag.assistant import Assistant
from rag.evaluation import Search
from rag.reranking import CrossEncoderReranker, EndpointReranker, Reranker
from rag.retrieval import Searcher
from rag.settings import AssistantSettings, RetrievalSettings
from ui.accounts import Accounts
from ui.examples import Examples
from ui.exposure import check_exposure, is_loopback, own_hosts
from ui.feedback import FeedbackStore
from ui.keys import KeyStore
from ui.library import WAIT_SECONDS, Library
from ui.settings import Settings
from ui.slack.starting import slack_events
from ui.tracing import open_tracing

if TYPE_CHECKING:
    from ui.server import Application

log = logging.getLogger(__name__)

SEEDS = Path(__file__).resolve().parents[1] / "seeds"


def build_embedder(settings: Settings, *, bundled: StaticEmbedder | None = None) -> Embedder:
    """The embedding model that is asked for: an endpoint's, a sentence-transformers model, or the bundled one."""
    if settings.embedding_url:
        key = settings.embedding_key or (settings.openai_api_key if _is_openai(settings) else None)
        return EndpointEmbedder(
            settings.embedding_model or "text-embedding-3-small",
            base_url=settings.embedding_url,
            api_key=key.get_secret_value() if key else None,
        )
    if settings.embedding_model:
        return SentenceTransformerEmbedder(settings.embedding_model, allow_download=settings.allow_download)
    return bundled or StaticEmbedder()


def build_reranker(settings: Settings) -> Reranker | None:
    """The model that reranks: an endpoint's, a cross-encoder on this machine, or `None` where no model is named."""
    model = settings.reranking_model
    if model is None:
        return None
    if settings.reranker_url:
        key = settings.reranker_key
        return EndpointReranker(model, url=settings.reranker_url, api_key=key.get_secret_value() if key else None)
    return CrossEncoderReranker(model, allow_download=settings.allow_download)


def reading_settings(settings: Settings) -> AssistantSettings:
    """The read path's settings with what the user has set."""
    return AssistantSettings(retrieval=RetrievalSettings(reranks=settings.reranks))


def _is_openai(settings: Settings) -> bool:
    """Whether embeddings come from where the chat model's key belongs; a key is shown to nobody else."""
    host = urlsplit(settings.embedding_url or "").hostname
    return host == urlsplit(settings.openai_base_url or "https://api.openai.com/v1").hostname


def build_ingest(settings: Settings) -> tuple[Catalog, Ingest]:
    """The write path; the catalog is the caller's to close."""
    embedder = build_embedder(settings)
    catalog = open_catalog(settings.home, create=True)
    return catalog, _ingest_into(catalog, settings, embedder=embedder)


def build_library(
    settings: Settings, *, embedder: Embedder | None = None, bundled: StaticEmbedder | None = None
) -> Library:
    """What readers of the page may do with documents.

    Args:
        settings: Where the home is, and whether readers may change it.
        embedder: The model of the index; loaded for each document that is added, if omitted.
        bundled: The bundled model, if it is loaded already.
    """

    def ingest_into(catalog: Catalog) -> Ingest:
        model = embedder or build_embedder(settings, bundled=bundled)
        return _ingest_into(catalog, settings, embedder=model, bundled=bundled, wait=WAIT_SECONDS)

    return Library(
        settings.home, ingest_into=ingest_into, loading=_loading(settings), writable=settings.uploads == "on"
    )


def _ingest_into(
    catalog: Catalog,
    settings: Settings,
    *,
    embedder: Embedder,
    bundled: StaticEmbedder | None = None,
    wait: float = 0,
) -> Ingest:
    return Ingest(
        catalog,
        embedder,
        root=settings.home.resolve().parent,
        chunking=ChunkingSettings(),
        loading=_loading(settings),
        token_ids=embedder if isinstance(embedder, StaticEmbedder) else bundled or StaticEmbedder(),
        wait=wait,
    )


def _loading(settings: Settings) -> LoadingSettings:
    return LoadingSettings(max_bytes=settings.max_file_mb * 1024 * 1024)


def build_knowledge_base(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    bundled: StaticEmbedder | None = None,
    maintain: bool = False,
) -> KnowledgeBase:
    """The read path's view of the index; the caller closes it."""
    return open_knowledge_base(
        settings.home,
        embedder or build_embedder(settings, bundled=bundled),
        chunking=ChunkingSettings(),
        chroma_url=settings.chroma_url,
        maintain=maintain,
    )


def build_assistant(settings: Settings, knowledge_base: KnowledgeBase, *, bundled: StaticEmbedder) -> Assistant:
    """The assistant: with a chat model if one is set, else with verbatim quotes."""
    chat_model, reading, reranker = settings.chat_model, reading_settings(settings), build_reranker(settings)
    chain = None
    if chat_model is not None:
        from rag.chain import AnswerChain
        from rag.chat_model import create_chat_model

        chain = AnswerChain(create_chat_model(chat_model), context_tokens=chat_model.context_tokens)
    return Assistant(knowledge_base, embedder=bundled, reranker=reranker, chain=chain, settings=reading)


@contextmanager
def open_assistant(settings: Settings) -> Iterator[Assistant]:
    """The assistant with everything below it, open until the block ends."""
    bundled = StaticEmbedder()
    with build_knowledge_base(settings, bundled=bundled) as knowledge_base:
        yield build_assistant(settings, knowledge_base, bundled=bundled)


@contextmanager
def open_app(settings: Settings, *, host: str = "127.0.0.1", page: bool = True) -> "Iterator[Application]":
    """The page and the API with everything below them, open until the block ends.

    What a crash left undone of uploads is done first; Chroma is repaired if need be and follows the catalog. Where
    readers may add documents, there need be none yet.

    Args:
        settings: What the user has set.
        host: Where it will listen; on an address that others reach there must be a login, or a key if no page is there.
        page: Whether there is a page beside the API.
    """
    from ui.server import create_app

    accounts = Accounts(settings.auth.get_secret_value()) if settings.auth else None
    keys, is_open = KeyStore(settings.home), settings.open == "on"
    check_exposure(host, page=page, has_login=accounts is not None, has_key=keys.has_usable_key(), is_open=is_open)
    asks_everybody = accounts is not None or (not page and keys.asks_for_a_key())
    has_names = not is_open or settings.public_url is not None  # those of a server for a whole network are not known
    if is_open and accounts is None and not is_loopback(host):
        log.warning(
            "Everybody who can reach %r may read the documents: FOOTNOTE_OPEN is on, and there is no login.", host
        )
    slack = slack_events(settings)
    bundled = StaticEmbedder()
    embedder = build_embedder(settings, bundled=bundled)
    library = build_library(settings, embedder=embedder, bundled=bundled)
    if library.writable:
        library.create()
    for outcome in library.catch_up():
        log.warning("After a crash: %s %s %s", outcome.source, outcome.state, outcome.reason)
    with (
        open_tracing(content=settings.log_content == "on") if settings.tracing == "on" else nullcontext() as tracing,
        build_knowledge_base(settings, embedder=embedder, maintain=True) as knowledge_base,
    ):
        knowledge_base.follow()
        assistant = build_assistant(settings, knowledge_base, bundled=bundled)
        yield create_app(
            assistant,
            library=library,
            feedback=FeedbackStore(settings.home),
            examples=Examples(assistant),
            accounts=accounts,
            keys=keys,
            rate_limit=settings.rate_limit,
            origins=settings.cors_origins.split(),
            hosts=own_hosts(host, settings.public_url) if has_names and not asks_everybody else None,
            public_url=settings.public_url,
            page=page,
            tracing=tracing,
            slack=slack,
        )


def sync_vector_store(settings: Settings, catalog: Catalog) -> None:
    """Copy what was ingested to Chroma, unless a running server has it open: that one copies it itself."""
    store = open_vector_store(catalog, url=settings.chroma_url, repair=True)
    if store is not None:
        try:
            if store.is_owner:
                store.sync()
        finally:
            store.close()


@contextmanager
def open_apart(settings: Settings, documents: Iterable[Document], *, progress: Progress) -> Iterator[KnowledgeBase]:
    """A knowledge base of these documents alone, written and opened as the user's is; gone when the block ends.

    A Chroma server that is set is left alone: there the documents would take the place of the user's.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        apart = settings.model_copy(update={"home": Path(folder) / "home", "chroma_url": None})
        catalog, ingest = build_ingest(apart)
        try:
            ingest.run_documents(documents, progress=progress)
            if catalog.count_chunks() > SCAN_UP_TO:  # a smaller index is scanned
                sync_vector_store(apart, catalog)
        finally:
            catalog.close()
        with build_knowledge_base(apart) as knowledge_base:
            yield knowledge_base


def build_search(
    settings: Settings, knowledge_base: KnowledgeBase, *, searcher: Searcher, reranker: Reranker | None
) -> Search:
    """The search that a question is answered from, up to a step of choice."""
    assistant = Assistant(
        knowledge_base, embedder=StaticEmbedder(), reranker=reranker, settings=reading_settings(settings)
    )

    def run(query: str, within: DocumentFilter) -> list[ScoredChunk]:
        return assistant.candidates(query, within=within, searcher=searcher)

    return run
