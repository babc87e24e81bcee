"""How a document is named in the path of an address, where its source cannot stand as it is."""

import base64
import binascii


def document_id(source: str) -> str:
    """Return the id of a document: its source in base64url (RFC 4648, section 5) without padding.

    Sources are paths and addresses. Percent-encoded, their slashes are decoded too early by some proxies, and two in a
    row become one.
    """
    return base64.urlsafe_b64encode(source.encode()).rstrip(b"=").decode("ascii")


def source_of_id(given: str) -> str | None:
    """Return the source that an id was made of; `None` for what is no id."""
    try:
        source = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return source if document_id(source) == given else None
