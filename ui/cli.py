"""The command line: `footnote ingest | ask | search | documents | serve | doctor`."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from index.errors import FootnoteError
from ui.settings import Settings, limit_threads, load_settings

app = typer.Typer(
    name="footnote",
    help="Ask questions of a folder of documents, in any language, and get answers with checked footnotes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

log = logging.getLogger(__name__)

# What shells and `sysexits.h` expect of a program that was interrupted, or has a mistake in it.
STOPPED = 130
BUG = 70

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("footnote"))
        raise typer.Exit


@app.callback()
def _settings(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder of the index. Default: FOOTNOTE_HOME, else .footnote in the current folder."),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    settings = load_settings(home=home)
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
    context.obj = settings


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Files and folders: .md, .txt, .html.", show_default=False),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove documents whose files are gone from these folders.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="First embed all indexed documents anew, with the embedding model now set."),
    ] = False,
) -> None:
    """Index the files under PATHS that are new or have changed. Exit status 1 if anything failed."""
    from index.ingest import Outcome, State
    from ui.build import build_ingest, sync_vector_store
    from ui.plain import one_line

    settings = _settings_of(context)
    if not paths and not rebuild:
        raise typer.BadParameter("Name at least one file or folder.", param_hint="PATHS")
    failed = False

    def show(outcome: Outcome) -> None:
        if outcome.state is State.FAILED:
            typer.echo(f"failed     {one_line(outcome.reason)}", err=True)
        elif outcome.state is not State.UNCHANGED:
            note = f" ({one_line(outcome.reason)})" if outcome.reason else ""
            typer.echo(f"{outcome.state:<10} {one_line(outcome.source)}{note}")

    catalog, run = build_ingest(settings)
    try:
        if rebuild:
            report = run.rebuild(progress=show)
            typer.echo(f"Rebuilt the index of {len(report.outcomes)} documents.")
        if paths:
            report = run.run(paths, prune=prune, progress=show)
            typer.echo(
                ", ".join(f"{report.count(state)} {state}" for state in State if report.count(state))
                or "Nothing to do."
            )
            failed = bool(report.failed)
        sync_vector_store(settings, catalog)
    finally:
        catalog.close()
    if failed:
        raise typer.Exit(1)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    as_json: Json = False,
) -> None:
    """Answer QUESTION from the indexed documents."""
    from ui.build import open_assistant
    from ui.plain import answer_plain
    from ui.schemas import answer_dict

    with open_assistant(_settings_of(context)) as assistant:
        answer = assistant.ask(_readable(question))
    _print_json(answer_dict(answer)) if as_json else typer.echo(answer_plain(answer))


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many results at most.")] = 10,
    as_json: Json = False,
) -> None:
    """Show the places in the documents that suit QUERY best."""
    from ui.build import open_assistant
    from ui.plain import search_plain
    from ui.schemas import search_dict

    query = _readable(query)
    with open_assistant(_settings_of(context)) as assistant:
        results = assistant.search(query, top_k=limit)
        documents = assistant.documents()
    _print_json(search_dict(query, results, documents)) if as_json else typer.echo(search_plain(results, documents))


@app.command()
def documents(context: typer.Context, as_json: Json = False) -> None:
    """List the documents and the state of each."""
    from index.knowledge_base import open_catalog
    from ui.plain import documents_plain
    from ui.schemas import documents_dict

    catalog = open_catalog(_settings_of(context).home)
    try:
        records = catalog.documents()
    finally:
        catalog.close()
    _print_json(documents_dict(records)) if as_json else typer.echo(documents_plain(records))


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
) -> None:
    """Serve the chat page until Ctrl+C."""
    from ui.build import open_assistant
    from ui.server import create_app
    from ui.server import serve as serve_app

    with open_assistant(_settings_of(context), maintain=True) as assistant:
        serve_app(create_app(assistant), host=host, port=port)


@app.command()
def doctor(context: typer.Context) -> None:
    """Check that settings, models, index and files agree. Exit status 1 if something is wrong."""
    from ui.doctor import examine
    from ui.plain import one_line

    healthy = True
    for finding in examine(_settings_of(context)):
        healthy = healthy and finding.good
        typer.echo(f"{'ok   ' if finding.good else 'WRONG'} {one_line(finding.text)}")
    if not healthy:
        raise typer.Exit(1)


def _settings_of(context: typer.Context) -> Settings:
    settings = context.obj
    if not isinstance(settings, Settings):
        raise TypeError("The settings are read before every command.")
    return settings


def _readable(text: str) -> str:
    """Text from the command line, without the stand-ins for bytes that are no UTF-8."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _print_json(value: dict[str, object]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    # JSON itself escapes only the older half of the control characters; a terminal may obey the others, too.
    typer.echo(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text))


@contextmanager
def _errors_as_sentences() -> Iterator[None]:
    """Turn whatever goes wrong into one line and an exit status: 1 what a user can cause, 70 a bug, 130 Ctrl+C."""
    try:
        yield
    except FootnoteError as error:
        from ui.plain import one_line

        typer.echo(f"Error: {one_line(str(error))}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(STOPPED)
    except SystemExit as end:
        if end.code == STOPPED:  # Typer's own reading of Ctrl+C, which says nothing
            _say_stopped()
        raise
    except Exception as error:
        log.debug("Unexpected %s", type(error).__name__, exc_info=True)
        typer.echo(
            f"Something unexpected went wrong ({type(error).__name__}). Please report it, "
            "with what the same command prints when FOOTNOTE_LOG_LEVEL=DEBUG is set.",
            err=True,
        )
        sys.exit(BUG)


def _say_stopped() -> None:
    typer.echo("Stopped. What was finished is kept.", err=True)


def main() -> None:
    """Run the command line."""
    limit_threads()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    with _errors_as_sentences():
        app(standalone_mode=True)
