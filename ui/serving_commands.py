"""The commands that serve, and those about who may use what is served; `ui/cli.py` puts them beside the others."""

from typing import Annotated

import typer

from ui.settings import Settings


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
) -> None:
    """Serve the chat page until Ctrl+C."""
    from ui.build import open_app
    from ui.server import serve as serve_app

    with open_app(settings_of(context)) as application:
        serve_app(application, host=host, port=port)


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
