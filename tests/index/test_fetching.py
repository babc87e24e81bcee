"""Fetching: what is asked of whom, what comes back, and what an address of a reader cannot reach."""

import gzip
import socket
import ssl
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from index.errors import LoadError
from index.fetching import FetchedPage, fetch_page, load_page, normalise_url
from index.public_network import Address, is_public, look_up
from index.settings import LoadingSettings

MAX_BYTES = 100_000
HTML = b"<html lang=fi><head><title>Lahti</title></head><body><article><h1>Lahti</h1><p>%s</p></article></body></html>"
TEXT = "Lahti on kaupunki, jossa asuu noin 120 000 ihmistä, ja sen satama avattiin vuonna 1871. " * 3


@dataclass
class Site:
    """A server on this machine: it answers the path of a request with prepared bytes, and keeps the requests."""

    port: int = 0
    answers: dict[str, Sequence[bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    leaves_open: bool = False

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(
        self, path: str, body: bytes = b"", *, status: str = "200 OK", kind: str = "text/html", more: str = ""
    ) -> str:
        """Prepare an answer and give its address."""
        type_line = f"Content-Type: {kind}\r\n" if kind else ""
        head = f"HTTP/1.1 {status}\r\n{type_line}Content-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n"
        self.answers[path] = [head.encode("latin-1") + body]
        return self.url(path)

    def redirect(self, path: str, target: str) -> str:
        return self.answer(path, status="302 Found", more=f"Location: {target}\r\n")


@contextmanager
def serving(site: Site, *, wrap: Callable[[socket.socket], socket.socket] = lambda taken: taken) -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    site.port = listener.getsockname()[1]

    def run() -> None:
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), wrap(taken) as connection:
                request = connection.recv(65536).decode("latin-1")
                site.requests.append(request)
                for piece in site.answers[request.split(" ")[1]]:
                    connection.sendall(piece)
                if site.leaves_open:
                    connection.recv(1)  # until the other side has had enough

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield site
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


def is_loopback(address: Address) -> bool:
    return address == IPv4Address("127.0.0.1")


fetch = partial(fetch_page, max_bytes=MAX_BYTES, is_allowed=is_loopback, seconds=20)


def failure(url: str, *, fetch: Callable[[str], FetchedPage] = fetch) -> str:
    with pytest.raises(LoadError) as caught:
        fetch(url)
    message = str(caught.value)
    assert "\n" not in message
    return message


# -- Addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  HTTPS://Example.ORG:443/a/../b?q=1#part ", "https://example.org/b?q=1"),
        ("http://example.org", "http://example.org/"),
        ("http://example.org:8080", "http://example.org:8080/"),
        ("https://fi.wikipedia.org/wiki/Jyväskylä", "https://fi.wikipedia.org/wiki/Jyv%C3%A4skyl%C3%A4"),
        ("https://fi.wikipedia.org/wiki/Jyv%C3%A4skyl%C3%A4", "https://fi.wikipedia.org/wiki/Jyv%C3%A4skyl%C3%A4"),
        ("https://例え.jp/パス", "https://xn--r8jz45g.jp/%E3%83%91%E3%82%B9"),
        ("https://مثال.eg/", "https://xn--mgbh0fb.eg/"),
    ],
)
def test_an_address_is_kept_in_one_way(given: str, kept: str) -> None:
    assert normalise_url(given) == kept
    assert normalise_url(kept) == kept


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("example.org", "'example.org' is no address of a web page: give one that begins with https:// or http://."),
        ("ftp://example.org/a", "'ftp://example.org/a' is no address of a web page"),
        ("file:///etc/passwd", "'file:///etc/passwd' is no address of a web page"),
        ("javascript:alert(1)", "'javascript:alert(1)' is no address of a web page"),
        ("https://anna:secret@example.org/a", "'https://…@example.org/a' holds a name or a password"),
        (r"http://example.org\@evil.example/", r"'http://…@evil.example/' holds a name or a password"),
        ("http:///a", "'http:///a' names no host or port"),
        ("http://example.org:0/", "'http://example.org:0/' names no host or port"),
        ("http://example.org:65536/", "'http://example.org:65536/' names no host or port"),
        ("http://[::1", "'http://[::1' is no address"),
        ("http://example.org/\x00", r"'http://example.org/\x00' is no address"),
        ("http://example.org/\r\nHost: evil", r"'http://example.org/\r\nHost: evil' is no address"),
        ("https://xn--zzzzzz.de/", "'https://xn--zzzzzz.de/' is no address"),
        ("http://example.org\ud800/", r"'http://example.org\ud800/' is no address"),
        ("https://example.org/" + "a" * 2000, f"'https://example.org/{'a' * 180}…' has more than 2000 characters"),
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str, message: str) -> None:
    assert failure(url, fetch=partial(fetch_page, max_bytes=1)).startswith(message)
    with pytest.raises(LoadError):
        normalise_url(url)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        "168.63.129.16",
        *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1"),
        *("fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1"),
    ],
)
def test_addresses_that_are_not_the_whole_worlds_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1", "2a00:1450::1"]
)
def test_addresses_of_the_whole_world_are_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_refused_however_it_is_written(site: Site, host: str) -> None:
    site.answer("/", HTML % b"secret")
    message = failure(site.url("/", host=host), fetch=partial(fetch_page, max_bytes=MAX_BYTES))
    assert message == (
        f"'{site.url('/', host=host)}' cannot be fetched, its host is not a public one:"
        " save the page as a file, and add that."
    )
    assert site.requests == []


