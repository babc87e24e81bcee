"""The command line as a user and a script meet it: what is printed where, and the exit status."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from index.errors import LoadError
from index.fetching import FetchedPage
from index.knowledge_base import open_catalog
from index.loading import load_file
from index.settings import LoadingSettings
from rag.prompts import phrases
from tests.builders import write_question_set
from ui import cli

FOOTNOTE = Path(sys.executable).parent / "footnote"
LAHTI = """---
title: Lahti
language: fi
date: 2017-02-17
---
# Lahti

Lahti sijaitsee Päijät-Hämeessä. Kaupungissa on noin 120 000 asukasta. 🏔 Lahden satama avattiin vuonna 1871.
"""
OSAKA = "Osaka is a city in Japan. The castle of Osaka was finished in 1597."


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object that standard output is to hold."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        assert self.out.count("\n") == 1
        assert self.out.endswith("\n")
        return value


Run = Callable[..., Result]


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two documents; nothing is set."""
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lahti.md").write_text(LAHTI, encoding="utf-8")
    (tmp_path / "docs" / "osaka.txt").write_text(OSAKA, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `footnote` in this process, in `folder`."""
    assert folder == Path.cwd()

    def run(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["footnote", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        code = end.value.code or 0
        assert isinstance(code, int)
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def indexed(run: Run, folder: Path) -> Path:
    """The current folder, its documents indexed."""
    assert run("ingest", "docs").code == 0
    return folder


def footnote(
    *arguments: str | bytes | Path, cwd: Path, home: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the installed console script."""
    env = {**clean_environment(), **environment, **({"FOOTNOTE_HOME": str(home)} if home else {})}
    result = subprocess.run([FOOTNOTE, *arguments], cwd=cwd, env=env, capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in result.stderr, result.stderr.decode()
    return result


# -- ingest ------------------------------------------------------------------------------------------------------------


def test_ingest_says_what_became_of_each_document(run: Run, folder: Path) -> None:
    assert run("ingest", "docs") == Result(0, "indexed    docs/lahti.md\nindexed    docs/osaka.txt\n2 indexed\n", "")
    assert (folder / ".footnote" / "catalog.sqlite3").is_file()
    assert run("ingest", "docs") == Result(0, "2 unchanged\n", "")
    (folder / "docs" / "osaka.txt").write_text("Osaka has changed.", encoding="utf-8")
    (folder / "docs" / "lahti.md").unlink()
    assert run("ingest", "docs", "--prune") == Result(
        0, "changed    docs/osaka.txt\nremoved    docs/lahti.md\n1 changed, 1 removed\n", ""
    )


def test_rebuild_embeds_the_stored_texts_anew(run: Run, indexed: Path) -> None:
    shutil.rmtree(indexed / "docs")
    assert run("ingest", "--rebuild") == Result(
        0, "changed    docs/lahti.md\nchanged    docs/osaka.txt\nRebuilt the index of 2 documents.\n", ""
    )
    assert run("doctor").out.splitlines()[5:7] == [
        "ok    2 documents",
        "ok    catalog, lexical index and Chroma agree",
    ]


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"A line of text.\n" * 65536)


def broken_utf8(path: Path) -> None:
    path.write_bytes("Näin tämä on hyvää tekstiä, mutta tässä ".encode() + b"\xff\xc3( on virhe.")


def broken_front_matter(path: Path) -> None:
    path.write_text("---\ntitle: a: b: c\n---\nA text.", encoding="utf-8")


def unclosed_front_matter(path: Path) -> None:
    path.write_text("---\ntitle: A\n\nA text.", encoding="utf-8")


def empty_folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "name", "says"),
    [
        (empty_folder, "empty", "'empty' has no documents of a known type (.md, .txt, .html)."),
        (missing, "nowhere.md", "'nowhere.md' does not exist"),
        (binary, "data.txt", "'data.txt' is not a text file"),
        (huge, "huge.txt", "'huge.txt' has 50.0 MiB, more than the limit of 20 MiB"),
        (broken_utf8, "broken.txt", "'broken.txt' is not valid UTF-8 (byte 48 is 0xff)"),
        (broken_front_matter, "fm.md", "'fm.md': front matter, line 2: mapping values are not allowed here"),
        (unclosed_front_matter, "fm.md", "'fm.md': the front matter that line 1 opens is never closed"),
    ],
    ids=["empty-folder", "missing", "binary", "50-MB", "invalid-utf8", "front-matter", "unclosed-front-matter"],
)
def test_bad_input_gets_one_line_and_the_others_are_indexed(
    run: Run, folder: Path, make: Callable[[Path], None], name: str, says: str
) -> None:
    make(folder / name)
    result = run("ingest", name, "docs")
    (line,) = result.err.splitlines()
    assert line.startswith(f"failed     {says}")
    assert result.out == "indexed    docs/lahti.md\nindexed    docs/osaka.txt\n2 indexed, 1 failed\n"
    assert result.code == 1


