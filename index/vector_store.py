"""Chroma: a searchable copy of the catalog's vectors, embedded in the home or on a server.

The catalog is the truth. `sync` brings the collection up to it; the same few lines fill an empty collection, follow a
change and repair what a crash left. What has not been copied yet is the caller's to scan (`exact_search`).

Why so careful (measured with Chroma 1.5.9): two processes writing one folder lost 11 % of the vectors from search with
exit code 0, and in 2 of 89 kills the index on disk was broken so that a query failed or the process crashed. So one
process at a time opens an embedded folder, and after an unclean end a child process tries it before we do.
"""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.catalog import Catalog
from index.embedding import Vectors
from index.errors import StoreError

# Chroma's client and collection; its own types leave out `close` and the configuration's dictionary form.
_Client = Any
_Collection = Any

log = logging.getLogger(__name__)

# All but `ef_search` are fixed when a collection is made, and one that is there keeps its own. Texts in many languages
# need more neighbours than Chroma's defaults (16, `ef_search` 100). Recall@10 against exact search, 100,000 chunks
# (`bench/hnsw.py`): 16 neighbours 0.86, with `ef_search` 300 0.95; 32 with 200 0.978; 48 with 200 0.987, 300 0.994.
# Against 32 with 200, that costs half a millisecond a question, an eighth of the copying speed, a tenth of the memory.
# `ef_construction` 200 finds 0.004 more for a quarter of the speed (32 neighbours, 20,000 chunks). `sync_threshold`
# 10,000 copies no faster, and up to so many vectors are put in anew whenever the collection is opened.
_HNSW = {"space": "cosine", "ef_construction": 100, "ef_search": 200, "max_neighbors": 48, "sync_threshold": 1000}
# Chunks copied at once; Chroma takes at most 5,461.
_BATCH = 1000
# Vectors a child process looks up to see whether the index on disk still works.
_PROBES = 20
_PROBE_SECONDS = 120


class VectorStore:
    """One open collection. Made by `open_vector_store`; close it when done."""

    def __init__(
        self, catalog: Catalog, client: _Client, *, index_id: int, lock: FileLock | None, marker: Path | None
    ) -> None:
        self._catalog = catalog
        self._copies = catalog.copies
        self._client = client
        self._lock = lock
        self._marker = marker
        self.index_id = index_id
        self._collection = _open_collection(client, catalog, index_id)

    @property
    def is_owner(self) -> bool:
        """Whether this process may write; others only search (a server) or do without (a folder)."""
        return self._lock is not None

    def search(self, vector: NDArray[np.float32], *, limit: int) -> list[tuple[int, float]]:
        """Return (sequence number, cosine similarity), best first. Deleted chunks may still be among them."""
        try:
            answer = self._collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        except _failures() as error:
            raise StoreError(f"Chroma did not answer ({error}). 'footnote doctor' tells more.") from error
        ids, distances = answer["ids"][0], (answer["distances"] or [[]])[0]
        return [(int(seq), 1.0 - distance) for seq, distance in zip(ids, distances, strict=True)]

    def sync(self) -> int:
        """Copy what is new in the catalog, take out what is gone; return how many chunks were copied.

        Raises:
            StoreError: If Chroma does not take it; what is missing there is copied next time.
        """
        try:
            return self._sync()
        except _failures() as error:
            raise StoreError(f"Chroma did not take the new chunks ({error}). 'footnote doctor' tells more.") from error

    def _sync(self) -> int:
        copied = 0
        while self._catalog.revision.index_id == self.index_id:
            seqs = self._copy_batch(self._copies.synced(self.index_id))
            if not seqs:
                break
            self._copies.set_synced(self.index_id, seqs[-1])
            copied += len(seqs)
        dead = self._copies.dead(self.index_id)
        for at in range(0, len(dead), _BATCH):
            self._collection.delete(ids=[str(seq) for seq in dead[at : at + _BATCH]])
            self._copies.forget_dead(dead[at : at + _BATCH])
        return copied

    def _copy_batch(self, after: int) -> list[int]:
        stored = self._catalog.vectors(after=after, limit=_BATCH)
        seqs = [int(seq) for seq in stored.seqs]
        if seqs:
            self._upsert(seqs, stored.vectors)
        return seqs

    def _upsert(self, seqs: list[int], vectors: Vectors) -> None:
        chunks = self._catalog.chunks(seqs)
        kept = [at for at, seq in enumerate(seqs) if seq in chunks]  # deleted between the two reads
        if not kept:
            return
        found = [chunks[seqs[at]] for at in kept]
        self._collection.upsert(
            ids=[str(seqs[at]) for at in kept],
            embeddings=vectors[kept],
            # Text and place, so that other programs that read this collection can use it.
            documents=[chunk.text for chunk in found],
            metadatas=[
                {
                    "source": chunk.source,
                    "start": chunk.start,
                    "end": chunk.end,
                    "heading": chunk.heading,
                    "chunk": chunk.id,
                }
                for chunk in found
            ],
        )

    def check(self) -> None:
        """Ask Chroma whether it is there.

        Raises:
            StoreError: If it does not answer.
        """
        try:
            self._client.heartbeat()
        except _failures() as error:
            raise StoreError(f"Chroma did not answer ({error}). 'footnote doctor' tells more.") from error

    def repair(self) -> int:
        """Make the collection hold exactly what the catalog says was copied; return how many chunks differed.

        What was deleted from the catalog and not yet from here is taken out too, and does not count as a difference.
        """
        expected, dead = set(self._copies.copied(self.index_id)), set(self._copies.dead(self.index_id))
        if self._collection.count() == len(expected) and not dead:
            return 0
        held = {int(seq) for seq in self._collection.get(include=[])["ids"]}
        surplus, missing = sorted(held - expected), sorted(expected - held)
        for at in range(0, len(surplus), _BATCH):
            self._collection.delete(ids=[str(seq) for seq in surplus[at : at + _BATCH]])
        self._copies.forget_dead(dead)
        if missing:
            # Numbers grow with every commit, so copying again from the first missing one reaches all of them.
            self._copies.set_synced(self.index_id, missing[0] - 1)
        return len(held - expected - dead) + len(missing)

    def drop_former(self) -> None:
        """Delete the collections of this home's former indexes."""
        ours = self._collection.name
        prefix = ours.rpartition("-")[0] + "-"
        for collection in self._client.list_collections():
            if collection.name.startswith(prefix) and collection.name != ours:
                self._client.delete_collection(collection.name)

    def problems(self) -> list[str]:
        """Compare with the catalog; return a sentence for each difference."""
        expected = len(self._copies.copied(self.index_id))
        count = self._collection.count() - len(self._copies.dead(self.index_id))
        return (
            [f"The catalog has copied {expected} chunks to Chroma, which holds {count}."] if count != expected else []
        )

    def close(self) -> None:
        """Release the folder or the connection."""
        self._client.close()
        if self._marker is not None:
            self._marker.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()