def test_a_host_with_one_private_address_is_refused_as_a_whole(site: Site) -> None:
    def addresses(_: str, __: int) -> list[Address]:
        return [ip_address("127.0.0.1"), ip_address("10.0.0.1")]

    message = failure(site.url("/", host="mixed.example"), fetch=partial(fetch, addresses_of=addresses))
    assert "not a public one" in message
    assert site.requests == []


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_connected_to(site: Site) -> None:
    """A name that means another machine a moment later is no way in."""
    asked: list[str] = []

    def addresses(host: str, _: int) -> list[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1")] if len(asked) == 1 else [ip_address("127.0.0.2")]

    site.answer("/", HTML % TEXT.encode())
    page = fetch(site.url("/", host="rebinding.example"), addresses_of=addresses)
    assert page.url == site.url("/", host="rebinding.example")
    assert asked == ["rebinding.example"]
    assert f"Host: rebinding.example:{site.port}\r\n" in site.requests[0]


def test_the_next_address_is_tried_if_one_does_not_answer(site: Site) -> None:
    def addresses(_: str, __: int) -> list[Address]:
        return [ip_address("127.0.0.9"), ip_address("127.0.0.1")]  # nothing listens at the first

    url = site.answer("/", HTML % TEXT.encode()).replace("127.0.0.1", "two.example")
    assert fetch(url, addresses_of=addresses, is_allowed=lambda _: True).url == url


def test_unknown_hosts_are_named() -> None:
    def addresses(_: str, __: int) -> list[Address]:
        raise socket.gaierror("Name or service not known")

    assert failure("https://nosuch.example/a", fetch=partial(fetch, addresses_of=addresses)) == (
        "'https://nosuch.example/a' cannot be fetched, its host is not known: check the address."
    )
    with pytest.raises(ValueError, match="idna"):
        look_up("a..b", 80)
    assert failure("http://a..b/").endswith("its host is not known: check the address.")


# -- Redirects ---------------------------------------------------------------------------------------------------------


def test_redirects_are_followed(site: Site) -> None:
    site.redirect("/a", "b?x=1")
    site.redirect("/b?x=1", site.url("/ä#part").encode().decode("latin-1"))
    site.answer("/%C3%A4", HTML % TEXT.encode())
    assert fetch(site.url("/a")).url == site.url("/%C3%A4")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://10.0.0.1/", "'http://10.0.0.1/' cannot be fetched, its host is not a public one"),
        ("http://169.254.169.254/latest/meta-data", "'http://169.254.169.254/latest/meta-data' cannot be fetched"),
        ("//[::1]/", "'http://[::1]/' cannot be fetched, its host is not a public one"),
        ("file:///etc/passwd", "'file:/etc/passwd' is no address of a web page"),
        ("http://anna:secret@127.0.0.1/", "'http://…@127.0.0.1/' holds a name or a password"),
        ("http://[::1", "'http://[::1' is no address"),
    ],
)
def test_every_redirect_is_checked_anew(site: Site, target: str, message: str) -> None:
    assert failure(site.redirect("/", target)).startswith(message)
    assert len(site.requests) == 1


