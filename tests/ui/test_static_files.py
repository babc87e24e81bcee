"""The files of the page: their addresses, how long they are kept, and what is not there."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from ui.static_files import StaticFiles

FILES = {
    "a.js": "import './b.js';",
    "b.js": "export {};",
    "page.css": "body {}",
    "mark.svg": "<svg/>",
    "notes.txt": "no",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def get(static: StaticFiles, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]] | None:
    request = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    response = static.response(path, request)
    return None if response is None else (response.status_code, bytes(response.body), dict(response.headers))


def test_files_are_named_by_their_kind(folder: Path) -> None:
    static = StaticFiles(folder)
    assert (static.names(".js"), static.names(".css"), static.names(".txt")) == (["a.js", "b.js"], ["page.css"], [])


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.js", "text/javascript; charset=utf-8"),
        ("page.css", "text/css; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
    ],
)
def test_lasting_address_is_kept_for_good_and_the_plain_one_is_not(folder: Path, name: str, media_type: str) -> None:
    static = StaticFiles(folder)
    lasting, plain = get(static, f"/{static.address(name)}"), get(static, f"/static/{name}")
    assert lasting is not None
    assert plain is not None
    assert lasting[:2] == plain[:2] == (200, FILES[name].encode())
    assert lasting[2]["cache-control"] == "public, max-age=31536000, immutable"
    assert plain[2]["cache-control"] == "no-cache"
    assert lasting[2]["content-type"] == plain[2]["content-type"] == media_type


def test_a_change_to_one_file_changes_the_address_of_all(folder: Path) -> None:
    before = StaticFiles(folder)
    (folder / "b.js").write_text("export const x = 1;", encoding="utf-8")
    after = StaticFiles(folder)
    assert before.address("a.js") != after.address("a.js")
    assert get(after, f"/{before.address('a.js')}") is None


def test_known_contents_are_not_sent_again(folder: Path) -> None:
    static = StaticFiles(folder)
    first = get(static, "/static/a.js")
    assert first is not None
    assert get(static, "/static/a.js", if_none_match=first[2]["etag"]) == (
        304,
        b"",
        {name: first[2][name] for name in ("cache-control", "etag", "vary")},
    )


def test_a_browser_that_can_unpack_gets_less(folder: Path) -> None:
    packed = get(StaticFiles(folder), "/static/a.js", accept_encoding="gzip, br")
    assert packed is not None
    assert packed[2]["content-encoding"] == "gzip"
    assert packed[1][:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/notes.txt",
        "/static/../a.js",
        "/static/%2e%2e/a.js",
        "/static/0123456789abcdef/a.js",
        "/static//a.js",
        "/static/a.js/",
        "/static/a.js\0",
        "/a.js",
    ],
)
def test_nothing_else_is_served(folder: Path, path: str) -> None:
    assert get(StaticFiles(folder), path) is None


def test_a_missing_file_has_no_address(folder: Path) -> None:
    with pytest.raises(KeyError, match=r"notes\.txt"):
        StaticFiles(folder).address("notes.txt")
