"""The document of the page: what Gradio's template gives, in the reader's language, with a nonce and without strangers.

Gradio writes its document for any host and any theme. What is changed here is changed in its text, one small edit
after the other: an edit whose place is missing in a later Gradio leaves that place as it was, and fails a test.
"""

import gzip
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from html import escape

from babel import Locale
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.kept_files import KeptFiles, Memory
from ui.messages import Messages, all_messages, messages_for, preferred_messages
from ui.security import page_policy
from ui.static_files import FOREVER, StaticFiles

LANGUAGE_COOKIE = "footnote-language"
"""Holds the code of the language that the reader chose on the page; set by the page's script."""

# Gradio's built files have a hash of their contents in their names: `index-DphvyggB.js`.
_HASHED_ASSET = re.compile(r"/assets/[\w.-]+-[\w-]{8,9}\.\w+")
# They come with the installed Gradio, so all apps of a process have the same.
_GRADIO_FILES = Memory()
# Names of the kind that social networks read. They hold addresses of Gradio's, and nobody shares this page.
_SOCIAL = re.compile(r"""<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*""")
# It resizes a frame around the page, and no page may frame this one.
_FRAME_SCRIPT = re.compile(
    r"<script>(?:(?!</script>).)*iframeResizer\.contentWindow(?:(?!</script>).)*</script>\s*", re.S
)
_SCRIPT = re.compile(r"<script(?=[\s>])")
_ROOT = re.compile(r"""<html(?P<before>[^>]*?)\slang="[^"]*\"""")
_HEAD = re.compile(r"<head>")
_LABELS = re.compile(r'"i18n_translations":(?={)')
_BODY = re.compile(r"<body\b[^>]*>")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who opens the page: the language, whether it was chosen on the page, and the name if there is a login."""

    messages: Messages
    chose_language: bool = False
    name: str | None = None


def reader_messages(cookies: Mapping[str, str], accept_language: str) -> Messages:
    """Give the sentences in the language that the reader chose on the page, else in the one the browser asks for."""
    chosen = cookies.get(LANGUAGE_COOKIE, "")
    return messages_for(chosen) if chosen in all_messages() else preferred_messages(accept_language)


def own_document(document: str, *, reader: Reader, nonce: str, static: StaticFiles) -> str:
    """Turn Gradio's document into ours.

    Args:
        document: What Gradio's template gave. Its scripts are trusted; Gradio escapes the values in them.
        reader: Whom it is for.
        nonce: Put on every script; the policy of the same response must name it.
        static: Holds the stylesheets and modules that the document asks for.
    """
    messages = reader.messages
    document = _SOCIAL.sub("", document)
    document = _FRAME_SCRIPT.sub("", document)
    document = _labels_in(document, messages.language)
    document = _SCRIPT.sub(f'<script nonce="{nonce}"', document)
    opening = f'<html lang="{messages.language}" dir="{messages.direction}"'
    document = _ROOT.sub(lambda found: opening + found["before"], document, count=1)
    document = _HEAD.sub(lambda found: found[0] + _head(reader, nonce=nonce, static=static), document, count=1)
    # In the body, so that they come after the stylesheets that Gradio's scripts add to the head.
    return _BODY.sub(lambda found: found[0] + _opening(messages, static), document, count=1)


def _labels_in(document: str, language: str) -> str:
    """Leave the reader's of all the labels that Gradio was given, and let it take them for the English ones.

    It knows some languages; to readers of any other, such as Czech, it would speak English.
    """
    found = _LABELS.search(document)
    if found is None:
        return document
    labels, end = json.JSONDecoder().raw_decode(document, found.end())
    own = labels.get(language, {})
    return document[: found.end()] + _json({"en": own, language: own}) + document[end:]


def _json(content: object) -> str:
    """Write JSON that can stand in a script element."""
    return json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")


def _head(reader: Reader, *, nonce: str, static: StaticFiles) -> str:
    modules = "".join(
        f'<script type="module" nonce="{nonce}" src="{static.address(name)}"></script>' for name in static.names(".js")
    )
    language = _navigator_language(reader.messages.language, nonce) if reader.chose_language else ""
    return (
        f'<title>Footnote</title><link rel="icon" href="{static.address("favicon.svg")}">{language}'
        f'<script type="application/json" id="footnote-messages" nonce="{nonce}">{messages_json(reader)}</script>'
        f"{modules}"
    )


def _navigator_language(language: str, nonce: str) -> str:
    """Let the browser name the chosen language as its own: Gradio asks it in which language to show its texts."""
    return (
        f'<script nonce="{nonce}">'
        f'Object.defineProperties(navigator, {{ language: {{ value: "{language}" }}, '
        f'languages: {{ value: Object.freeze(["{language}"]) }} }});</script>'
    )


def _opening(messages: Messages, static: StaticFiles) -> str:
    """Write what is seen before Gradio has built the page; `boot.js` takes it away."""
    styles = "".join(f'<link rel="stylesheet" href="{static.address(name)}">' for name in static.names(".css"))
    return (
        f"{styles}"
        '<div id="opening"><div class="opening-list"><span></span><span></span><span></span></div>'
        '<main class="opening-page"><p class="name">Footnote</p>'
        f'<p class="title">{escape(messages.title)}</p><p class="lead">{escape(messages.introduction)}</p>'
        f'<p role="status">{escape(messages.loading)}</p></main></div>'
        f'<noscript><p class="without-scripts">{escape(messages.needs_scripts)}</p></noscript>'
    )


def messages_json(reader: Reader) -> str:
    """Give the page's scripts their sentences, as JSON that can stand in a script element."""
    content = {
        **asdict(reader.messages),
        "direction": reader.messages.direction,
        "languages": language_choices(),
        "user": reader.name,
    }
    return _json(content)