def test_five_redirects_are_followed_and_not_six(site: Site) -> None:
    for number in range(6):
        site.redirect(f"/{number}", f"/{number + 1}")
    site.answer("/6", HTML % TEXT.encode())
    assert fetch(site.url("/1")).url == site.url("/6")
    site.requests.clear()
    assert failure(site.url("/0")) == (
        f"'{site.url('/0')}' leads from one address to the next: give the address of the page itself."
    )
    assert len(site.requests) == 6


# -- What is sent ------------------------------------------------------------------------------------------------------


def test_the_request_is_plain_and_the_environment_is_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.answer("/a?q=1", HTML % TEXT.encode(), more="Set-Cookie: a=b\r\n")
    fetch(site.url("/a?q=1"))
    assert site.requests == [
        f"GET /a?q=1 HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUser-Agent: Footnote\r\n"
        "Accept: text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,*/*;q=0.1\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    ]


# -- Limits ------------------------------------------------------------------------------------------------------------


def test_a_page_of_just_the_largest_size_is_fetched(site: Site) -> None:
    url = site.answer("/", b"x" * MAX_BYTES, kind="text/plain")
    assert fetch(url) == FetchedPage(url, b"x" * MAX_BYTES, ".txt")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip-bomb"])
def test_a_page_that_is_too_large_is_refused(site: Site, packed: bool) -> None:
    body = b"x" * (MAX_BYTES + 1) if not packed else gzip.compress(b"x" * 50_000_000)
    url = site.answer("/", body, more="Content-Encoding: gzip\r\n" if packed else "")
    assert failure(url) == (
        f"'{url}' has more than the limit of {MAX_BYTES / 1024 / 1024:g} MiB:"
        " add the part you need as a file, or raise FOOTNOTE_MAX_FILE_MB."
    )


def test_a_gzip_bomb_is_not_unpacked_as_a_whole(site: Site) -> None:
    url = site.answer("/", gzip.compress(b"x" * 50_000_000), more="Content-Encoding: gzip\r\n")
    fetch(site.answer("/before", b"Text.", kind="text/plain"))  # what is loaded once is not counted
    tracemalloc.start()
    failure(url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_page_without_end_is_given_up(site: Site) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
        while True:
            yield b"x" * 10_000

    site.answers["/"] = endless()  # type: ignore[assignment]
    assert "has more than the limit" in failure(site.url("/"))


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: "], ids=["silence", "head"])
def test_a_server_that_does_not_finish_is_given_up(site: Site, head: bytes) -> None:
    site.leaves_open = True
    site.answers["/"] = [head]
    assert failure(site.url("/"), fetch=partial(fetch, seconds=0.3)) == (
        f"'{site.url('/')}' did not answer in time: try again later."
    )


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"], ids=["head", "body"])
def test_a_server_that_sends_byte_by_byte_is_given_up_all_the_same(site: Site, head: bytes) -> None:
    """No read takes long, all of them together do."""
    pause = threading.Event()

    def drops() -> Iterator[bytes]:
        yield head
        while not pause.wait(0.02):
            yield b"x"

    site.answers["/"] = drops()  # type: ignore[assignment]
    try:
        message = failure(site.url("/"), fetch=partial(fetch, seconds=0.5))
    finally:
        pause.set()
    assert message == f"'{site.url('/')}' did not answer in time: try again later."


# -- Answers that are no page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("404 Not Found", "answered 404 Not Found: check the address."),
        ("410 Gone", "answered 410 Gone: check the address."),
        ("403 No", "answered 403 Forbidden: open it in a browser, save the page as a file, and add that."),
        ("500 Oh", "answered 500 Internal Server Error: try again later, or save the page as a file and add that."),
        ("599 <b>", "answered 599: try again later, or save the page as a file and add that."),
        ("304 Not Modified", "answered 304 Not Modified: try again later, or save the page as a file and add that."),
        ("204 No Content", "answered 204 No Content: try again later, or save the page as a file and add that."),
    ],
)
def test_refusals_of_a_server_are_told(site: Site, status: str, message: str) -> None:
    url = site.answer("/", b"" if status[0] in "23" else HTML % TEXT.encode(), status=status)
    assert failure(url) == f"'{url}' {message}"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("application/pdf", "is of type 'application/pdf'"),
        ("image/png", "is of type 'image/png'"),
        ("", "does not say of which type it is"),
        ("application/octet-stream", "is of type 'application/octet-stream'"),
    ],
)
def test_what_is_no_text_is_refused_by_its_type(site: Site, kind: str, says: str) -> None:
    url = site.answer("/file", b"%PDF-1.7", kind=kind)
    assert failure(url) == f"'{url}' {says}: give the address of a page with text, or add its text as a file."


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "cannot be fetched ("),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nshort", "cannot be fetched ("),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "cannot be fetched ("),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: br\r\n\r\nx", "is packed with 'br'"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip, gzip\r\n\r\nx",
            "is packed with 'gzip,",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\nxyz", "is broken gzip ("),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n"
            + gzip.compress(b"x" * 99)[:20],
            "broke off: try again later.",
        ),
    ],
    ids=["ssh", "cut", "headers", "brotli", "packed-twice", "no-gzip", "half-a-gzip"],
)
def test_broken_answers_are_told(site: Site, answer: bytes, says: str) -> None:
    site.answers["/"] = [answer]
    message = failure(site.url("/"))
    assert message.startswith(f"'{site.url('/')}' {says}")
    assert len(message) < 400


