"""Wires the objects together from the settings. Nothing else creates them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from index.catalog import Catalog
from index.embedding import Embedder, EndpointEmbedder, SentenceTransformerEmbedder, StaticEmbedder
from index.ingest import Ingest
from index.knowledge_base import KnowledgeBase, open_catalog, open_knowledge_base
from index.settings import ChunkingSettings, LoadingSettings
from index.vector_store import open_vector_store
from rag.assistant import Assistant
from rag.settings import AssistantSettings
from ui.settings import Settings

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


def _is_openai(settings: Settings) -> bool:
    """Whether embeddings come from where the chat model's key belongs; a key is shown to nobody else."""
    host = urlsplit(settings.embedding_url or "").hostname
    return host == urlsplit(settings.openai_base_url or "https://api.openai.com/v1").hostname


def build_ingest(settings: Settings) -> tuple[Catalog, Ingest]:
    """The write path; the catalog is the caller's to close."""
    embedder = build_embedder(settings)
    catalog = open_catalog(settings.home, create=True)
    return catalog, Ingest(
        catalog,
        embedder,
        root=settings.home.resolve().parent,
        chunking=ChunkingSettings(),
        loading=LoadingSettings(max_bytes=settings.max_file_mb * 1024 * 1024),
    )


def build_knowledge_base(
    settings: Settings, *, bundled: StaticEmbedder | None = None, maintain: bool = False
) -> KnowledgeBase:
    """The read path's view of the index; the caller closes it."""
    return open_knowledge_base(
        settings.home,
        build_embedder(settings, bundled=bundled),
        chunking=ChunkingSettings(),
        chroma_url=settings.chroma_url,
        maintain=maintain,
    )


def build_assistant(settings: Settings, knowledge_base: KnowledgeBase, *, bundled: StaticEmbedder) -> Assistant:
    """The assistant: with a chat model if one is set, else with verbatim quotes."""
    chat_model = settings.chat_model
    quoting = Assistant(knowledge_base, embedder=bundled, settings=AssistantSettings())
    if chat_model is None:
        return quoting
    from rag.chain import AnswerChain
    from rag.chat_model import create_chat_model

    chain = AnswerChain(create_chat_model(chat_model), retrieve=quoting.retrieve)
    return Assistant(knowledge_base, embedder=bundled, chain=chain, settings=AssistantSettings())


@contextmanager
def open_assistant(settings: Settings, *, maintain: bool = False) -> Iterator[Assistant]:
    """The assistant with everything below it, open until the block ends.

    With `maintain` Chroma is repaired if need be and follows the catalog in the background, as a server wants it.
    """
    bundled = StaticEmbedder()
    with build_knowledge_base(settings, bundled=bundled, maintain=maintain) as knowledge_base:
        if maintain:
            knowledge_base.follow()
        yield build_assistant(settings, knowledge_base, bundled=bundled)


def sync_vector_store(settings: Settings, catalog: Catalog) -> None:
    """Copy what was ingested to Chroma, unless a running server has it open: that one copies it itself."""
    store = open_vector_store(catalog, url=settings.chroma_url, repair=True)
    if store is not None:
        try:
            if store.is_owner:
                store.sync()
        finally:
            store.close()
