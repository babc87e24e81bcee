"""Brings the lexical index up to the catalog, which is the truth.

How far it has come is the greatest sequence number in it: numbers only grow, and tantivy's commits are whole. So a
process may be killed at any moment, and whoever comes next goes on from the last commit.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.analysis import ANALYSIS_VERSION, analyse
from index.catalog import Catalog
from index.errors import StoreError
from index.lexical_index import LexicalEntry, LexicalIndex, LexicalWriter

log = logging.getLogger(__name__)

# Chunks read from the catalog at once, and added before what is there is committed: a killed process loses no more.
_BATCH = 1000
_COMMIT_EVERY = 20_000
# From this number of missing chunks on (about ten seconds), it is said what is going on.
_MANY = 20_000


def open_lexical_index(catalog: Catalog, *, index_id: int) -> LexicalIndex:
    """Name the folder of an index; another index or another analysis has another one."""
    return LexicalIndex(catalog.path.parent / f"lexical-{index_id}-v{ANALYSIS_VERSION}")


def is_behind(catalog: Catalog, lexical: LexicalIndex, *, index_id: int) -> bool:
    """Whether the lexical index lacks chunks that the catalog has, or cannot be opened."""
    try:
        return lexical.last_seq() < catalog.last_seq(index_id)
    except StoreError:
        return True


def sync_lexical_index(catalog: Catalog, lexical: LexicalIndex, *, index_id: int, wait: float = 0) -> bool:
    """Add what is new in the catalog, take out what is gone; build it anew if it is damaged.

    Args:
        catalog: The home's catalog.
        lexical: What `open_lexical_index` gave for it.
        index_id: Which index of the catalog.
        wait: How many seconds to wait for another process that is doing the same.

    Returns:
        Whether it is up to the catalog; not so if another process is still busy with it.

    Raises:
        StoreError: If it cannot be written.
    """
    with _exclusive(catalog.path.parent / "lexical.lock", wait) as ours:
        if ours:
            if not _is_usable(lexical):
                log.warning("The lexical index '%s' was damaged; building it anew from the catalog.", lexical.folder)
                shutil.rmtree(lexical.folder, ignore_errors=True)
            _follow(catalog, lexical, index_id)
            if not _agrees(catalog, lexical, index_id):
                log.warning("The lexical index '%s' lacked chunks; building it anew.", lexical.folder)
                shutil.rmtree(lexical.folder, ignore_errors=True)
                _follow(catalog, lexical, index_id)
        return ours


def sweep_lexical_indexes(catalog: Catalog, *, keep: LexicalIndex) -> None:
    """Delete the folders of former indexes and analyses."""
    for folder in catalog.path.parent.glob("lexical-*-v*"):
        if folder != keep.folder:
            shutil.rmtree(folder, ignore_errors=True)  # one that is in use on Windows goes next time


def lexical_problems(catalog: Catalog, lexical: LexicalIndex, *, index_id: int) -> list[str]:
    """Compare with the catalog; return a sentence for each difference."""
    try:
        count, (upto, above) = lexical.count(), catalog.count_up_to(index_id, lexical.last_seq())
    except StoreError as error:
        return [str(error)]
    if not above and upto <= count <= upto + catalog.lexical_dead.dead_count(index_id):
        return []
    return [f"The catalog holds {upto + above} chunks, the lexical index {count}."]


@contextmanager
def _exclusive(path: Path, wait: float) -> Iterator[bool]:
    lock = FileLock(path, is_singleton=False)
    try:
        lock.acquire(timeout=wait)
    except (Timeout, OSError):  # busy, or a folder that this process may not write to
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _is_usable(lexical: LexicalIndex) -> bool:
    try:
        lexical.last_seq()
    except StoreError:
        return False
    # Without this file tantivy begins anew, and what a kill has left lies about for ever.
    return (lexical.folder / "meta.json").exists() or not lexical.folder.exists()


def _agrees(catalog: Catalog, lexical: LexicalIndex, index_id: int) -> bool:
    count, (upto, _) = lexical.count(), catalog.count_up_to(index_id, lexical.last_seq())
    return upto <= count <= upto + catalog.lexical_dead.dead_count(index_id)


def _follow(catalog: Catalog, lexical: LexicalIndex, index_id: int) -> None:
    after = lexical.last_seq()
    if after >= catalog.last_seq(index_id) and not catalog.lexical_dead.dead_count(index_id):
        return
    missing = catalog.count_up_to(index_id, after)[1]
    if missing >= _MANY:
        log.warning("The lexical index is brought up to the catalog: %d chunks, a minute for each 100,000.", missing)
    with lexical.writing() as writer:
        while True:
            last = _add(catalog, writer, index_id, after=after)
            # Read after the chunks were: one that was deleted in between is among them, and goes.
            dead = catalog.lexical_dead.dead(index_id)
            writer.delete(dead)
            writer.commit()
            if dead:
                catalog.lexical_dead.forget_dead(dead)
            if last == after:
                return
            after = last


def _add(catalog: Catalog, writer: LexicalWriter, index_id: int, *, after: int) -> int:
    """Add up to `_COMMIT_EVERY` chunks; return the number of the last one, `after` if there was none."""
    for _ in range(_COMMIT_EVERY // _BATCH):
        texts = catalog.lexical_texts(index_id, after=after, limit=_BATCH)
        contexts = {context: analyse(context) for context in {text.context for text in texts}}
        writer.add(
            LexicalEntry(text.seq, analyse(text.text), contexts[text.context], text.source, text.language)
            for text in texts
        )
        if texts:
            after = texts[-1].seq
        if len(texts) < _BATCH:
            break
    return after
