"""Which addresses are of this machine alone, and when a server refuses to listen on others."""

import socket

import pytest

from index.errors import SettingsError
from ui.exposure import Hosts, check_exposure, is_loopback, own_hosts

OPEN = "To let everybody on the network in without one, set FOOTNOTE_OPEN=on."


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that they lead to."""
    names: dict[str, list[str]] = {}

    def look_up(host: str, *_: object) -> list[tuple[object, ...]]:
        if host not in names:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in names[host]]

    monkeypatch.setattr("ui.exposure.socket.getaddrinfo", look_up)
    return names


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("", False),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.168.1.5", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1", False),
        ("here", True),
        ("both", False),
        ("elsewhere", False),
        ("nowhere", False),
        ("x" * 70, False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(looked_up: dict[str, list[str]], host: str, expected: bool) -> None:
    looked_up.update({"here": ["127.0.1.1", "::1"], "both": ["127.0.0.1", "10.0.0.7"], "elsewhere": ["10.0.0.7"]})
    assert is_loopback(host) is expected


@pytest.mark.parametrize("page", [True, False], ids=["page", "API alone"])
def test_this_machine_alone_needs_no_protection(page: bool) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(host, page=page, has_login=False, has_key=False, is_open=False)


@pytest.mark.parametrize(
    ("page", "has_login", "has_key", "is_open"),
    [(True, True, False, False), (False, True, False, False), (False, False, True, False), (True, False, False, True)],
    ids=["a login", "a login and no page", "a key and no page", "open on purpose"],
)
def test_others_may_reach_a_server_that_asks_who_they_are(
    page: bool, has_login: bool, has_key: bool, is_open: bool
) -> None:
    check_exposure("0.0.0.0", page=page, has_login=has_login, has_key=has_key, is_open=is_open)  # noqa: S104


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5"])  # noqa: S104
def test_a_page_without_a_login_is_kept_from_the_network(host: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_exposure(host, page=True, has_login=False, has_key=False, is_open=False)
    assert str(refused.value) == (
        f"On {host!r} everybody on the network could read your documents, because there is no login. Make one with "
        f"`footnote password NAME`, or leave --host away to serve this machine only. {OPEN}"
    )


def test_keys_alone_do_not_open_the_page_to_the_network() -> None:
    with pytest.raises(SettingsError, match=r"A key protects the API alone, not the page; `--no-ui` serves the API al"):
        check_exposure("0.0.0.0", page=True, has_login=False, has_key=True, is_open=False)  # noqa: S104


def test_the_api_alone_needs_a_key_or_a_login() -> None:
    with pytest.raises(SettingsError) as refused:
        check_exposure("::", page=False, has_login=False, has_key=False, is_open=False)
    assert str(refused.value) == (
        "On '::' everybody on the network could read your documents, because there is neither a key nor a login. Make "
        "one with `footnote keys create NAME` or `footnote password NAME`, or leave --host away to serve this machine "
        f"only. {OPEN}"
    )


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:7860", "localhost.", "127.0.0.1", "127.0.0.1:80", "127.1.2.3:7860", "[::1]", "[::1]:7860"],
)
def test_this_machine_has_names_that_no_other_site_can_take(host: str) -> None:
    assert Hosts().allow(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:7860",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1:7860.evil.example",
        "127.0.0.1@evil.example",
        "evil.example/localhost",
        "[::1].evil.example",
        "[::1",
        "::1",
        "[fe80::1]",
        "10.0.0.7",
        "0.0.0.0",  # noqa: S104
        "localhost, evil.example",
        "a:b:c",
    ],
)
def test_every_other_name_may_be_taken(host: str) -> None:
    assert not Hosts().allow(host)


def test_a_server_knows_its_own_names() -> None:
    hosts = own_hosts("MyHost", "https://Footnote.example:8443/docs")
    assert [hosts.allow(host) for host in ("myhost:7860", "footnote.example", "FOOTNOTE.EXAMPLE:8443")] == [True] * 3
    assert not hosts.allow("example")
    assert own_hosts("2001:db8::1", None).allow("[2001:DB8::1]:7860")
