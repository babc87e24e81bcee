"""The command line: `footnote ingest | ask | search | documents | …`; `footnote --help` lists all of it."""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from index.errors import FootnoteError
from index.filters import EVERYTHING, DocumentFilter
from index.language import normalise_language
from ui import serving_commands
from ui.logs import configure_logging
from ui.serving_commands import Json, print_json, settings_of
from ui.settings import limit_threads, load_settings

if TYPE_CHECKING:
    from index.ingest import Outcome
    from rag.answers import Answer, Event
    from ui.feedback import Feedback

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
# The commands that run until they are stopped, and whose log somebody keeps.
SERVERS = ("serve", "slack", "mcp")

# Which documents `ask` and `search` look at.
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="CODE", help="Only documents in this language, such as de; may be repeated."),
]
Documents = Annotated[
    list[str] | None,
    typer.Option(
        "--document", metavar="NAME", help="Only this document, named as in `footnote documents`; may be repeated."
    ),
]
Folders = Annotated[
    list[str] | None, typer.Option("--folder", metavar="NAME", help="Only documents in this folder; may be repeated.")
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Only documents whose front matter has this tag; may be repeated."),
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only documents of this type: markdown, text, html; may be repeated."),
]
Since = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only documents of this day or later: 2018-05-31, 2018-05 or 2018.")
]
Until = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only documents of this day or earlier, written in the same ways.")
]


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
    configure_logging(settings, server=context.invoked_subcommand in SERVERS)
    context.obj = settings


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS", help="Files and folders: .md, .txt, .html. Also addresses: https://…", show_default=False
        ),
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
    from index.ingest import IngestReport, State
    from index.loading import is_url
    from ui.build import build_ingest, sync_vector_store

    settings = settings_of(context)
    if not paths and not rebuild:
        raise typer.BadParameter("Name at least one file or folder.", param_hint="PATHS")
    failed = False
    urls = [path for path in paths or () if is_url(path)]
    files = [Path(path) for path in paths or () if not is_url(path)]
    catalog, run = build_ingest(settings)
    try:
        if rebuild:
            report = run.rebuild(progress=_show_outcome)
            typer.echo(f"Rebuilt the index of {len(report.outcomes)} documents.")
        if paths:
            outcomes = run.run(files, prune=prune, progress=_show_outcome).outcomes if files else ()
            for url in urls:
                outcomes = (*outcomes, run.add_page(url))
                _show_outcome(outcomes[-1])
            report = IngestReport(outcomes)
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


def _show_outcome(outcome: "Outcome") -> None:
    from index.ingest import State
    from ui.plain import one_line

    if outcome.state is State.FAILED:
        typer.echo(f"failed     {one_line(outcome.reason)}", err=True)
    elif outcome.state is not State.UNCHANGED:
        note = f" ({one_line(outcome.reason)})" if outcome.reason else ""
        typer.echo(f"{outcome.state:<10} {one_line(outcome.source)}{note}")


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    *,
    language: Languages = None,
    document: Documents = None,
    folder: Folders = None,
    tag: Tags = None,
    kind: Types = None,
    since: Since = None,
    until: Until = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also say what was searched for, what was found, and what became of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Answer QUESTION from the indexed documents."""
    from ui.build import open_assistant
    from ui.plain import explanation_plain, remarks_plain
    from ui.schemas import answer_dict

    within = _within(language, document, folder, tag, kind, since=since, until=until)
    with open_assistant(settings_of(context)) as assistant:
        none_passes = within != EVERYTHING and not assistant.has_any(within)
        events = assistant.stream(_readable(question), within=within, explain=explain)
        answer = _answer_of(events, show=not as_json and not none_passes)
    if as_json:
        _show(answer_dict(answer), none_passes=none_passes)
        return
    explained = explanation_plain(answer.explanation, answer.timings) if answer.explanation else ""
    said = "\n\n".join(part for part in (remarks_plain(answer), explained) if part)
    _show(f"\n{said}" if said else "", none_passes=none_passes)


def _answer_of(events: "Iterable[Event]", *, show: bool) -> "Answer":
    """Follow a stream to its answer, printing the text as it comes."""
    from rag.answers import Done, Failed, Token
    from ui.plain import printable

    for event in events:
        if isinstance(event, Token) and show:
            typer.echo(printable(event.text), nl=False)
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Done):
            if show:
                typer.echo()
            return event.answer
    raise AssertionError("A stream ends with Done or Failed.")


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", show_default=False)],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many results at most.")] = 10,
    language: Languages = None,
    document: Documents = None,
    folder: Folders = None,
    tag: Tags = None,
    kind: Types = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show the places in the documents that suit QUERY best."""
    from ui.build import open_assistant
    from ui.plain import search_plain
    from ui.schemas import search_dict

    query = _readable(query)
    within = _within(language, document, folder, tag, kind, since=since, until=until)
    with open_assistant(settings_of(context)) as assistant:
        results = assistant.search(query, top_k=limit, within=within)
        documents = assistant.documents()
        none_passes = within != EVERYTHING and not assistant.has_any(within)
    shown = search_dict(query, results, documents) if as_json else search_plain(results, documents)
    _show(shown, none_passes=none_passes)


@app.command()
def documents(context: typer.Context, as_json: Json = False) -> None:
    """List the documents and the state of each."""
    from index.knowledge_base import open_catalog
    from ui.plain import documents_plain
    from ui.schemas import documents_dict

    catalog = open_catalog(settings_of(context).home)
    try:
        records = catalog.documents()
    finally:
        catalog.close()
    print_json(documents_dict(records)) if as_json else typer.echo(documents_plain(records))