def test_a_port_that_nothing_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failure(f"http://127.0.0.1:{port}/").startswith(f"'http://127.0.0.1:{port}/' cannot be fetched (")


# -- Kinds and encodings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind", "suffix"),
    [
        ("/a", "text/html; charset=utf-8", ".html"),
        ("/a.md", "TEXT/HTML", ".html"),
        ("/a", "application/xhtml+xml", ".html"),
        ("/a", "text/markdown", ".md"),
        ("/a", "text/plain", ".txt"),
        ("/README.md?raw=1", "text/plain; charset=utf-8", ".md"),
        ("/a.TXT", "application/octet-stream", ".txt"),
        ("/a.htm", "", ".htm"),
    ],
)
def test_the_kind_is_the_servers_or_that_of_the_address(site: Site, path: str, kind: str, suffix: str) -> None:
    assert fetch(site.answer(path, b"Text.", kind=kind)).suffix == suffix


def test_packed_pages_are_unpacked(site: Site) -> None:
    url = site.answer("/", gzip.compress(TEXT.encode()), kind="text/plain", more="Content-Encoding: gzip\r\n")
    assert fetch(url).data == TEXT.encode()


LETTERS = {
    "windows-1251": "Делегация прибыла в Токио во вторник. Министр подписал соглашение. ",
    "iso-8859-1": "Die größte Delegation fährt nach Köln, „für die Außenwirtschaft“. ".replace("„", "").replace(
        "“", ""
    ),
    "shift_jis": "代表団は火曜日に東京に到着しました。大臣は協力協定に署名しました。",
    "iso-2022-jp": "代表団は火曜日に東京に到着しました。大臣は協力協定に署名しました。",
    "euc-kr": "대표단은 화요일에 도쿄에 도착했습니다. 장관은 협력 협정에 서명했습니다. ",
    "windows-1256": "وصل الوفد إلى طوكيو يوم الثلاثاء. وقع الوزير اتفاقية التعاون. ",
}