def test_escapes_in_names_and_titles_do_not_reach_the_terminal(run: Run, folder: Path) -> None:
    name = "red\x1b[31m\n.txt"
    (folder / "docs" / name).write_text("Red\x1b[31m\x9b title\n\nLahti is red.", encoding="utf-8")
    (folder / "docs" / f"bad{name}").write_bytes(b"\x00")
    results = [run("ingest", "docs"), run("documents"), run("search", "red Lahti"), run("ask", "What is red?")]
    assert [("\x1b" in result.out + result.err, "\x9b" in result.out) for result in results] == [(False, False)] * 4
    assert len(results[0].err.splitlines()) == 1
    assert len(results[1].out.splitlines()) == 4
    shown = run("search", "--json", "red Lahti")
    assert "\x9b" not in shown.out
    assert "Red\x1b[31m\x9b title" in shown.object["results"][0]["text"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf8_gets_one_line(run: Run, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder / "docs") + b"/bad\xff.txt")).write_text("A text.", encoding="utf-8")
    result = run("ingest", "docs")
    assert result.err == "failed     The name of 'docs/bad\\udcff.txt' is not valid UTF-8: rename the file.\n"
    assert (result.code, result.out.splitlines()[-1]) == (1, "2 indexed, 1 failed")


def test_a_second_ingest_is_told_to_wait(run: Run, indexed: Path) -> None:
    with FileLock(indexed / ".footnote" / "ingest.lock"):
        result = run("ingest", "docs")
    assert result == Result(
        1, "", "Error: Another ingest is running in '.footnote'. Wait until it ends, then try again.\n"
    )


def test_pages_of_the_web_are_ingested_beside_files(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, *, max_bytes: int) -> FetchedPage:
        if not url.endswith("/nara"):
            raise LoadError(f"{url!r} answered 404 Not Found: check the address.")
        return FetchedPage(url, b"Nara has deer."[:max_bytes], ".txt")

    monkeypatch.setattr("index.fetching.fetch_page", fetch)
    assert run("ingest", "HTTPS://example.org/nara#deer", "docs", "https://example.org/x\x1b[31m") == Result(
        1,
        "indexed    docs/lahti.md\nindexed    docs/osaka.txt\nindexed    https://example.org/nara\n"
        "3 indexed, 1 failed\n",
        "failed     'https://example.org/x\\x1b[31m' is no address: copy it from the browser once more.\n",
    )
    assert run("ingest", "--prune", ".", "https://example.org/nara") == Result(0, "3 unchanged\n", "")
    assert run("search", "--json", "--type", "html", "deer").object["results"][0]["document"] == (
        "https://example.org/nara"
    )
    assert (folder / "docs").is_dir()


def test_a_page_on_this_machine_is_not_fetched(run: Run) -> None:
    assert run("ingest", "http://localhost:9/") == Result(
        1,
        "1 failed\n",
        "failed     'http://localhost:9/' cannot be fetched, its host is not a public one:"
        " save the page as a file, and add that.\n",
    )


def test_remove_takes_documents_out_of_the_index_and_leaves_files(run: Run, indexed: Path) -> None:
    assert run("remove", "docs/lahti.md", "lahti.md") == Result(
        1,
        "removed    docs/lahti.md\n",
        "failed     There is no document 'lahti.md': `footnote documents` lists the names.\n",
    )
    assert [shape["document"] for shape in run("documents", "--json").object["documents"]] == ["docs/osaka.txt"]
    assert (indexed / "docs" / "lahti.md").is_file()
    assert run("remove", "docs/osaka.txt") == Result(0, "removed    docs/osaka.txt\n", "")
    assert run("ingest", "docs").out.endswith("2 indexed\n")