def _failures() -> tuple[type[Exception], ...]:
    """What Chroma raises when it cannot do something, or when its server has gone."""
    from chromadb.errors import ChromaError
    from httpx import HTTPError

    return ChromaError, OSError, HTTPError


def open_vector_store(catalog: Catalog, *, url: str | None = None, repair: bool = False) -> VectorStore | None:
    """Open the collection of the active index.

    Args:
        catalog: The home's catalog; an embedded Chroma lies beside it.
        url: Address of a Chroma server, such as `http://localhost:8000`; `None` for the embedded one.
        repair: Whether to compare the collection with the catalog, mend it and clear away old ones. Takes the lock.

    Returns:
        The store, or `None` if there is nothing to open yet, if another process has the embedded folder open, or, with
        `repair` false, if the folder was not closed properly or the chunks were last copied to another store.
        Everything can then be found by scanning.

    Raises:
        StoreError: If the server cannot be reached, or Chroma cannot open the folder.
    """
    index_id = catalog.revision.index_id
    if index_id is None:
        return None
    lock = _acquired(catalog.path.parent / "chroma.lock")
    store = None
    try:
        store = _opened(catalog, url=url, index_id=index_id, lock=lock, repair=repair)
        if store is not None and repair and store.is_owner:
            mended = store.repair()
            if mended:
                log.warning("Chroma differed from the catalog by %d chunks and was brought back to it.", mended)
            store.drop_former()
    except BaseException:
        if store is not None:
            store.close()
            store = None
        raise
    finally:
        if store is None and lock is not None:
            lock.release()
    return store


def _acquired(path: Path) -> FileLock | None:
    """The lock, or `None` if another process has it or this one may not write here."""
    lock = FileLock(path, is_singleton=False)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError):
        return None
    return lock


