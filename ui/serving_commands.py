"""The commands that serve, and those about who may use what is served; `ui/cli.py` puts them beside the others."""

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ui.settings import Settings

if TYPE_CHECKING:
    from ui.keys import Key


keys = typer.Typer(
    help="Make, list and revoke the keys with which programs use the API.", no_args_is_help=True, add_completion=False
)
"""The commands `footnote keys …`."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Serve the API alone, without the chat page.")] = False,
    forwarded_allow_ips: Annotated[
        str,
        typer.Option(
            metavar="ADDRESSES",
            help="Proxies that are believed when they say for whom they ask: addresses or networks, with commas, or *.",
        ),
    ] = "127.0.0.1,::1",
) -> None:
    """Serve the chat page and the API until Ctrl+C, which lets answers on their way be finished."""
    from ui.build import open_app
    from ui.listening import serve as listen

    with open_app(settings_of(context), host=host, page=not no_ui) as application:
        listen(
            application,
            is_answering=lambda: application.is_answering,
            host=host,
            port=port,
            forwarded_allow_ips=forwarded_allow_ips,
        )


@keys.command("create")
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Says who uses it.", show_default=False)],
    write: Annotated[bool, typer.Option("--write", help="It may change documents, too.")] = False,
    as_json: Json = False,
) -> None:
    """Make a key and print it; nobody can find it out again. From the first one on, the API asks for a key."""
    from ui.keys import EVERY_SCOPE, KeyStore, Scope, key_dict

    scopes = EVERY_SCOPE if write else frozenset({Scope.READ})
    key, text = KeyStore(settings_of(context).home).create(name, scopes=scopes)
    if as_json:
        print_json({**key_dict(key), "key": text})
        return
    allowed = "It may ask, search, read and change documents." if write else "It may ask, search and read."
    typer.echo(f"The key is shown only now: keep it where {key.name!r} finds it. {allowed}", err=True)
    typer.echo(text)


@keys.command("list")
def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """List all keys, without their secrets; revoked ones, too."""
    from ui.keys import KeyStore, key_dict

    found = KeyStore(settings_of(context).home).all()
    if as_json:
        print_json({"keys": [key_dict(key) for key in found]})
    elif not found:
        typer.echo("There are no keys. Make one with: footnote keys create NAME", err=True)
    else:
        _print_keys(found)


@keys.command("revoke")
def revoke_key(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="ID_OR_NAME", help="As `footnote keys list` shows it.")],
    as_json: Json = False,
) -> None:
    """Let a key open nothing any more; running servers know within a second."""
    from ui.keys import KeyStore, key_dict

    store = KeyStore(settings_of(context).home)
    revoked = store.revoke(key)
    if as_json:
        print_json(key_dict(revoked))
        return
    typer.echo(f"Revoked: {revoked.id} {revoked.name}")
    if not store.has_usable_key():
        typer.echo(
            f"No key is left, and the API keeps asking for one. To open it, move '{store.path}' away and start the "
            "server again.",
            err=True,
        )


def _print_keys(found: "Sequence[Key]") -> None:
    typer.echo(f"{'ID':8}  {'MAY':11}  {'MADE':16}  {'LAST USED':16}  {'REVOKED':16}  NAME")
    for key in found:
        times = (key.created_at, key.last_used_at, key.revoked_at)
        columns = "  ".join(f"{(time or '-')[:16].replace('T', ' '):16}" for time in times)
        typer.echo(f"{key.id:8}  {' '.join(sorted(key.scopes)):11}  {columns}  {key.name}")


def print_json(value: dict[str, object]) -> None:
    """Print one object on one line, for scripts."""
    text = json.dumps(value, ensure_ascii=False)
    # JSON itself escapes only the older half of the control characters; a terminal may obey the others, too.
    typer.echo(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))


def mcp(
    context: typer.Context,
    http: Annotated[
        bool, typer.Option("--http", help="Serve at /mcp over HTTP, with the API, not on standard input and output.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1. Needs --http.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: 7860. Needs --http.")
    ] = None,
) -> None:
    """Offer the documents to AI assistants as tools (Model Context Protocol); assistants start this themselves."""
    from ui.mcp_server import require_mcp, serve_stdio

    require_mcp()
    settings = settings_of(context)
    if http:
        serve(context, host=host or "127.0.0.1", port=port or 7860, no_ui=True)
        return
    if host is not None or port is not None:
        raise typer.BadParameter("Without --http nothing listens.", param_hint="--host and --port")
    from ui.build import open_assistant
    from ui.tracing import open_watches

    with open_assistant(settings) as assistant, open_watches(settings) as watches:
        if sys.stdin.isatty():
            typer.echo("Waiting for an assistant on standard input; Ctrl+C stops it. See the README, MCP.", err=True)
        serve_stdio(assistant, public_url=settings.public_url, watches=watches)


def slack(
    context: typer.Context,
    api_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Answer through another Footnote server, with FOOTNOTE_API_KEY. Default: FOOTNOTE_API_URL, else the "
            "index of this home.",
        ),
    ] = None,
) -> None:
    """Answer in Slack until Ctrl+C (Socket Mode: nothing need reach this machine)."""
    from ui.slack.starting import run_slack

    settings = settings_of(context)
    run_slack(settings, api_url=api_url or settings.api_url)


def password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who logs in with it.", show_default=False)],
) -> None:
    """Ask for a password and print the setting that lets NAME log in to the page with it."""
    from ui.accounts import account_line, check_name

    check_name(name)
    typed = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    typer.echo(account_line(name, typed))


def settings_of(context: typer.Context) -> Settings:
    """Return the settings that were read before the command."""
    settings = context.obj
    if not isinstance(settings, Settings):
        raise TypeError("The settings are read before every command.")
    return settings
