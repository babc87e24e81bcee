"""Connections to the public network alone: every address is checked, and the one that was checked is connected to.

Whoever may name a page for a server to read must not reach with it what only that server can reach: itself, its
neighbours, or the keys that clouds give out at 169.254.169.254. A name may be looked up to another address a moment
later, so it is looked up once.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Of IPv6, only this is given out to sites. What else there is leads back to IPv4 (mapped, NAT64) or nowhere.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_EXCEPT = (
    ipaddress.ip_network("2001::/23"),  # protocols, Teredo among them, which holds an IPv4 address
    ipaddress.ip_network("2001:db8::/32"),  # documentation
    ipaddress.ip_network("2002::/16"),  # 6to4, which holds an IPv4 address
    ipaddress.ip_network("3fff::/20"),  # documentation
    ipaddress.ip_network("192.0.0.0/24"),  # protocols
    ipaddress.ip_network("192.88.99.0/24"),  # 6to4
    ipaddress.ip_network("168.63.129.16/32"),  # what Azure answers its own machines from
)


class AddressError(Exception):
    """A host may not be asked, or has no address. The message is the reason, to stand inside a sentence."""


def is_public(address: Address) -> bool:
    """Whether the whole world means the same machine by this address."""
    if any(address in network for network in _EXCEPT):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def look_up(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, as this machine's resolver orders them.

    Raises:
        OSError: If there are none.
        ValueError: If it cannot be the name of a host.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(address[0]) for *_, address in found))


class CheckedNetwork(httpcore.NetworkBackend):
    """Connects to allowed addresses only, and to none after its time is up.

    Args:
        is_allowed: Which addresses may be connected to; a host that has one other is refused as a whole.
        addresses_of: Looks a host up.
        seconds: How long all connections together may take, until the last byte is read.
    """

    def __init__(
        self,
        *,
        is_allowed: Callable[[Address], bool],
        addresses_of: Callable[[str, int], list[Address]],
        seconds: float,
    ) -> None:
        self._is_allowed = is_allowed
        self._addresses_of = addresses_of
        self._ends = time.monotonic() + seconds
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            AddressError: If the host has no address, or one that is not allowed.
            httpcore.NetworkError: If none answers.
            httpcore.TimeoutException: If the last one does not answer in time.
        """
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._checked_addresses(host, port):
            left = _seconds_left(self._ends, timeout)
            try:
                stream = self._network.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
            else:
                return _TimedStream(stream, ends=self._ends)
        raise failure

    def _checked_addresses(self, host: str, port: int) -> list[Address]:
        try:
            addresses = self._addresses_of(host, port)
        except (OSError, ValueError, OverflowError) as error:
            raise AddressError("its host is not known: check the address") from error
        for address in addresses:
            if not self._is_allowed(address):
                raise AddressError("its host is not a public one: save the page as a file, and add that")
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A stream that is read and written until a moment, however slowly the other side sends its bytes."""

    def __init__(self, stream: httpcore.NetworkStream, *, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _seconds_left(self._ends, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _seconds_left(self._ends, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _seconds_left(self._ends, timeout))
        return _TimedStream(secured, ends=self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _seconds_left(ends: float, timeout: float | None) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("The time for all of it is up.")
    return left if timeout is None else min(left, timeout)
