"""What an app can be asked, for tests that ask all of it."""

import re
from collections.abc import Iterator

from starlette.routing import BaseRoute, Mount, Route

# Where a route takes all methods.
ANY_METHOD = ("DELETE", "GET", "POST")


def concrete_routes(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path of an app, mounted apps included, with something in the place of each parameter."""
    for route in routes:
        if isinstance(route, Mount):
            yield from concrete_routes(list(route.routes), prefix + route.path)
        elif included := getattr(route, "original_router", None):  # as FastAPI keeps included routers
            within = route.include_context.prefix  # type: ignore[attr-defined]
            yield from concrete_routes(list(included.routes), prefix + within)
        elif isinstance(route, Route):
            path = prefix + re.sub(r"\{[^}]*\}", "x", route.path)
            yield from ((method, path) for method in sorted(route.methods or ANY_METHOD))
        else:
            raise TypeError(f"How is a {type(route).__name__} asked?")