def test_remove_deletes_uploads_even_where_readers_may_not(
    run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_UPLOADS", "off")
    upload = indexed / ".footnote" / "uploads" / "nara.txt"
    upload.parent.mkdir()
    upload.write_text("Nara has deer.", encoding="utf-8")
    assert run("ingest", upload).code == 0
    assert run("remove", ".footnote/uploads/nara.txt").code == 0
    assert list(upload.parent.iterdir()) == []


def test_there_is_nothing_to_remove_where_nothing_is_indexed(run: Run, folder: Path) -> None:
    result = run("remove", "a.md")
    assert result == Result(1, "", "failed     Nothing is indexed in '.footnote' yet. Run: footnote ingest FOLDER\n")
    assert not (folder / ".footnote").exists()


@pytest.mark.parametrize(
    "arguments",
    [["ingest"], ["remove"], ["password"], ["nosuch"], ["search", "x", "--limit", "0"], ["feedback", "--rating", "so"]]
    + [["serve", "--port", port] for port in ("0", "65536", "many")],
)
def test_wrong_use_is_status_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: ")


# -- ask, search, documents --------------------------------------------------------------------------------------------


def test_ask_json_has_the_promised_shape_and_its_offsets_are_exact(run: Run, indexed: Path) -> None:
    result = run("ask", "--json", "Milloin Lahden satama avattiin?")
    assert (result.code, result.err) == (0, "")
    answer = result.object
    promised = ["question", "language", "answer", "answered", "citations", "timings"]
    assert [key for key in answer if key in promised] == promised
    assert (answer["question"], answer["language"]) == ("Milloin Lahden satama avattiin?", "fi")
    assert answer["answered"] is True
    assert "[1]" in answer["answer"]
    first = answer["citations"][0]
    assert list(first) == ["number", "document", "title", "language", "quote", "start", "end", "chunk"]
    assert (first["number"], first["document"], first["title"], first["language"]) == (
        1,
        "docs/lahti.md",
        "Lahti",
        "fi",
    )
    assert "Lahden satama avattiin vuonna 1871." in first["quote"]
    assert all(isinstance(seconds, float) for seconds in answer["timings"].values())
    document = load_file(indexed / "docs" / "lahti.md", source="docs/lahti.md", settings=LoadingSettings())
    texts = {"docs/lahti.md": document.text, "docs/osaka.txt": OSAKA}
    for cited in answer["citations"]:
        assert texts[cited["document"]][cited["start"] : cited["end"]] == cited["quote"]
    for passage in answer["passages"]:
        assert texts[passage["document"]][passage["start"] : passage["end"]] == passage["text"]


def test_search_json_has_the_promised_shape_and_its_offsets_are_exact(run: Run, indexed: Path) -> None:
    result = run("search", "--json", "--limit", "2", "castle of Osaka")
    assert (result.code, result.err) == (0, "")
    shape = result.object
    assert list(shape) == ["query", "results"]
    assert shape["query"] == "castle of Osaka"
    first, second = shape["results"]
    assert list(first) == ["document", "title", "language", "text", "start", "end", "score", "searchers", "versions"]
    assert (first["document"], first["language"], first["text"]) == ("docs/osaka.txt", "en", OSAKA)
    assert (first["start"], first["end"], first["searchers"]) == (0, len(OSAKA), ["dense", "lexical"])
    assert first["score"] > second["score"]
    catalog = open_catalog(indexed / ".footnote")
    document = catalog.get_document(second["document"])
    catalog.close()
    assert document is not None
    assert document.text[second["start"] : second["end"]] == second["text"]


def test_documents_json_lists_every_state(run: Run, indexed: Path) -> None:
    (indexed / "docs" / "bad.txt").write_bytes(b"\x00")
    run("ingest", "docs")
    documents = run("documents", "--json").object["documents"]
    assert [(shape["document"], shape["state"], shape["chunks"]) for shape in documents] == [
        ("docs/bad.txt", "failed", 0),
        ("docs/lahti.md", "indexed", 1),
        ("docs/osaka.txt", "indexed", 1),
    ]
    assert documents[0]["reason"].startswith("'docs/bad.txt' is not a text file")
    assert (documents[1]["title"], documents[1]["language"], documents[1]["date"]) == ("Lahti", "fi", "2017-02-17")


def test_plain_answers_end_with_their_footnotes(run: Run, indexed: Path) -> None:
    assert indexed
    result = run("ask", "When was the castle of Osaka finished?")
    assert result.code == 0
    assert "was finished in 1597.” [1]" in result.out
    assert result.out.splitlines()[-1].startswith("[1] Osaka is a city in Japan.")
    assert " (en) docs/osaka.txt, characters " in result.out.splitlines()[-1]


def test_ask_explains_itself_when_told_to(run: Run, indexed: Path) -> None:
    assert indexed
    question = "When was the castle of Osaka finished?"
    short, long = run("ask", question), run("ask", "--explain", question)
    assert (long.code, long.err) == (0, "")
    assert long.out.startswith(short.out)
    assert "docs/lahti.md" in long.out.removeprefix(short.out)  # found, and not quoted
    shapes = run("ask", "--json", question).object, run("ask", "--json", "--explain", question).object
    assert [bool(shape.get("explanation")) for shape in shapes] == [False, True]


def test_a_plain_answer_about_which_there_is_nothing_to_say_ends_with_its_text(run: Run, indexed: Path) -> None:
    assert indexed
    assert run("ask", "🙂") == Result(0, f"{phrases('en').not_found}\n", "")


def test_home_is_the_option_then_the_environment_then_the_current_folder(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_HOME", "from-environment")
    assert run("--home", "from-option", "ingest", "docs/lahti.md").code == 0
    assert run("ingest", "docs/osaka.txt").code == 0
    monkeypatch.delenv("FOOTNOTE_HOME")
    assert run("ingest", "docs").code == 0
    homes = ["from-option", "from-environment", ".footnote"]
    held = [run("--home", home, "documents", "--json").object["documents"] for home in homes]
    assert [[shape["document"] for shape in shapes] for shapes in held] == [
        ["docs/lahti.md"],
        ["docs/osaka.txt"],
        ["docs/lahti.md", "docs/osaka.txt"],
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*homes, "docs"])


# -- Filters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--language", "FI"], {"docs/lahti.md"}),
        (["--language", "fi", "--language", "en"], {"docs/lahti.md", "docs/osaka.txt"}),
        (["--document", "docs/osaka.txt"], {"docs/osaka.txt"}),
        (["--folder", "docs"], {"docs/lahti.md", "docs/osaka.txt"}),
        (["--tag", "Town"], {"docs/lahti.md"}),
        (["--type", "text"], {"docs/osaka.txt"}),
        (["--since", "2017-02"], {"docs/lahti.md"}),
        (["--until", "2017", "--type", "Markdown"], {"docs/lahti.md"}),
    ],
)
def test_a_filter_chooses_the_documents(run: Run, folder: Path, options: list[str], found: set[str]) -> None:
    (folder / "docs" / "lahti.md").write_text(LAHTI.replace("date:", "tags: [town, lake]\ndate:"), encoding="utf-8")
    assert run("ingest", "docs").code == 0
    shape = run("search", "Osaka castle, Lahti harbour", "--json", *options).object
    assert {result["document"] for result in shape["results"]} == found
    answer = run("ask", "When was the castle of Osaka finished?", "--json", *options).object
    assert {passage["document"] for passage in answer["passages"]} == found


