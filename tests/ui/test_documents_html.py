"""The list of documents: what a search leaves, what can be done with each, and how adding some goes."""

from dataclasses import replace

import pytest

from index.catalog import DocumentRecord
from index.ingest import Outcome, State
from tests.ui.hostile_html import PAYLOADS, Reader
from ui.documents_html import Progress, documents_table_html, matching_documents, outcomes_html
from ui.messages import english, messages_for

TAGS = {"bdi", "button", "caption", "div", "li", "p", "span", "table", "tbody", "td", "th", "thead", "time", "tr", "ul"}
ATTRIBUTES = {"aria-hidden", "aria-label", "aria-live", "class", "data-action", "data-document", "data-label"} | {
    "data-shown", "data-state", "data-title", "data-upload", "datetime", "dir", "lang", "role", "scope", "title",
    "type",
}  # fmt: skip

LAHTI = DocumentRecord(
    "seeds/fi/lahti.md",
    "indexed",
    None,
    "Lahti",
    "fi",
    "2017-02-17",
    "abc",
    chunks=3,
    changed_at="2026-01-01T00:00:00Z",
)
TOKYO = replace(LAHTI, source="uploads/a1/tokyo.md", title="ＴＯＫＹＯ ２０２０", language="ja", date="2020")
STREET = replace(LAHTI, source="b/strasse.txt", title="Die Straße", language="de", date=None)
FAILED = replace(
    LAHTI,
    source="c.txt",
    state="failed",
    reason="'c.txt' is empty.",
    title="c.txt",
    language="und",
    date=None,
    chunks=0,
)
RECORDS = (LAHTI, TOKYO, STREET, FAILED)


def table(*records: DocumentRecord, search: str = "", shown: int = 50, writable: bool = True) -> str:
    return documents_table_html(
        records,
        search=search,
        shown=shown,
        messages=english(),
        writable=writable,
        is_upload=lambda source: source.startswith("uploads/"),
    )


def test_a_row_says_all_of_a_document_and_what_can_be_done_with_it() -> None:
    assert table(LAHTI) == (
        '<div class="documents" dir="ltr"><table role="table"><caption class="hidden">Documents: 1</caption>'
        '<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Title</th>'
        '<th scope="col" role="columnheader">Language</th><th scope="col" role="columnheader">Parts</th>'
        '<th scope="col" role="columnheader">Date</th><th scope="col" role="columnheader">State</th>'
        '<th scope="col" role="columnheader">Actions</th></tr></thead>'
        '<tbody role="rowgroup"><tr role="row"><th scope="row" role="rowheader" data-label="Title">'
        '<button type="button" class="open" data-action="open" data-document="seeds/fi/lahti.md" '
        'title="Open the document"><span class="name" lang="fi" dir="auto">Lahti</span></button>'
        '<span class="file"><bdi>seeds/fi/lahti.md</bdi></span></th>'
        '<td role="cell" data-label="Language">Finnish</td><td role="cell" data-label="Parts">3</td>'
        '<td role="cell" data-label="Date"><time datetime="2017-02-17">February 17, 2017</time></td>'
        '<td role="cell" data-label="State"><span class="state" data-state="indexed">'
        '<span class="sign" aria-hidden="true">✓</span> Indexed</span></td>'
        '<td role="cell" data-label="Actions">'
        '<button type="button" data-action="reindex" data-document="seeds/fi/lahti.md" '
        'aria-label="Index again: Lahti">Index again</button>'
        '<button type="button" data-action="remove" data-document="seeds/fi/lahti.md" data-title="Lahti" '
        'aria-label="Remove: Lahti">Remove</button></td></tr></tbody></table></div>'
    )


def test_a_failed_document_says_why_in_english_and_cannot_be_opened() -> None:
    html = table(FAILED)
    assert (
        '<span class="state" data-state="failed"><span class="sign" aria-hidden="true">✗</span> Failed</span>'
        '<span class="reason" lang="en" dir="ltr">&#x27;c.txt&#x27; is empty.</span>'
    ) in html
    assert Reader(html).values("data-action") == ["reindex", "remove"]
    # One that has an older version in the index still answers, and can be read.
    assert Reader(table(replace(FAILED, chunks=2))).values("data-action") == ["open", "reindex", "remove"]


def test_only_uploads_are_told_as_such() -> None:
    assert 'data-title="ＴＯＫＹＯ ２０２０" data-upload="true"' in table(TOKYO)
    assert "data-upload" not in table(LAHTI)