@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
@pytest.mark.parametrize("charset", LETTERS)
def test_an_encoding_that_only_the_server_states_is_read(site: Site, charset: str, kind: str) -> None:
    body = LETTERS[charset] * 5
    markup = f"<html><body><article><p>{body}</p></article></body></html>" if kind == "text/html" else body
    url = site.answer("/a", markup.encode(charset), kind=f'{kind}; charset="{charset.upper()}"')
    document = load_page(url, settings=LoadingSettings(), fetch=fetch)
    assert document.text.strip() == body.strip()


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "rot13", "unicode_escape", "nonsense"])
def test_a_wrong_or_strange_encoding_does_no_harm(site: Site, charset: str) -> None:
    url = site.answer("/", TEXT.encode(), kind=f"text/plain; charset={charset}")
    assert fetch(url).data == TEXT.encode()


def test_bytes_in_no_certain_encoding_are_an_error(site: Site) -> None:
    url = site.answer("/a", TEXT.encode() + b"\xff broken", kind="text/plain")
    with pytest.raises(LoadError, match=r"/a' is not valid UTF-8 \(byte \d+ is 0xff\)"):
        load_page(url, settings=LoadingSettings(), fetch=fetch)


# -- Documents ---------------------------------------------------------------------------------------------------------


def test_a_page_becomes_a_document_whose_source_is_its_address(site: Site) -> None:
    site.redirect("/short", "/articles/lahti")
    site.answer("/articles/lahti", HTML % TEXT.encode())
    document = load_page(f"{site.url('/short')}#part", settings=LoadingSettings(), fetch=fetch)
    assert (document.source, document.title, document.language) == (site.url("/short"), "Lahti", "fi")
    assert document.text.startswith("# Lahti\n\nLahti on kaupunki")


@pytest.mark.parametrize(
    ("path", "title"), [("/wiki/Jyv%C3%A4skyl%C3%A4", "Jyväskylä"), ("/", "127.0.0.1"), ("/a%2F..%2Fb.txt", "b")]
)
def test_a_page_without_a_title_is_named_after_its_address(site: Site, path: str, title: str) -> None:
    url = site.answer(path, ("long " * 40).encode(), kind="text/plain")
    assert load_page(url, settings=LoadingSettings(), fetch=fetch).title == title


def test_a_page_without_text_is_an_error(site: Site) -> None:
    url = site.answer("/", b"<html><body><script>render()</script></body></html>")
    with pytest.raises(LoadError, match="has no article text: if a browser shows some, save it from there as text"):
        load_page(url, settings=LoadingSettings(), fetch=fetch)


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `secure.example`, which vouches for itself, with its key."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=secure.example"
    names = ["-addext", "subjectAltName=DNS:secure.example", "-keyout", str(file), "-out", f"{file}.crt"]
    try:
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    with file.open("ab") as both:
        both.write(Path(f"{file}.crt").read_bytes())
    return file


def test_tls_vouches_for_the_name_and_not_for_the_address(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def addresses(_: str, __: int) -> list[Address]:
        return [ip_address("127.0.0.1")]

    with serving(Site(), wrap=partial(context.wrap_socket, server_side=True)) as site:
        site.answer("/", HTML % TEXT.encode())
        https = partial(fetch, addresses_of=addresses)
        url = f"https://secure.example:{site.port}/"
        assert "CERTIFICATE_VERIFY_FAILED" in failure(url, fetch=https)
        monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
        assert https(url).url == url
        assert "Hostname mismatch" in failure(f"https://other.example:{site.port}/", fetch=https)
