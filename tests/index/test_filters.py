"""Filters: which documents pass, and what is refused."""

import pytest

from index.errors import FilterError
from index.filters import EVERYTHING, DocumentFacts, DocumentFilter, split_tags

DOCUMENTS = [
    DocumentFacts("news/2018/a.md", "en", "2018-05-03", frozenset(("lahti", "ski jumping"))),
    DocumentFacts("news/b.txt", "de", "2018-06", frozenset(("lahti",))),
    DocumentFacts("newspaper/c.html", "zh-Hant", "2019"),
    DocumentFacts("d.markdown", "zh", "2018-05-31T12:00:00"),
    DocumentFacts("/elsewhere/e.HTM", "und"),
]


def passing(within: DocumentFilter) -> str:
    """The first letters of the names that pass."""
    return "".join(name for name, document in zip("abcde", DOCUMENTS, strict=True) if within.passes(document))


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        pytest.param(EVERYTHING, "abcde", id="everything"),
        pytest.param(DocumentFilter(languages=frozenset(("de",))), "b", id="language"),
        pytest.param(DocumentFilter(languages=frozenset(("zh",))), "cd", id="zh-lets-zh-Hant-pass"),
        pytest.param(DocumentFilter(languages=frozenset(("zh-Hant", "en"))), "acd", id="languages"),
        pytest.param(DocumentFilter(languages=frozenset(("und",))), "e", id="unknown-language"),
        pytest.param(DocumentFilter(documents=frozenset(("news/b.txt", "d.markdown"))), "bd", id="documents"),
        pytest.param(DocumentFilter(documents=frozenset(("b.txt",))), "", id="part-of-a-name"),
        pytest.param(DocumentFilter(folders=frozenset(("news",))), "ab", id="folder"),
        pytest.param(DocumentFilter(folders=frozenset(("./news/2018/",))), "a", id="folder-with-slash"),
        pytest.param(DocumentFilter(folders=frozenset(("/elsewhere", "newspaper"))), "ce", id="folders"),
        pytest.param(DocumentFilter(folders=frozenset((".",))), "abcd", id="the-folder-of-the-home"),
        pytest.param(DocumentFilter(tags=frozenset(("LAHTI",))), "ab", id="tag"),
        pytest.param(DocumentFilter(tags=frozenset((" Ski Jumping ", "other"))), "a", id="tags"),
        pytest.param(DocumentFilter(types=frozenset(("markdown",))), "ad", id="markdown"),
        pytest.param(DocumentFilter(types=frozenset(("text", "html"))), "bce", id="text-and-html"),
        pytest.param(DocumentFilter(since="2018-05-31"), "bcd", id="since-a-day"),
        pytest.param(DocumentFilter(since="2018-06"), "bc", id="since-a-month"),
        pytest.param(DocumentFilter(since="2019"), "c", id="since-a-year"),
        pytest.param(DocumentFilter(until="2018-05-03"), "a", id="until-a-day"),
        pytest.param(DocumentFilter(until="2018-05"), "ad", id="until-a-month"),
        pytest.param(DocumentFilter(until="2018"), "abd", id="until-a-year"),
        pytest.param(DocumentFilter(since="2018-06-15", until="2018-06-16"), "b", id="days-of-a-stated-month"),
        pytest.param(DocumentFilter(since="2018", until="2018-06"), "abd", id="between"),
        pytest.param(DocumentFilter(languages=frozenset(("zh",)), until="2018"), "d", id="two-conditions"),
    ],
)
def test_documents_that_meet_every_condition_pass(within: DocumentFilter, expected: str) -> None:
    assert passing(within) == expected


@pytest.mark.parametrize(
    ("within", "passes"),
    [
        (DocumentFilter(types=frozenset(("html",))), "abde"),
        (DocumentFilter(types=frozenset(("markdown",))), "c"),
        (DocumentFilter(folders=frozenset(("https://point.md",))), "ab"),
        (DocumentFilter(folders=frozenset(("https://point.md/news/",))), "b"),
        (DocumentFilter(folders=frozenset((".", "https:"))), ""),
        (DocumentFilter(documents=frozenset(("https://point.md/",))), "a"),
    ],
)
def test_pages_of_the_web_are_html_unless_their_address_says_otherwise_and_lie_below_their_site(
    within: DocumentFilter, passes: str
) -> None:
    urls = [
        "https://point.md/",
        "https://point.md/news/a.b?file=c.txt",
        "https://example.org/README.md?raw=1",
        "https://example.org/index.php",
        "http://[broken",
    ]
    assert (
        "".join(name for name, url in zip("abcde", urls, strict=True) if within.passes(DocumentFacts(url, "en")))
        == passes
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DocumentFilter(languages=frozenset(("german",))),
            "'german' is no language code. Give an ISO 639 code such as 'en', 'ja' or 'zh-Hant'.",
        ),
        (
            lambda: DocumentFilter(types=frozenset(("pdf",))),
            "'pdf' is no type of document. Choose from: markdown, text, html.",
        ),
        (
            lambda: DocumentFilter(since="May 2018"),
            "'May 2018' is no date. Write it as 2018-05-31, 2018-05 or 2018.",
        ),
        (
            lambda: DocumentFilter(until="2018-02-30"),
            "'2018-02-30' is no date. Write it as 2018-05-31, 2018-05 or 2018.",
        ),
        (
            lambda: DocumentFilter(since="2019", until="2018-05"),
            "No day is since '2019' and until '2018-05'. Exchange the two.",
        ),
    ],
    ids=["language", "type", "date", "day", "order"],
)
def test_what_no_document_can_be_is_refused_with_the_cure(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(FilterError) as caught:
        make()
    assert str(caught.value) == message


def test_equal_conditions_are_one_filter() -> None:
    one = DocumentFilter(languages=frozenset(("de", "en")), since="2018")
    other = DocumentFilter(languages=frozenset(("en", "de")), since="2018")
    assert one == other
    assert len({one, other, EVERYTHING, DocumentFilter()}) == 2


@pytest.mark.parametrize(
    ("stated", "tags"),
    [("Lahti, Ski jumping", {"lahti", "ski jumping"}), ("", set()), (" , x,", {"x"}), ("Straße", {"strasse"})],
)
def test_tags_are_what_stands_between_commas(stated: str, tags: set[str]) -> None:
    assert split_tags(stated) == tags