def test_a_page_that_may_not_write_offers_only_to_open() -> None:
    reader = Reader(table(*RECORDS, writable=False))
    assert reader.values("data-action") == ["open", "open", "open"]
    assert "Actions" not in reader.text


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", RECORDS),
        ("  ", RECORDS),
        ("lahti", (LAHTI,)),
        ("LAHTI.MD", (LAHTI,)),
        ("tokyo 2020", (TOKYO,)),
        ("ｔｏｋｙｏ", (TOKYO,)),
        ("STRASSE", (STREET,)),
        ("straße", (STREET,)),
        ("finn", (LAHTI,)),
        ("ja", (TOKYO,)),
        ("und", (FAILED,)),
        ("lahti tokyo", ()),
        ("x" * 100_000, ()),
    ],
)
def test_search_looks_at_title_source_and_language_in_any_spelling(
    search: str, found: tuple[DocumentRecord, ...]
) -> None:
    assert matching_documents(RECORDS, search, messages=english()) == list(found)


@pytest.mark.parametrize(("language", "name"), [("fi", "suomi"), ("de", "Finnisch"), ("ja", "フィンランド語")])
def test_languages_are_found_by_their_name_in_the_readers_language(language: str, name: str) -> None:
    assert matching_documents(RECORDS, name, messages=messages_for(language)) == [LAHTI]


def test_nothing_found_and_nothing_there_are_told_apart() -> None:
    assert table(LAHTI, search="tokyo") == (
        '<p class="notice" role="status" dir="auto">No document has this in its name, title or language.</p>'
    )
    assert table() == '<p class="notice" role="status" dir="auto">No documents are indexed yet.</p>'


def test_more_rows_are_shown_on_request() -> None:
    records = [replace(LAHTI, source=f"{number:03}.md") for number in range(120)]
    html = table(*records)
    assert html.count('data-action="open"') == 50
    assert '<button type="button" class="more" data-action="more" data-shown="100">Show more</button>' in html
    assert "Documents: 120" in html
    assert 'data-action="more" data-shown="150"' in table(*records, shown=100)
    assert 'data-action="more"' not in table(*records, shown=120)
    assert table(*records, shown=0).count('data-action="open"') == 1


def test_progress_of_adding_is_told_in_words() -> None:
    rows: list[tuple[str, Progress]] = [
        ("a.md", Outcome("uploads/a.md", State.INDEXED, chunks=3)),
        ("b.md", Outcome("uploads/b.md", State.FAILED, "'b.md' is empty.")),
        ("c.md", "reading"),
        ("d.md", "waiting"),
    ]
    html = outcomes_html(rows, messages=english())
    assert html.startswith(
        '<ul class="outcomes" dir="ltr" aria-live="polite"><li><bdi class="name">a.md</bdi> '
        '<span class="state" data-state="indexed"><span class="sign" aria-hidden="true">✓</span> Indexed</span></li>'
        '<li><bdi class="name">b.md</bdi> <span class="state" data-state="failed">'
        '<span class="sign" aria-hidden="true">✗</span> Failed</span>'
        '<span class="reason" lang="en" dir="ltr">&#x27;b.md&#x27; is empty.</span></li>'
    )
    assert Reader(html).values("data-state") == ["indexed", "failed", "reading", "waiting"]
    assert Reader(html).text.endswith("c.md … Reading…d.md … Waiting")
    assert outcomes_html([], messages=english()) == ""


@pytest.mark.parametrize("state", list(State))
def test_every_outcome_has_words_of_its_own(state: State) -> None:
    texts = {
        Reader(outcomes_html([("a", Outcome("a", state))], messages=messages_for(language))).text
        for language in ("en", "de", "ja")
    }
    assert all(len(text) > len("a ✓ ") for text in texts)
    assert str(state) not in "".join(texts)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_in_the_list_becomes_an_element(payload: str) -> None:
    hostile = DocumentRecord(payload, payload, payload, payload, payload, payload, payload, 3, payload)
    html = table(hostile, replace(hostile, state="failed"), search=payload[:1])
    reader = Reader(html)
    reader.assert_only(TAGS, ATTRIBUTES)
    assert reader.values("data-document") == [payload] * 6
    assert reader.values("data-action") == ["open", "reindex", "remove"] * 2
    progress = Reader(outcomes_html([(payload, Outcome(payload, State.FAILED, payload))], messages=english()))
    progress.assert_only(TAGS, ATTRIBUTES)
    assert progress.values("data-state") == ["failed"]