def _opened(
    catalog: Catalog, *, url: str | None, index_id: int, lock: FileLock | None, repair: bool
) -> VectorStore | None:
    may_start = repair and lock is not None
    if url is not None:
        client = _server_client(url)
        if not _is_followed(catalog, url, may_start=may_start):
            client.close()
            return None
        return VectorStore(catalog, client, index_id=index_id, lock=lock, marker=None)
    if lock is None or not _is_followed(catalog, "embedded", may_start=may_start):
        return None
    return _open_embedded(catalog, catalog.path.parent, index_id=index_id, lock=lock, repair=repair)


def _is_followed(catalog: Catalog, store: str, *, may_start: bool) -> bool:
    """Whether the copy log is about this store; if it may, it is started anew for it."""
    if catalog.copies.store != store and may_start:
        catalog.copies.start(store)
    return catalog.copies.store == store


def _open_embedded(catalog: Catalog, home: Path, *, index_id: int, lock: FileLock, repair: bool) -> VectorStore | None:
    folder, marker = home / "chroma", home / "chroma.open"
    if marker.exists():
        if not repair:
            return None
        if not _works(catalog, folder, index_id):
            log.warning("The Chroma index in '%s' was damaged by a crash; rebuilding it from the catalog.", folder)
            shutil.rmtree(folder, ignore_errors=True)
            catalog.copies.set_synced(index_id, 0)
    elif not repair and not folder.exists():
        return None
    marker.touch()
    return VectorStore(catalog, _embedded_client(folder), index_id=index_id, lock=lock, marker=marker)


def _client_settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _embedded_client(folder: Path) -> _Client:
    import chromadb
    from chromadb.errors import ChromaError

    try:
        return chromadb.PersistentClient(path=str(folder), settings=_client_settings())
    except (ChromaError, OSError, ValueError) as error:
        raise StoreError(
            f"Chroma cannot open '{folder}': {error}. Delete that folder; "
            "the next 'footnote ingest' fills it again from the catalog."
        ) from error


def _server_client(url: str) -> _Client:
    import chromadb
    from chromadb.errors import ChromaError

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreError(f"The Chroma address {url!r} is not of the form http://host:port. Check FOOTNOTE_CHROMA_URL.")
    try:
        return chromadb.HttpClient(
            host=parts.hostname,
            port=parts.port or (443 if parts.scheme == "https" else 8000),
            ssl=parts.scheme == "https",
            settings=_client_settings(),
        )
    except (ChromaError, OSError, ValueError) as error:  # HttpClient raises ValueError when nobody answers
        raise StoreError(
            f"No Chroma server answers at {url!r} ({error}). Start it, or unset FOOTNOTE_CHROMA_URL."
        ) from error


def _collection_name(catalog: Catalog, index_id: int) -> str:
    return f"footnote-{catalog.home_id}-{index_id}"


def _open_collection(client: _Client, catalog: Catalog, index_id: int) -> _Collection:
    identity = catalog.identity
    metadata = {"embedding": identity.embedding, "chunking": identity.chunking} if identity else None
    return client.get_or_create_collection(
        _collection_name(catalog, index_id), embedding_function=None, metadata=metadata, configuration={"hnsw": _HNSW}
    )


def _works(catalog: Catalog, folder: Path, index_id: int) -> bool:
    """Look up some vectors in a child process, because a broken index can crash whoever queries it."""
    if not folder.exists():
        return False
    stored = catalog.vectors()
    copied = stored.seqs <= catalog.copies.synced(index_id)
    known = np.flatnonzero(copied & stored.vectors.any(axis=1)) if copied.any() else np.zeros(0, np.int64)
    if not len(known):
        return True
    sample = known[np.unique(np.linspace(0, len(known) - 1, _PROBES).astype(int))]
    probe = {
        "folder": str(folder),
        "collection": _collection_name(catalog, index_id),
        "vectors": [stored.vectors[at].tolist() for at in sample],
    }
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "index.vector_store"],  # -P: not a folder `index` of the user's
            input=json.dumps(probe),
            text=True,
            encoding="utf-8",
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return child.returncode == 0


def _probe(text: str) -> bool:
    """What the child process does: whether each vector finds itself, or one just as near."""
    probe = json.loads(text)
    client = _embedded_client(Path(probe["folder"]))
    collection = client.get_collection(probe["collection"], embedding_function=None)
    answer = collection.query(query_embeddings=probe["vectors"], n_results=1, include=["distances"])
    client.close()
    return all(distances and distances[0] < 0.001 for distances in answer["distances"] or [[]])


if __name__ == "__main__":
    sys.exit(0 if _probe(sys.stdin.read()) else 1)