@app.command()
def remove(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="NAMES", help="As `footnote documents` prints them.", show_default=False)
    ],
) -> None:
    """Remove documents from the index. Their files stay, unless they were uploaded. Exit status 1 if one is unknown."""
    from index.ingest import State
    from ui.build import build_library

    settings = settings_of(context)
    # What readers of the page may do is no concern of whoever has the files.
    library = build_library(settings.model_copy(update={"uploads": "on"}))
    outcomes = [library.remove(name) for name in names]
    for outcome in outcomes:
        _show_outcome(outcome)
    if any(outcome.state is State.FAILED for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def feedback(
    context: typer.Context,
    *,
    rating: Annotated[Literal["good", "bad"] | None, typer.Option(help="Only answers rated like this.")] = None,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a question set for `footnote eval` to this new or empty folder."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List what readers think of the answers, newest first, or export it as a question set."""
    from ui.feedback import FeedbackStore, feedback_dict
    from ui.plain import feedback_plain

    home = settings_of(context).home
    entries = [entry for entry in FeedbackStore(home).all() if rating in (None, entry.rating)]
    if export is not None:
        _export(entries, home=home, folder=export, as_json=as_json)
    elif as_json:
        print_json(feedback_dict(entries))
    else:
        typer.echo(feedback_plain(entries))


def _export(entries: "list[Feedback]", *, home: Path, folder: Path, as_json: bool) -> None:
    from index.knowledge_base import open_catalog
    from ui.feedback_export import export_dict, export_feedback
    from ui.plain import export_plain

    catalog = open_catalog(home)
    try:
        export = export_feedback(entries, catalog, folder)
    finally:
        catalog.close()
    print_json(export_dict(export)) if as_json else typer.echo(export_plain(export, folder))


@app.command()
def doctor(context: typer.Context) -> None:
    """Check that settings, models, index and files agree. Exit status 1 if something is wrong."""
    from ui.doctor import examine
    from ui.plain import one_line

    healthy = True
    for finding in examine(settings_of(context)):
        healthy = healthy and finding.good
        typer.echo(f"{'ok   ' if finding.good else 'WRONG'} {one_line(finding.text)}")
    if not healthy:
        raise typer.Exit(1)


app.command()(serving_commands.serve)
app.command()(serving_commands.mcp)
app.command()(serving_commands.slack)
app.command()(serving_commands.password)
app.add_typer(serving_commands.keys, name="keys")


@app.command(name="eval")
def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder with corpus.jsonl, queries.jsonl and qrels/*.tsv.", show_default=False
        ),
    ],
    *,
    by_language_pair: Annotated[
        bool,
        typer.Option("--by-language-pair", help="Ask each question of the passages of one language after the other."),
    ] = False,
    searcher: Annotated[
        Literal["dense", "lexical", "fused", "reranked"],
        typer.Option(help="Stop the search at this step; what users get is the last one."),
    ] = "reranked",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Ask at most this many questions of each language, always the same ones.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Which file of qrels/. Default: test, or the only one.", show_default=False)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw nDCG@10 by language pair. Needs --by-language-pair."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the search on the question set in DIR, which has the layout of BEIR. The index is left alone."""
    from rag.errors import EvaluationError
    from rag.retrieval import Searcher
    from ui.evaluating import evaluate_folder
    from ui.heat_map import require_plotting, write_heat_map
    from ui.plain import evaluation_plain, one_line
    from ui.schemas import evaluation_dict

    if plot is not None:
        if not by_language_pair:
            raise EvaluationError("--plot draws language pairs. Add --by-language-pair.")
        require_plotting(plot)
    report = evaluate_folder(
        settings_of(context),
        folder,
        split=split,
        most=sample,
        by_language_pair=by_language_pair,
        searcher=Searcher(searcher),
        bar=_progress_bar,
    )
    if report.failed:
        reason = one_line(report.failed[0])
        typer.echo(f"Passages that could not be indexed: {len(report.failed)}, the first because {reason}", err=True)
    if as_json:
        print_json(evaluation_dict(report.evaluation))
    else:
        typer.echo(evaluation_plain(report.evaluation))
    if plot is not None:
        write_heat_map(plot, report.evaluation.pairs)


@contextmanager
def _progress_bar(label: str, length: int) -> Iterator[Callable[[], object]]:
    """A bar on standard error, if that is a terminal."""
    # Drawn a thousand times at most, however many steps there are.
    hidden, every = not sys.stderr.isatty(), max(length // 1000, 1)
    with typer.progressbar(
        length=length, label=label, file=sys.stderr, hidden=hidden, show_pos=True, update_min_steps=every
    ) as bar:
        yield lambda: bar.update(1)


def _within(
    languages: list[str] | None,
    documents: list[str] | None,
    folders: list[str] | None,
    tags: list[str] | None,
    types: list[str] | None,
    *,
    since: str | None,
    until: str | None,
) -> DocumentFilter:
    return DocumentFilter(
        languages=frozenset(normalise_language(code) or code for code in languages or ()),
        documents=frozenset(documents or ()),
        folders=frozenset(folders or ()),
        tags=frozenset(tags or ()),
        types=frozenset(kind.lower() for kind in types or ()),
        since=since,
        until=until,
    )


def _show(result: dict[str, object] | str, *, none_passes: bool) -> None:
    """Print a result; where no document passes the filter say so, and print it only for a script, which wants it."""
    if none_passes:
        typer.echo("No document passes the filter. `footnote documents` lists them all.", err=True)
    if isinstance(result, dict):
        print_json(result)
    elif result and not none_passes:
        typer.echo(result)


def _readable(text: str) -> str:
    """Text from the command line, without the stand-ins for bytes that are no UTF-8."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


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
