"""Web address → the page behind it: from the public network alone, within limits, and through nobody in between."""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote

import httpcore
import httpx

from index.documents import Document
from index.errors import LoadError
from index.html_pages import decode_page
from index.loading import SUFFIXES, is_url, load_bytes
from index.public_network import Address, AddressError, CheckedNetwork, is_public, look_up
from index.settings import LoadingSettings

# Far more than a page takes; somebody is waiting for it.
_SECONDS = 30.0
# A host that is there answers within one or two seconds from anywhere.
_CONNECT_SECONDS = 10.0
# Shortened addresses, then http to https, then a name with www: four are seen, more are a circle.
_MOST_REDIRECTS = 5
# What servers and search engines take at most; longer ones hold something else than an address.
_LONGEST_URL = 2000
_LONGEST_SHOWN = 200
_MIB = 1024 * 1024
_HEADERS = (
    ("User-Agent", "Footnote"),
    ("Accept", "text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,*/*;q=0.1"),
    ("Accept-Encoding", "gzip"),
)
_SUFFIX_OF_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/plain": ".txt",
}
# Types of servers that do not know better: the suffix of the address decides.
_VAGUE_TYPES = frozenset(("", "text/plain", "application/octet-stream", "binary/octet-stream"))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_STATUSES = frozenset(HTTPStatus)
# Tells zlib to expect gzip's header.
_GZIP = 16 + zlib.MAX_WBITS
_LAST_PORT = 65535
_USER_INFO = re.compile(r"//[^/?#]*@")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_\-]{1,40})""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """What a server sent."""

    url: str
    """Where it came from at last, after redirects."""
    data: bytes
    """Unpacked; in UTF-8 if the server stated a certain other encoding."""
    suffix: str
    """What kind of document it is, as a file would be named: `.html`, `.md` or `.txt`."""


class Fetch(Protocol):
    """Fetches a page, as `fetch_page` does."""

    def __call__(self, url: str, *, max_bytes: int) -> FetchedPage:
        """Return the page behind an address."""
        ...


def normalise_url(url: str) -> str:
    """Return an address as it is kept: the same one for all ways to write it, without the place in the page.

    Raises:
        LoadError: If it is no address of a web page.
    """
    return str(_checked_url(url))


def load_page(url: str, *, settings: LoadingSettings, fetch: Fetch | None = None) -> Document:
    """Fetch a page and make a document of it, whose source is its address.

    Raises:
        LoadError: If it cannot be fetched or is no document; the message is one line with the address and the cure.
    """
    source = normalise_url(url)
    page = (fetch or fetch_page)(source, max_bytes=settings.max_bytes)
    address = httpx.URL(source)
    stem = PurePosixPath(unquote(address.path)).stem or address.host
    return load_bytes(page.data, source=source, name=f"{stem}{page.suffix}")


def fetch_page(
    url: str,
    *,
    max_bytes: int,
    seconds: float = _SECONDS,
    is_allowed: Callable[[Address], bool] = is_public,
    addresses_of: Callable[[str, int], list[Address]] = look_up,
) -> FetchedPage:
    """Fetch the page behind an address.

    No proxy and no cookie is used, and what the environment says about either is not read. A lookup of a name takes as
    long as this machine's resolver lets it.

    Args:
        url: Begins with http:// or https://.
        max_bytes: What is too large, as sent and unpacked.
        seconds: How long all of it may take.
        is_allowed: Which addresses may be connected to.
        addresses_of: Looks a host up.

    Raises:
        LoadError: If it cannot be had or is no text; the message is one line that names the address and the cure.
    """
    address = _checked_url(url)
    timeouts = {"connect": min(_CONNECT_SECONDS, seconds), "read": seconds, "write": seconds, "pool": seconds}
    network = CheckedNetwork(is_allowed=is_allowed, addresses_of=addresses_of, seconds=seconds)
    with httpcore.ConnectionPool(ssl_context=httpx.create_ssl_context(), network_backend=network) as pool:
        for _ in range(_MOST_REDIRECTS + 1):
            with (
                _errors_named(address),
                pool.stream("GET", _target(address), headers=_HEADERS, extensions={"timeout": timeouts}) as response,
            ):
                target = _redirect(response, address)
                if target is None:
                    return _page(response, address, max_bytes=max_bytes)
            address = target
    raise LoadError(f"{_named(url)} leads from one address to the next: give the address of the page itself.")


def _checked_url(url: str) -> httpx.URL:
    scheme, separator, rest = url.strip().partition("://")
    normal = f"{scheme.lower()}{separator}{rest}"
    if not is_url(normal):
        raise LoadError(f"{_named(url)} is no address of a web page: give one that begins with https:// or http://.")
    if len(normal) > _LONGEST_URL:
        raise LoadError(f"{_named(url)} has more than {_LONGEST_URL} characters: give a shorter address.")
    try:
        parsed = httpx.URL(normal)
        address = parsed.copy_with(fragment=None, raw_path=parsed.raw_path)  # `/`, if it has none
        host = address.host  # decoded only now, which may fail
    except (httpx.InvalidURL, ValueError) as error:
        raise LoadError(f"{_named(url)} is no address: copy it from the browser once more.") from error
    if address.userinfo:
        raise LoadError(f"{_named(url)} holds a name or a password, which would be shown: give it without.")
    if not host or address.port == 0 or (address.port or 0) > _LAST_PORT:
        raise LoadError(f"{_named(url)} names no host or port: copy it from the browser once more.")
    return address


