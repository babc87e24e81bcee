"""Work that ends when the client who waits for it goes away."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import anyio
from starlette.types import Receive

T = TypeVar("T")


class ClientGoneError(Exception):
    """The client that waited has closed its connection."""


async def while_connected(
    receive: Receive,
    work: Callable[[], Awaitable[T]],
    *,
    beside: Callable[[], Coroutine[None, None, None]] | None = None,
) -> T:
    """Do some work; if the client goes away before it is done, cancel it.

    Args:
        receive: The request's, whose body has been read.
        work: What to do.
        beside: What goes on as long as the work does, and ends with it.

    Raises:
        ClientGoneError: If the client has gone away.
    """
    results: list[T] = []
    errors: list[Exception] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        if beside is not None:
            group.start_soon(beside)
        try:
            results.append(await work())
        except Exception as error:  # noqa: BLE001 - raised below, because a task group would wrap it
            errors.append(error)
        group.cancel_scope.cancel()
    if errors:
        raise errors[0]
    if not results:
        raise ClientGoneError
    return results[0]