@pytest.mark.parametrize("options", [["--language", "sv"], ["--since", "2020"], ["--language", "fi", "--type", "text"]])
def test_where_no_document_passes_it_says_so(run: Run, indexed: Path, options: list[str]) -> None:
    assert indexed
    note = "No document passes the filter. `footnote documents` lists them all.\n"
    assert run("search", "Osaka", *options) == Result(0, "", note)
    assert run("ask", "Where is Osaka?", *options) == Result(0, "", note)
    shape = run("search", "Osaka", "--json", *options)
    assert (shape.object, shape.err) == ({"query": "Osaka", "results": []}, note)
    answer = run("ask", "Where is Osaka?", "--json", *options)
    assert (answer.object["answered"], answer.object["passages"], answer.err) == (False, [], note)


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--language", "Klingon"], "Error: 'Klingon' is no language code."),
        (["--type", "pdf"], "Error: 'pdf' is no type of document."),
        (["--since", "yesterday"], "Error: 'yesterday' is no date."),
        (["--since", "2020", "--until", "2019"], "Error: No day is since '2020' and until '2019'."),
    ],
)
def test_a_filter_that_no_document_can_pass_is_one_line(
    run: Run, indexed: Path, command: str, options: list[str], says: str
) -> None:
    assert indexed
    result = run(command, "Osaka", *options)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(says)
    assert result.err.count("\n") == 1


