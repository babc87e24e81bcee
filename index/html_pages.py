"""HTML → the article on the page, as Markdown, with what the page states about itself."""

import re
from dataclasses import dataclass, field

from index.decoding import decode_text
from index.errors import LoadError

# The names that pages give the encodings they are in, and what browsers take them for (WHATWG Encoding Standard).
_CHARSETS = {
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
    **dict.fromkeys(("iso-8859-9", "windows-1254"), "cp1254"),
    **dict.fromkeys(("tis-620", "windows-874", "iso-8859-11"), "cp874"),
    **{f"windows-{number}": f"cp{number}" for number in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{name: name for name in ("big5", "euc-jp", "iso-2022-jp", "koi8-r", "koi8-u", "macintosh")},
}
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_\-]{1,40})""", re.IGNORECASE
)
_HEAD_LENGTH = 4096
_LANGUAGE = re.compile(r"""<html\b[^>]{0,2000}?\slang\s*=\s*["']?([A-Za-z0-9_-]{1,35})""", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,300}\?>")


@dataclass(frozen=True, slots=True)
class Page:
    """The article on a page; `""` for what the page does not state."""

    text: str
    title: str = ""
    date: str = ""
    language: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


def decode_page(data: bytes, *, source: str) -> tuple[str, str]:
    """Decode the bytes of an HTML file by mark, UTF-8, its own `charset` and a guess, in that order.

    Raises:
        LoadError: If the bytes are no text, or no encoding is certain enough.
    """
    stated = _CHARSET.search(data[:_HEAD_LENGTH])
    encoding = _CHARSETS.get(stated[1].decode("ascii").lower()) if stated else None
    # Many pages that say Latin-1 are in UTF-8, but no page in Latin-1 is valid UTF-8 by accident.
    if encoding and b"\x00" not in data and (encoding.startswith("iso-2022") or not _is_utf8(data)):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            pass  # the page is wrong about itself
    return decode_text(data, source=source)


def extract_article(html: str, *, source: str) -> Page:
    """Find the article of a page: no navigation, scripts or styles; headings, lists and tables as Markdown.

    Raises:
        LoadError: If there is none.
    """
    import trafilatura
    from lxml.etree import LxmlError

    html = _XML_DECLARATION.sub("", html, count=1)  # lxml refuses a decoded text that still names an encoding
    try:
        text = trafilatura.extract(html, output_format="markdown", include_comments=False, include_tables=True)
        found = trafilatura.extract_metadata(html) if text else None
    except (LxmlError, ValueError, RecursionError) as error:
        raise LoadError(f"{source!r} cannot be read as HTML: open it in a browser and save its text.") from error
    if not text or not text.strip():
        raise LoadError(f"{source!r} has no article text: if a browser shows some, save it from there as text.")
    stated = _LANGUAGE.search(html)
    language = stated[1] if stated else ""
    if found is None:
        return Page(text, language=language)
    metadata = {"author": found.author, "site": found.sitename, "url": found.url, "license": found.license}
    return Page(
        text=text,
        title=found.title or "",
        date=found.date or "",
        language=language,
        metadata={key: value for key, value in metadata.items() if value},
    )


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
