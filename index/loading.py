"""Files and other bytes → `Document`: which files of a folder are read, and how each kind is."""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path, PurePath
from stat import S_ISDIR, S_ISREG

from index.blocks import find_blocks, heading_span
from index.decoding import decode_text
from index.documents import Document
from index.errors import LoadError
from index.front_matter import split_front_matter
from index.html_pages import decode_page, extract_article
from index.language import detect_language, normalise_language
from index.settings import LoadingSettings

MARKDOWN_SUFFIXES = frozenset((".md", ".markdown"))
TEXT_SUFFIXES = frozenset((".txt", ".text"))
HTML_SUFFIXES = frozenset((".html", ".htm", ".xhtml"))
SUFFIXES = MARKDOWN_SUFFIXES | TEXT_SUFFIXES | HTML_SUFFIXES
# Of each kind the usual one, to tell people what is read.
USUAL_SUFFIXES = (".md", ".txt", ".html")

_MIB = 1024 * 1024
# A title is looked for in this much text; a longer first line is no title.
_TITLE_SEARCH = 20_000
_TITLE_LONGEST = 120
_INLINE_MARKS = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\s]{0,1000}\)|[*`]+|(?<!\w)_+|_+(?!\w)")
_PARTIAL_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2]))?")


def is_url(source: str) -> bool:
    """Whether this names a page of the web and no file: a path has no two slashes after a colon."""
    return source[:8].lower().startswith(("http://", "https://"))


def find_files(path: Path) -> list[Path]:
    """List the files to load: `path` itself if it is a file, else all below it with a known suffix, sorted.

    Names that start with a full stop are left out, and a folder is entered once even if links lead into it again.

    Raises:
        LoadError: If the path is missing, or it or a folder below it cannot be listed.
    """
    try:
        if not S_ISDIR(path.stat().st_mode):
            return [path]
    except OSError as error:
        raise _os_error(error, str(path)) from error
    return sorted(_walk(path, visited=set()))


def content_hash(path: Path, *, settings: LoadingSettings, source: str | None = None) -> str:
    """The SHA-256 of a file in hexadecimal, equal to `Document.content_hash` of the same bytes.

    Raises:
        LoadError: If the file is missing, cannot be read or is too large.
    """
    return hashlib.sha256(read_file(path, source=source or str(path), settings=settings)).hexdigest()


def read_file(path: Path, *, source: str, settings: LoadingSettings) -> bytes:
    """The bytes of a file; `source` is its name as people see it.

    Raises:
        LoadError: If the file is missing, cannot be read or is too large.
    """
    try:
        if not S_ISREG(path.stat().st_mode):
            raise LoadError(f"{source!r} is not a file: name a file, or a folder that holds files.")
        with path.open("rb") as file:
            data = file.read(settings.max_bytes + 1)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _os_error(error, source) from error
    if len(data) > settings.max_bytes:
        raise LoadError(
            f"{source!r} has {size / _MIB:.1f} MiB, more than the limit of {settings.max_bytes / _MIB:g} MiB:"
            " split it, or raise FOOTNOTE_MAX_FILE_MB."
        )
    return data


def load_file(path: Path, *, source: str, settings: LoadingSettings) -> Document:
    """Load one Markdown, text or HTML file.

    Args:
        path: The file.
        source: Its name as people see it, for `Document.source` and messages.
        settings: What is too large.

    Raises:
        LoadError: If it cannot be read or is no document; the message is one line that names the file and the cure.
    """
    _suffix(path.name, source)  # before all of a large archive is read
    return load_bytes(read_file(path, source=source, settings=settings), source=source, name=path.name)


def load_bytes(data: bytes, *, source: str, name: str) -> Document:
    """Make a document of the bytes of a file or a page.

    Title and language are what the document states, else its first heading or line and the detected language. An
    encoding other than UTF-8 is recorded as `metadata["encoding"]`.

    Args:
        data: All of it.
        source: Its name as people see it, for `Document.source` and messages.
        name: A file name: its suffix tells the kind, the rest is the title of a document in which none is found.

    Raises:
        LoadError: If it is no document; the message is one line that names it and the cure.
    """
    suffix = _suffix(name, source)
    title = language = ""
    if suffix in HTML_SUFFIXES:
        html, encoding = decode_page(data, source=source)
        page = extract_article(_with_newlines(html), source=source)
        text, title, language = page.text, page.title, page.language
        stated = {**page.metadata, **({"date": page.date} if page.date else {})}
    else:
        decoded, encoding = decode_text(data, source=source)
        text, stated = _with_newlines(decoded), {}
        if suffix in MARKDOWN_SUFFIXES:
            stated, text = split_front_matter(text, source=source)
            title, language = stated.pop("title", ""), stated.pop("language", "") or stated.pop("lang", "")
    if not text.strip():
        raise LoadError(f"{source!r} is empty: write something into it, or delete it.")
    iso_date = _iso_date(stated.get("date", ""))
    if iso_date:
        del stated["date"]
    if encoding != "utf-8":
        stated["encoding"] = encoding
    return Document(
        source=source,
        title=title or _find_title(text) or PurePath(name).stem,
        language=normalise_language(language) or detect_language(text),
        text=text,
        content_hash=hashlib.sha256(data).hexdigest(),
        date=iso_date,
        metadata=stated,
    )


def _suffix(name: str, source: str) -> str:
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise LoadError(
            f"{source!r} is of an unknown type {suffix!r}: convert it to one of {', '.join(sorted(SUFFIXES))}."
        )
    return suffix


def _walk(folder: Path, *, visited: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the files below a folder; one that cannot be listed is an error, or its documents would seem deleted."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in visited:
            return
        visited.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise _os_error(error, str(folder)) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(Path(entry.path), visited=visited)
        elif Path(entry.name).suffix.lower() in SUFFIXES:
            yield Path(entry.path)


def _os_error(error: OSError, source: str) -> LoadError:
    if isinstance(error, FileNotFoundError):
        return LoadError(f"{source!r} does not exist: check the name.")
    if isinstance(error, PermissionError):
        return LoadError(f"{source!r} may not be read: give your user the permission to read it.")
    return LoadError(f"{source!r} cannot be read ({error.strerror or error}): check the disk and the name.")


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _find_title(text: str) -> str:
    """The first heading, else the first line if it is short, else nothing."""
    start = text[:_TITLE_SEARCH]
    for block in find_blocks(start):
        if block.kind == "heading":
            return _plain(start[slice(*heading_span(start, block))])
    line = start.lstrip().partition("\n")[0].strip()
    return _plain(line) if len(line) <= _TITLE_LONGEST else ""


def _plain(line: str) -> str:
    return " ".join(_INLINE_MARKS.sub(lambda found: found[1] or "", line).split())


def _iso_date(value: str) -> str | None:
    """The date as ISO 8601, to the day or as exact as it is stated; None if it is not one."""
    if _PARTIAL_DATE.fullmatch(value):
        return value
    for parse in (date.fromisoformat, datetime.fromisoformat):
        try:
            parsed = parse(value)
        except ValueError:
            continue
        return parsed.isoformat()
    return None
