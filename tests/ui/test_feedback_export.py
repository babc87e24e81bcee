"""Feedback as a question set: right passages for good answers, whatever has become of the documents since."""

import json
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.catalog import Catalog
from index.documents import Document
from index.embedding import StaticEmbedder
from index.errors import StoreError
from rag.answers import Answer, Citation
from rag.question_sets import load_question_set
from tests.builders import index_document, make_catalog, make_document
from ui import cli
from ui.feedback import Feedback, FeedbackError, FeedbackStore, feedback_dict
from ui.feedback_export import Export, export_feedback

HIGH = "Der Leuchtturm von Lindau ist 33 Meter hoch."
BUILT = "Er wurde von 1853 bis 1856 erbaut."
LINDAU = make_document(
    f"# Lindau\n\nLindau ist eine Stadt.\n\n## Leuchtturm\n\n{HIGH} {BUILT}\n\n## Hafen\n\nDer Hafen ist alt.\n",
    source="de/lindau\t.md",
    language="de",
    title="Lindau",
)
MAJAKKA = make_document(
    "Lindaun majakka on 33 metriä korkea. 🏔 Se on vanha.", source="fi/majakka.txt", language="fi", title=""
)


@pytest.fixture
def catalog(tmp_path: Path, bundled: StaticEmbedder) -> Iterator[Catalog]:
    catalog = make_catalog(tmp_path / "home", [LINDAU, MAJAKKA], bundled)
    yield catalog
    catalog.close()


def cite(quote: str, document: Document = LINDAU) -> Citation:
    start = document.text.index(quote)
    return Citation(1, 1, document.source, document.title, document.language, quote, start, start + len(quote), "c")


def rated(
    question: str,
    *citations: Citation,
    rating: str = "good",
    comment: str = "",
    standalone: str = "",
    language: str = "en",
) -> Feedback:
    answer = Answer(
        question, language, "It is. [1]", answered=True, citations=citations, standalone_question=standalone
    )
    return Feedback.of(answer, answer_id=str(uuid.uuid4()), rating=rating, comment=comment, channel="page")


def judged(folder: Path) -> dict[str, list[str]]:
    """The texts of the right passages of each question."""
    loaded = load_question_set(folder)
    texts = {passage.source: passage.text for passage in loaded.documents()}
    return {question.text: [texts[name] for name in question.relevance] for question in loaded.questions}


def chunks(catalog: Catalog, document: Document) -> list[str]:
    return [chunk.text for chunk in catalog.chunks(catalog.seqs([document.source])).values()]