def _target(address: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=address.scheme, host=address.raw_host, port=address.port, target=address.raw_path)


def _named(url: httpx.URL | str) -> str:
    """The address as messages show it: not all of a long one, and no password."""
    shown = _USER_INFO.sub("//…@", str(url))
    return repr(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…")


@contextmanager
def _errors_named(address: httpx.URL) -> Iterator[None]:
    try:
        yield
    except AddressError as error:
        raise LoadError(f"{_named(address)} cannot be fetched, {error}.") from error
    except httpcore.TimeoutException as error:
        raise LoadError(f"{_named(address)} did not answer in time: try again later.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, UnicodeError) as error:
        reason = " ".join(str(error).split())[:_LONGEST_SHOWN]
        raise LoadError(f"{_named(address)} cannot be fetched ({reason}): check the address.") from error


def _redirect(response: httpcore.Response, address: httpx.URL) -> httpx.URL | None:
    location = _header(response, b"location")
    if response.status not in _REDIRECTS or not location:
        return None
    try:
        target = str(address.join(location))
    except (httpx.InvalidURL, ValueError):
        target = location
    return _checked_url(target)


def _page(response: httpcore.Response, address: httpx.URL, *, max_bytes: int) -> FetchedPage:
    if response.status != HTTPStatus.OK:
        raise LoadError(f"{_named(address)} {_refusal(response.status)}")
    content_type = _header(response, b"content-type")
    suffix = _suffix(content_type, address)
    data = bytearray()
    for piece in _unpacked(response, address, max_bytes=max_bytes):
        data += piece
        if len(data) > max_bytes:
            raise _too_large(address, max_bytes)
    charset = _CHARSET.search(content_type)
    return FetchedPage(str(address), _in_utf8(bytes(data), charset[1] if charset else ""), suffix)


def _refusal(status: int) -> str:
    answered = f"answered {status}{f' {HTTPStatus(status).phrase}' if status in _STATUSES else ''}"
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return f"{answered}: check the address."
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN):
        return f"{answered}: open it in a browser, save the page as a file, and add that."
    return f"{answered}: try again later, or save the page as a file and add that."


def _suffix(content_type: str, address: httpx.URL) -> str:
    """The kind of a page as a file's suffix: what the server says, or if it says nothing of use, the address."""
    kind = content_type.partition(";")[0].strip().lower()
    stated = PurePosixPath(address.path).suffix.lower()
    if kind in _VAGUE_TYPES and stated in SUFFIXES:
        return stated
    if kind not in _SUFFIX_OF_TYPE:
        said = f"is of type {kind[:_LONGEST_SHOWN]!r}" if kind else "does not say of which type it is"
        raise LoadError(f"{_named(address)} {said}: give the address of a page with text, or add its text as a file.")
    return _SUFFIX_OF_TYPE[kind]


def _unpacked(response: httpcore.Response, address: httpx.URL, *, max_bytes: int) -> Iterator[bytes]:
    """Yield the body, never more than `max_bytes` + 1 at once: a small gzip archive may hold gigabytes."""
    packing = _header(response, b"content-encoding").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise LoadError(f"{_named(address)} is packed with {packing[:_LONGEST_SHOWN]!r}: save the page as a file.")
    received, unpacking = 0, zlib.decompressobj(_GZIP) if packing.endswith("gzip") else None
    for piece in response.iter_stream():
        received += len(piece)
        if received > max_bytes:
            raise _too_large(address, max_bytes)
        try:
            yield unpacking.decompress(piece, max_bytes + 1) if unpacking else piece
        except zlib.error as error:
            raise LoadError(f"{_named(address)} is broken gzip ({error}): save the page as a file.") from error
        if unpacking and unpacking.unconsumed_tail:
            raise _too_large(address, max_bytes)
    if unpacking and received and not unpacking.eof:
        raise LoadError(f"{_named(address)} broke off: try again later.")


def _in_utf8(data: bytes, charset: str) -> bytes:
    """The same text in UTF-8, if the server says rightly that it is in another encoding.

    What is sent with a page goes before what stands in it, so it is read as if it stood there first.
    """
    if charset.lower() in ("", "utf-8", "utf8"):
        return data
    stated = f'<meta charset="{charset}">'
    try:
        text, _ = decode_page(stated.encode() + data, source="")
    except LoadError:  # the server is wrong; who reads the page says so
        return data
    return text[len(stated) :].encode()


def _too_large(address: httpx.URL, max_bytes: int) -> LoadError:
    return LoadError(
        f"{_named(address)} has more than the limit of {max_bytes / _MIB:g} MiB:"
        " add the part you need as a file, or raise FOOTNOTE_MAX_FILE_MB."
    )


def _header(response: httpcore.Response, name: bytes) -> str:
    """The first header of a name, `""` if there is none."""
    return next((value.decode(errors="replace") for key, value in response.headers if key.lower() == name), "")
