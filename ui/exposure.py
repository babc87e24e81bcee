"""Who can reach a server: which addresses are of this machine alone, and what it takes to listen on others."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from index.errors import SettingsError

# `name`, `name:port`, `[address]`, `[address]:port`.
_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]*)\]|(?P<name>[^\[\]:]*))(?::\d*)?")
_OPEN = "To let everybody on the network in without one, set FOOTNOTE_OPEN=on."


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names under which a server that lets anybody in is asked.

    A page of another site can let its own name lead to this machine and then ask our server as if it were its own (DNS
    rebinding). The browser still says which name it asked for.
    """

    names: frozenset[str] = frozenset()
    """Beside those of this machine, in small letters."""

    def allow(self, header: str) -> bool:
        """Whether a request with this `Host` is answered."""
        found = _HOST.fullmatch(header.strip().lower())
        if found is None:
            return False
        if found["address"] is not None:
            return _is_loopback_address(found["address"]) or found["address"] in self.names
        name = found["name"].removesuffix(".")
        return name == "localhost" or _is_loopback_address(name) or name in self.names


def own_hosts(host: str, public_url: str | None) -> Hosts:
    """Name what a server is called that listens on `host` and says to be at `public_url`."""
    public = urlsplit(public_url or "").hostname
    return Hosts(frozenset(name.lower().removesuffix(".") for name in (host, public) if name))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`; a name is looked up, and must lead nowhere else."""
    if not host:  # every address
        return False
    if host.lower() == "localhost" or _is_loopback_address(host):
        return True
    if _is_address(host):
        return False
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # nothing can listen there, which is said when it is tried
        return False
    return bool(found) and all(_is_loopback_address(address) for address in found)


def check_exposure(host: str, *, page: bool, has_login: bool, has_key: bool, is_open: bool) -> None:
    """Make sure that a server which others can reach asks who they are.

    Args:
        host: Where it is to listen.
        page: Whether it serves the page, which no key protects.
        has_login: Whether people log in.
        has_key: Whether there is a key that can be used.
        is_open: Whether the user wants it open to everybody.

    Raises:
        SettingsError: If it would not; the message says how to go on.
    """
    if is_open or has_login or (has_key and not page) or is_loopback(host):
        return
    if page:
        keys = "A key protects the API alone, not the page; `--no-ui` serves the API alone. " if has_key else ""
        raise SettingsError(
            f"On {host!r} everybody on the network could read your documents, because there is no login. Make one with "
            f"`footnote password NAME`, or leave --host away to serve this machine only. {keys}{_OPEN}"
        )
    raise SettingsError(
        f"On {host!r} everybody on the network could read your documents, because there is neither a key nor a login. "
        "Make one with `footnote keys create NAME` or `footnote password NAME`, or leave --host away to serve this "
        f"machine only. {_OPEN}"
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback_address(text: str) -> bool:
    try:
        address: IPv4Address | IPv6Address | None = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address is not None and address.is_loopback