# -- eval --------------------------------------------------------------------------------------------------------------

PLACES = {
    "lighthouse": {
        "en": (
            "How high is the lighthouse of Lindau?",
            "The lighthouse of Lindau is 33 metres high. It dates from 1856.",
        ),
        "de": ("Wie hoch ist der Leuchtturm von Lindau?", "Der Leuchtturm von Lindau ist 33 Meter hoch und von 1856."),
        "fi": ("Kuinka korkea Lindaun majakka on?", "Lindaun majakka on 33 metriä korkea. Se on vuodelta 1856."),
    },
    "bakery": {
        "en": ("What does the bakery sell on Sundays?", "On Sundays the bakery sells rye bread and cinnamon buns."),
        "de": ("Was verkauft die Bäckerei sonntags?", "Sonntags verkauft die Bäckerei Roggenbrot und Zimtschnecken."),
        "fi": ("Mitä leipomo myy sunnuntaisin?", "Sunnuntaisin leipomo myy ruisleipää ja korvapuusteja."),
    },
    "tram": {
        "en": ("Which colour do the trams have?", "The trams are painted green; the night buses are black."),
        "de": (
            "Welche Farbe haben die Straßenbahnen?",
            "Die Straßenbahnen sind grün lackiert, die Nachtbusse schwarz.",
        ),
        "fi": ("Minkä väriset raitiovaunut ovat?", "Raitiovaunut on maalattu vihreiksi, yöbussit ovat mustia."),
    },
}
LANGUAGES = ("de", "en", "fi")


@pytest.fixture
def question_set(tmp_path: Path) -> Path:
    """Three questions in three languages, each right for its passage in each of them."""
    texts = [(f"{language}:{place}", language, *PLACES[place][language]) for place in PLACES for language in LANGUAGES]
    return write_question_set(
        tmp_path / "set",
        passages=[{"_id": name, "title": "", "text": text, "language": code} for name, code, _, text in texts],
        questions=[{"_id": name, "text": question, "language": code} for name, code, question, _ in texts],
        judged=[
            (f"{code}:{place}", f"{other}:{place}", 1) for place in PLACES for code in LANGUAGES for other in LANGUAGES
        ],
    )


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


METRICS = ["ndcg@10", "recall@1", "recall@5", "recall@10", "recall@100", "mrr@10", "success@1"]


def test_eval_json_has_the_promised_shape(run: Run, question_set: Path, temporary: Path) -> None:
    result = run("eval", question_set, "--by-language-pair", "--json")
    assert (result.code, result.err) == (0, "")
    shape = result.object
    assert list(shape) == ["overall", "same_language", "across_languages", "pairs", "latency_ms"]
    assert list(shape["pairs"]) == [f"{asked}-{told}" for asked in LANGUAGES for told in LANGUAGES]
    assert [list(scores) for scores in [shape["overall"], *shape["pairs"].values()]] == [METRICS] * 10
    assert shape["same_language"] == dict.fromkeys(METRICS, 1.0)
    assert {pair: shape["pairs"][pair] for pair in ("de-de", "en-en", "fi-fi")} == dict.fromkeys(
        ("de-de", "en-en", "fi-fi"), dict.fromkeys(METRICS, 1.0)
    )
    assert shape["across_languages"]["recall@10"] == 1.0  # there are three passages in each language
    assert 0 < shape["latency_ms"]["p50"] <= shape["latency_ms"]["p95"]
    assert list(temporary.iterdir()) == []
    assert not Path(".footnote").exists()


def test_eval_without_pairs_counts_every_right_passage(run: Run, question_set: Path) -> None:
    shape = run("eval", question_set, "--json").object
    assert (shape["pairs"], shape["same_language"], shape["across_languages"]) == ({}, None, None)
    assert shape["overall"]["success@1"] == 1.0
    assert shape["overall"]["recall@1"] == pytest.approx(1 / 3, abs=1e-4)


