"""Asks a server over HTTP, in JSON both ways: tries again where that may help, and shows neither key nor password."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

# Name and password in an address, which no message shows.
_USER_INFO = re.compile(r"(^|//)[^/]*@")
# Characters of an error's text that are shown: a server may answer with a whole page.
_SHOWN = 200


class EndpointError(Exception):
    """There is no usable answer. The message is the reason, to stand inside a sentence of whoever asked.

    Attributes:
        status: The HTTP status that the server refused with, `None` if it was something else.
        content: What of the message are the server's words, which may repeat what it was sent: left out of logs.
    """

    def __init__(self, reason: str, *, status: int | None = None, content: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.content = content


class Endpoint:
    """One address that takes JSON and answers with JSON."""

    def __init__(self, url: str, *, api_key: str | None, timeout: float, pauses: Sequence[float]) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            url: Where to post to.
            api_key: Sent as a bearer token.
            timeout: Seconds of silence until a request is given up.
            pauses: Seconds before each new try after 429, 5xx, silence or a broken connection.

        Raises:
            EndpointError: If the address or the key cannot work.
        """
        import httpx

        self.address = _USER_INFO.sub(r"\1", url.strip())
        """The address as messages show it."""
        self._api_key = (api_key or "").strip()
        if not self._api_key.isascii() or not self._api_key.isprintable():
            raise EndpointError("its key holds characters that no key holds, copy it again")
        self._pauses = pauses
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        try:
            self._url = httpx.URL(url.strip())
        except httpx.InvalidURL as error:
            raise EndpointError(f"{self.address!r} is no address, {error}") from error
        self._client = httpx.Client(headers=headers, timeout=timeout)

    def post(self, payload: Mapping[str, object]) -> Any:
        """Send JSON and return the JSON of the answer.

        Raises:
            EndpointError: If the server does not answer, refuses, or answers with something else than JSON.
        """
        import httpx

        failure = EndpointError("nothing was sent")
        for pause in (*self._pauses, None):
            try:
                response = self._client.post(self._url, json=payload)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                failure = self._failure(f"{type(error).__name__}: {error}")
            else:
                if response.is_success:
                    try:
                        return response.json()
                    except ValueError as error:
                        raise EndpointError("it answered with something else than JSON") from error
                failure = self._failure(f"HTTP {response.status_code}: {response.text}", status=response.status_code)
                if response.status_code != 429 and response.status_code < 500:
                    break  # a refusal does not change by asking again
            if pause is not None:
                time.sleep(pause)
        raise failure

    def _failure(self, reason: str, *, status: int | None = None) -> EndpointError:
        # The key goes before the text is cut, lest a part of it stays.
        hidden = reason.replace(self._api_key, "…") if self._api_key else reason
        shown = " ".join(hidden.split())[:_SHOWN]
        words = shown.partition(": ")[2] if status is not None else ""
        return EndpointError(shown, status=status, content=words)
