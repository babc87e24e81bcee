"""The stylesheets, modules and pictures of the page, held in memory and served under `/static/`."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served; files of other kinds are not."""

FOREVER = "public, max-age=31536000, immutable"
_PREFIX = "/static/"


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    body: bytes
    compressed: bytes


class StaticFiles:
    """The files of one folder.

    A file has two addresses: `/static/page.css`, which browsers ask about anew each time, and one with a hash of the
    whole folder in it, which they keep for good. Modules that import each other by relative names stay in one version.

    Args:
        folder: Read once; what is changed later is seen by the next server.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            file.name: _File(MEDIA_TYPES[file.suffix], body, gzip.compress(body, mtime=0))
            for file in sorted(folder.iterdir())
            if file.suffix in MEDIA_TYPES and (body := file.read_bytes())
        }
        contents = hashlib.sha256()
        for name, file in self._files.items():
            contents.update(f"{name}\0{len(file.body)}\0".encode() + file.body)
        self.version = contents.hexdigest()[:16]

    def names(self, suffix: str) -> list[str]:
        """Name the files that end in `suffix`, in alphabetical order."""
        return [name for name in self._files if name.endswith(suffix)]

    def address(self, name: str) -> str:
        """Give the lasting address of a file, relative to the page's.

        Raises:
            KeyError: If there is no such file.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"static/{self.version}/{name}"

    def response(self, path: str, request: Headers) -> Response | None:
        """Answer a request for `path`, or give `None` if no file of ours is there."""
        if not path.startswith(_PREFIX):
            return None
        *version, name = path.removeprefix(_PREFIX).split("/")
        file = self._files.get(name)
        if file is None or version not in ([], [self.version]):
            return None
        tag = f'"{self.version}"'
        headers = {"Cache-Control": FOREVER if version else "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
        if request.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.get("accept-encoding", ""):
            return Response(
                file.compressed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(file.body, media_type=file.media_type, headers=headers)