def test_eval_stops_at_the_step_that_is_named(run: Run, question_set: Path) -> None:
    # Words alone do not lead from one language into another; German and English do not share one here but a name.
    pairs = run("eval", question_set, "--by-language-pair", "--searcher", "lexical", "--json").object["pairs"]
    assert pairs["fi-fi"]["success@1"] == 1.0
    assert pairs["fi-en"]["success@1"] == pytest.approx(1 / 3, abs=1e-4)
    for searcher in ("dense", "fused", "reranked"):
        shape = run("eval", question_set, "--searcher", searcher, "--json").object
        assert shape["overall"]["success@1"] == 1.0


def test_eval_draws_the_pairs_and_prints_tables(run: Run, question_set: Path, tmp_path: Path) -> None:
    result = run("eval", question_set, "--by-language-pair", "--sample", "1", "--plot", tmp_path / "pairs.png")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == METRICS
    assert [line.split("  ")[0] for line in lines[1:4]] == ["overall", "same language", "across languages"]
    assert lines[6].split() == list(LANGUAGES)
    assert lines[-1].startswith("one search: p50 ")
    assert (tmp_path / "pairs.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--plot", "pairs.png"], "Error: --plot draws language pairs. Add --by-language-pair.\n"),
        (
            ["--by-language-pair", "--plot", "nowhere/pairs.png"],
            "Error: The picture 'nowhere/pairs.png' cannot be written: 'nowhere' is no folder.\n",
        ),
        (
            ["--split", "dev"],
            "Error: 'set/qrels/dev.tsv' does not exist (there are test): name another one with --split.\n",
        ),
    ],
)
def test_an_eval_that_cannot_be_is_one_line(run: Run, question_set: Path, options: list[str], says: str) -> None:
    assert question_set.is_dir()
    assert run("eval", "set", *options) == Result(1, "", says)


def test_a_question_set_that_cannot_be_read_is_one_line(run: Run, question_set: Path, temporary: Path) -> None:
    assert run("eval", "docs/osaka.txt") == Result(
        1, "", "Error: 'docs/osaka.txt' is no folder: name one in BEIR layout, with corpus.jsonl in it.\n"
    )
    assert (
        run("eval", "docs").err
        == "Error: 'docs/qrels/test.tsv' does not exist (there is none): name another one with --split.\n"
    )
    with (question_set / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write("{\n")
    result = run("eval", "set")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: 'set/corpus.jsonl', line 10 is not valid JSON: ")
    assert list(temporary.iterdir()) == []


def test_passages_that_cannot_be_indexed_are_counted(run: Run, question_set: Path, temporary: Path) -> None:
    with (question_set / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"_id": "empty", "text": " "}\n')
    result = run("eval", "set", "--json")
    assert (result.code, result.object["overall"]["success@1"]) == (0, 1.0)
    assert result.err == "Passages that could not be indexed: 1, the first because 'empty' has no text to index.\n"
    assert list(temporary.iterdir()) == []


# -- What goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [["ask", "x"], ["search", "x"], ["documents"], ["serve"], ["feedback"], ["feedback", "--export", "set"]],
    ids=" ".join,
)
def test_without_an_index_it_says_what_to_do(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_UPLOADS", "off")  # else `serve` starts without documents
    result = run(*command)
    assert result == Result(1, "", "Error: Nothing is indexed in '.footnote' yet. Run: footnote ingest FOLDER\n")
    assert not (folder / ".footnote").exists()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, int, str]]:
    """What was served: how many documents, host, port, and which proxies are believed; nothing listens."""
    calls: list[tuple[int, str, int, str]] = []

    def serve(
        app: ASGIApp, *, is_answering: Callable[[], bool], host: str, port: int, forwarded_allow_ips: str
    ) -> None:
        assert not is_answering()
        health = TestClient(app, base_url="http://localhost").get("/api/health").json()
        calls.append((health["documents"], host, port, forwarded_allow_ips))

    monkeypatch.setattr("ui.listening.serve", serve)
    return calls


def test_serve_starts_without_documents_where_readers_may_add_them(
    run: Run, folder: Path, served: list[tuple[int, str, int, str]]
) -> None:
    assert run("serve") == Result(0, "", "")
    assert served == [(0, "127.0.0.1", 7860, "127.0.0.1,::1")]
    assert run("documents", "--json").object == {"documents": []}
    assert sorted(path.name for path in folder.iterdir()) == [".footnote", "docs"]