@cache
def language_choices() -> list[dict[str, str]]:
    """List the languages of the page by code, each under the name it has in itself."""
    return [
        {"code": code, "name": Locale.parse(code).get_language_name(code) or code} for code in sorted(all_messages())
    ]


class PageDocument:
    """Serves our document and our static files in front of Gradio's app, whose own are kept. No more is buffered."""

    def __init__(self, app: ASGIApp, *, static: StaticFiles) -> None:
        self.app = app
        self.static = static
        self._assets = KeptFiles(app, kept=_GRADIO_FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif file := self.static.response(scope["path"], Headers(scope=scope)):
            await file(scope, receive, send)
        elif _HASHED_ASSET.fullmatch(scope["path"]):
            await self._assets(scope, receive, _kept_forever(send))
        elif scope["path"] == "/" and scope["method"] == "GET":
            await self._serve_document(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve_document(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Gradio would compress what has yet to be edited.
        plain = {**scope, "headers": [item for item in scope["headers"] if item[0] != b"accept-encoding"]}
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    finished = self._finished(start, bytes(body), scope)
                    await send(start)
                    await send({"type": "http.response.body", "body": finished})

        await self.app(plain, receive, collect)

    def _finished(self, start: Message, body: bytes, scope: Scope) -> bytes:
        """Give the body to send, and bring the headers in `start` in line with it."""
        headers = MutableHeaders(scope=start)
        if start["status"] != 200 or not headers.get("content-type", "").startswith("text/html"):
            return body
        request = HTTPConnection(scope)
        nonce = secrets.token_urlsafe(16)
        reader = _reader(request)
        document = own_document(body.decode(), reader=reader, nonce=nonce, static=self.static).encode()
        headers["Content-Security-Policy"] = page_policy(nonce)
        # Whoever logs out leaves nothing behind that the button to go back would show.
        headers["Cache-Control"] = "no-store" if reader.name else "no-cache, private"
        headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            document = gzip.compress(document, compresslevel=5)
        headers["Content-Length"] = str(len(document))
        return document


def _reader(request: HTTPConnection) -> Reader:
    return Reader(
        reader_messages(request.cookies, request.headers.get("accept-language", "")),
        chose_language=request.cookies.get(LANGUAGE_COOKIE, "") in all_messages(),
        name=request.scope.get("state", {}).get("user"),
    )


def _kept_forever(send: Send) -> Send:
    async def send_with_caching(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 304):
            MutableHeaders(scope=message)["Cache-Control"] = FOREVER
        await send(message)

    return send_with_caching