def test_the_passages_are_the_chunks_of_all_documents_under_their_headings(catalog: Catalog, tmp_path: Path) -> None:
    export = export_feedback([rated("How high?", cite(HIGH))], catalog, tmp_path / "set")
    passages = list(load_question_set(tmp_path / "set").documents())
    assert [(passage.title, passage.language, passage.text) for passage in passages] == [
        ("Lindau › Lindau", "de", "Lindau ist eine Stadt."),
        ("Lindau › Lindau › Leuchtturm", "de", f"{HIGH} {BUILT}"),
        ("Lindau › Lindau › Hafen", "de", "Der Hafen ist alt."),
        ("", "fi", MAJAKKA.text),
    ]
    assert export == Export(questions=1, passages=4, bad=0, uncited=0, lost_quotes=0, lost_answers=0)
    first = json.loads((tmp_path / "set" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["metadata"] == {"document": LINDAU.source, "start": "10", "end": "32"}


def test_a_good_question_is_judged_by_what_its_answer_cites(catalog: Catalog, tmp_path: Path) -> None:
    entries = [
        rated("And how high?", cite(HIGH), cite("metriä korkea", MAJAKKA), standalone="How high is the lighthouse?"),
        rated("Koska se rakennettiin?", cite(BUILT), language="fi"),
        rated("Is the harbour old?", cite("Der Hafen ist alt."), rating="bad", comment="Which \x1b[2J harbour?"),
        rated("Who was king?"),
    ]
    export = export_feedback(entries, catalog, tmp_path / "set")
    assert export == Export(questions=2, passages=4, bad=1, uncited=1, lost_quotes=0, lost_answers=0)
    assert judged(tmp_path / "set") == {
        "How high is the lighthouse?": [f"{HIGH} {BUILT}", MAJAKKA.text],
        "Koska se rakennettiin?": [f"{HIGH} {BUILT}"],
    }
    assert [question.language for question in load_question_set(tmp_path / "set").questions] == ["en", "fi"]
    bad = (tmp_path / "set" / "bad.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in bad] == json.loads(json.dumps(feedback_dict(entries[2:3])["feedback"]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "set"]


def test_words_across_chunks_are_held_by_each_and_white_space_by_none(catalog: Catalog, tmp_path: Path) -> None:
    text = LINDAU.text
    across = text[text.index("ist eine Stadt") : text.index("33 Meter")]
    up_to = text[text.index("## Leuchtturm") : text.index(HIGH)]  # a heading, which is in no chunk
    export = export_feedback([rated("What?", cite(across)), rated("Which?", cite(up_to))], catalog, tmp_path / "set")
    assert judged(tmp_path / "set") == {"What?": ["Lindau ist eine Stadt.", f"{HIGH} {BUILT}"]}
    assert (export.lost_quotes, export.lost_answers) == (1, 1)


def test_the_same_question_of_several_readers_is_one(catalog: Catalog, tmp_path: Path) -> None:
    entries = [
        rated("How high?", cite(HIGH)),
        rated("How high?", cite("33 metriä", MAJAKKA)),
        rated("How high?", cite(BUILT)),
    ]
    assert export_feedback(entries, catalog, tmp_path / "set").questions == 1
    assert judged(tmp_path / "set") == {"How high?": [f"{HIGH} {BUILT}", MAJAKKA.text]}


def test_in_a_changed_document_words_are_found_where_they_stand_now(
    catalog: Catalog, bundled: StaticEmbedder, tmp_path: Path
) -> None:
    alt, high = cite("Der Hafen ist alt."), cite(HIGH)
    changed = (
        f"Der Hafen ist alt.\n\n# Neu\n\n{'Etwas ganz Neues steht hier. ' * 40}\n\n# Hafen\n\nDer Hafen ist alt. Ja."
    )
    index_document(catalog, replace(make_document(changed, language="de"), source=LINDAU.source), bundled)
    entries = [rated("Old?", alt, high), rated("High?", high), rated("Majakka?", cite("Se on vanha.", MAJAKKA))]
    export = export_feedback(entries, catalog, tmp_path / "set")
    assert (export.questions, export.lost_quotes, export.lost_answers) == (2, 2, 1)
    # It stood near the beginning, so of its two places the first is the nearer one.
    assert judged(tmp_path / "set") == {"Old?": ["Der Hafen ist alt."], "Majakka?": [MAJAKKA.text]}


def test_what_a_removed_document_said_is_left_out_and_counted(catalog: Catalog, tmp_path: Path) -> None:
    catalog.remove_document(LINDAU.source)
    entries = [rated("High?", cite(HIGH), cite(BUILT)), rated("Both?", cite(HIGH), cite("33 metriä", MAJAKKA))]
    export = export_feedback(entries, catalog, tmp_path / "set")
    assert export == Export(questions=1, passages=1, bad=0, uncited=0, lost_quotes=3, lost_answers=1)
    assert judged(tmp_path / "set") == {"Both?": [MAJAKKA.text]}


@pytest.mark.parametrize(
    "changes", [{"quote": ""}, {"start": 10**30, "end": 10**30}, {"start": -7}, {"document": "\ud800"}]
)
def test_footnotes_that_make_no_sense_are_lost_or_found(
    catalog: Catalog, tmp_path: Path, changes: dict[str, Any]
) -> None:
    export = export_feedback([rated("High?", replace(cite(HIGH), **changes))], catalog, tmp_path / "set")
    assert export.questions == (0 if "quote" in changes or "document" in changes else 1)
    assert export.questions + export.lost_quotes == 1


# -- Where it is written -----------------------------------------------------------------------------------------------


def test_an_empty_folder_is_filled_and_its_parents_are_made(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "x" / "y", tmp_path / "x" / ".." / "z", tmp_path / ("n" * 255)):
        assert export_feedback([rated("High?", cite(HIGH))], catalog, folder).questions == 1
        assert judged(folder) == {"High?": [f"{HIGH} {BUILT}"]}


def test_a_folder_that_holds_something_is_refused_and_left_alone(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").write_text("mine", encoding="utf-8")
    for folder in (tmp_path / "full", tmp_path / "full" / ".hidden"):
        with pytest.raises(
            FeedbackError, match=r"' is no empty folder\. Name one that is empty or does not exist yet\.$"
        ):
            export_feedback([rated("High?", cite(HIGH))], catalog, folder)
    assert (tmp_path / "full" / ".hidden").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "home"]


def test_a_place_that_cannot_be_written_is_a_sentence(catalog: Catalog) -> None:
    with pytest.raises(FeedbackError, match=r"^'/proc/none/set' cannot be written: .*\. Name another folder\.$"):
        export_feedback([rated("High?", cite(HIGH))], catalog, Path("/proc/none/set"))


def test_no_feedback_writes_nothing(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(FeedbackError, match=r"^There is no feedback to export\.$"):
        export_feedback([], catalog, tmp_path / "set")
    assert not (tmp_path / "set").exists()


class ChangingCatalog(Catalog):
    """Another process ingests while documents are read."""

    def get_document(self, source: str) -> Document | None:
        self.record_failure("new.txt", "It is empty.")
        return super().get_document(source)


def test_an_index_that_changes_meanwhile_leaves_nothing_half_written(catalog: Catalog, tmp_path: Path) -> None:
    changing = ChangingCatalog(catalog.path)
    with pytest.raises(StoreError, match=r"^The index has changed during the export\. Run the command again\.$"):
        export_feedback([rated("High?", cite(HIGH))], changing, tmp_path / "set")
    changing.close()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


# -- `footnote feedback --export` --------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> int | str | None:
    """Run `footnote` in this process and return its exit status."""
    argv, sys.argv = sys.argv, ["footnote", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as end:
            cli.main()
    finally:
        sys.argv = argv
    return end.value.code


def test_an_export_can_be_evaluated(catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, store = tmp_path / "home", FeedbackStore(tmp_path / "home")
    assert catalog.path.parent == home
    for entry in (
        rated("How high is the lighthouse of Lindau?", cite(HIGH)),
        rated("Why?"),
        rated("Who?", rating="bad"),
    ):
        store.save(entry)
    assert not run("--home", home, "feedback", "--export", tmp_path / "set")
    assert capsys.readouterr().out == (
        f"Wrote to {tmp_path / 'set'}: questions: 1, passages: 4, answers rated bad: 1. "
        "Left out: good answers without footnotes: 1.\n"
    )
    assert not run("eval", tmp_path / "set", "--json")
    assert json.loads(capsys.readouterr().out)["overall"]["recall@5"] == 1.0
    assert not run("--home", home, "feedback", "--export", tmp_path / "bad", "--rating", "bad", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "questions": 0, "passages": 4, "bad": 1, "uncited": 0, "lost_quotes": 0, "lost_answers": 0,
    }  # fmt: skip


def test_an_export_without_an_index_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FeedbackStore(tmp_path / "home").save(rated("Why?"))
    assert run("--home", tmp_path / "home", "feedback", "--export", tmp_path / "set") == 1
    assert capsys.readouterr().err == (
        f"Error: Nothing is indexed in '{tmp_path / 'home'}' yet. Run: footnote ingest FOLDER\n"
    )