def test_serve_listens_where_it_is_told_to(run: Run, indexed: Path, served: list[tuple[int, str, int, str]]) -> None:
    assert indexed
    assert run("serve", "--host", "::1", "--port", "8123", "--forwarded-allow-ips", "10.0.0.7") == Result(0, "", "")
    assert served == [(2, "::1", 8123, "10.0.0.7")]


def test_serve_with_an_unusable_account_is_one_line_without_the_secret(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_AUTH", "anna:secret")
    result = run("serve")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: FOOTNOTE_AUTH has no usable password hash for 'anna'. ")
    assert (result.err.count("\n"), "secret" in result.err) == (1, False)
    assert not (folder / ".footnote").exists()


def test_the_doctor_without_an_index_is_status_1(run: Run) -> None:
    result = run("doctor")
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines()[-1] == "WRONG Nothing is indexed in '.footnote' yet. Run: footnote ingest FOLDER"


def test_a_home_that_is_a_file_is_one_line(run: Run) -> None:
    result = run("--home", "docs/osaka.txt", "ingest", "docs")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: The index in 'docs/osaka.txt' cannot be opened: ")
    assert result.err.endswith(" Choose another folder with --home.\n")
    assert result.err.count("\n") == 1


def test_a_home_that_cannot_be_written_is_one_line(run: Run) -> None:
    result = run("--home", "/proc/nowhere", "ingest", "docs")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: The index in '/proc/nowhere' cannot be opened: ")
    assert result.err.count("\n") == 1


def test_a_bad_setting_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MAX_FILE_MB", "many")
    result = run("documents")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: A setting cannot be used: FOOTNOTE_MAX_FILE_MB: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("question", ["", " \n\t"], ids=["nothing", "white-space"])
def test_an_empty_question_is_one_line(run: Run, indexed: Path, question: str) -> None:
    assert indexed
    assert run("ask", question) == Result(1, "", "Error: The question is empty. Type a question in any language.\n")


def test_a_question_of_ten_thousand_characters_is_one_line(run: Run, indexed: Path) -> None:
    assert indexed
    result = run("ask", "Lahti " * 1666 + "asks")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: The question has 10000 characters; ask it in at most ")


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize("bad", ["\udcff\udcfe", "\ud83d"], ids=["bytes", "half"])
def test_half_characters_in_a_question_are_replaced(run: Run, indexed: Path, command: str, bad: str) -> None:
    assert indexed
    result = run(command, "--json", f"Where is the castle of Osaka{bad}?")
    assert (result.code, result.err) == (0, "")
    shown = result.object["question" if command == "ask" else "query"]
    assert shown == "Where is the castle of Osaka" + "\ufffd" * len(bad) + "?"


def test_a_mistake_in_the_program_is_one_line_and_asks_to_be_reported(
    run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert indexed

    def broken(_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("ui.plain.documents_plain", broken)
    assert run("documents") == Result(
        70,
        "",
        "Something unexpected went wrong (ZeroDivisionError). Please report it, with what the same command prints "
        "when FOOTNOTE_LOG_LEVEL=DEBUG is set.\n",
    )
    assert caplog.records == []
    with caplog.at_level("DEBUG"):
        assert run("documents").code == 70
    (record,) = [record for record in caplog.records if record.name == "ui.cli"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_the_version_is_printed(run: Run) -> None:
    result = run("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.strip().count(".") == 2


# -- Whole processes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose two documents were indexed by the console script."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "lahti.md").write_text(LAHTI, encoding="utf-8")
    (folder / "osaka.txt").write_text(OSAKA, encoding="utf-8")
    result = footnote("--home", folder / ".footnote", "ingest", folder, cwd=folder)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().splitlines() == ["indexed    lahti.md", "indexed    osaka.txt", "2 indexed"]
    return folder / ".footnote"


def test_a_script_gets_one_object_and_nothing_else(home: Path, tmp_path: Path) -> None:
    question = "Milloin Lahden satama avattiin?"
    result = footnote("ask", "--json", question.encode() + b" \xff\xfe", cwd=tmp_path, home=home, LC_ALL="C.UTF-8")
    assert (result.returncode, result.stderr) == (0, b"")
    answer = json.loads(result.stdout)
    assert answer["question"] == f"{question} \ufffd\ufffd"
    text = LAHTI.partition("---\n# ")[2]
    text = f"# {text}"
    cited = answer["citations"][0]
    assert cited["document"] == "lahti.md"
    assert text[cited["start"] : cited["end"]] == cited["quote"]
    assert list(tmp_path.iterdir()) == []


def test_a_question_is_answered_while_another_process_owns_chroma(home: Path, tmp_path: Path) -> None:
    with FileLock(home / "chroma.lock"):
        result = footnote("ask", "--json", "When was the castle of Osaka finished?", cwd=tmp_path, home=home)
    assert (result.returncode, result.stderr) == (0, b"")
    assert "1597" in json.loads(result.stdout)["citations"][0]["quote"]


def test_a_terminal_of_another_encoding_still_gets_utf8(home: Path, tmp_path: Path) -> None:
    result = footnote("documents", cwd=tmp_path, home=home, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(result.stdout.decode("utf-8").splitlines()) == 2


def test_a_reader_that_leaves_early_is_no_error(home: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [FOOTNOTE, "--home", home, "documents", "--json"],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Children obey SIGINT, also when the tests run in the background, where a shell has it ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_during_ingest_is_one_line_and_keeps_what_was_done(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    body = " ".join(f"Sentence {n} speaks of thing {n * 31 % 977}." for n in range(200))
    for n in range(400):
        (folder / f"{n:03}.txt").write_text(f"Article {n}. {body}", encoding="utf-8")
    home = tmp_path / "home"
    with subprocess.Popen(
        [FOOTNOTE, "--home", home, "ingest", folder],
        env={**clean_environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "indexed    docs/000.txt\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "Stopped. What was finished is kept.\n")
    finished = 1 + len(out.splitlines())
    catalog = open_catalog(home)
    try:
        assert catalog.problems() == []
        assert len(catalog.documents()) in (finished, finished + 1)  # one may be done and not yet said
        assert finished < 400
    finally:
        catalog.close()


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_during_eval_leaves_nothing_behind(tmp_path: Path) -> None:
    passages = [
        {"_id": str(n), "text": f"Thing {n} is {n * 31 % 977} metres high.", "language": "en"} for n in range(3000)
    ]
    questions = [{"_id": "q", "text": "How high is thing 7?", "language": "en"}]
    folder = write_question_set(tmp_path / "set", passages=passages, questions=questions, judged=[("q", "7", 1)])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [FOOTNOTE, "eval", folder],
        env={**clean_environment(), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while not list(temporary.glob("*/home/*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.count(b"\n")) == (130, b"", 1)
    assert list(temporary.iterdir()) == []


@pytest.fixture
def watched(home: Path, tmp_path: Path) -> Callable[..., set[str]]:
    """Run a command in a fresh process and tell which packages it had imported at the end."""
    code = """
        import sys
        sys.argv[0] = "footnote"
        try:
            import ui.cli
            if sys.argv[1:]:
                ui.cli.main()
        except SystemExit as end:
            assert not end.code, end.code
        print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
    """

    def modules_of(*arguments: str) -> set[str]:
        result = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *arguments],
            cwd=tmp_path,
            env={**clean_environment(), "FOOTNOTE_HOME": str(home)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert result.returncode == 0, result.stderr
        return set(result.stderr.split())

    return modules_of


HEAVY = {
    "torch", "sentence_transformers", "transformers", "langchain_core", "langchain_openai", "langsmith", "openai",
    "gradio", "fastapi", "uvicorn", "trafilatura", "lxml", "charset_normalizer", "slack_bolt",
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "also_not"),
    [
        ([], {"chromadb", "numpy", "tokenizers", "icu4py"}),
        (["documents"], {"chromadb", "httpx", "tokenizers", "icu4py", "py3langid"}),
        (["feedback"], {"chromadb", "httpx", "tokenizers", "icu4py", "py3langid"}),
        (["ask", "When was the castle of Osaka finished?"], set()),
    ],
    ids=["import", "documents", "feedback", "ask"],
)
def test_a_command_imports_only_what_it_needs(
    watched: Callable[..., set[str]], arguments: list[str], also_not: set[str]
) -> None:
    assert watched(*arguments) & (HEAVY | also_not) == set()
