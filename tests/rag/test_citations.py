import itertools
import random
import re
import time
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.embedding import StaticEmbedder
from rag.answers import Citation, Passage, Problem
from rag.citations import CitationWriter, CitedText, cite
from rag.settings import CitationSettings
from tests.builders import make_passage

COMPANIES = "Mehr als 620 japanische Unternehmen sind in Nordrhein-Westfalen ansässig."
LEADER = "An der Spitze der Delegation stand Minister Andreas Pinkwart."
LAHTI = "Lahden seutu ja Ishizaka tekivät sopimuksen 17.2.2017."
CARS = "The plant built 1,000 electric cars in 2015."
PASSAGES = (
    make_passage(f"{LEADER} {COMPANIES}", number=1, start=50, language="de", document="de.md"),
    make_passage(LAHTI, number=2, start=7, language="fi", document="fi.md"),
    make_passage(f"The city is old. {CARS}", number=3, language="en", document="en.md"),
)
SETTINGS = CitationSettings()
# What a reader's program may take for a mark.
SHOWN_MARK = re.compile(r"[\[【［]\s*\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\s*[\]】］]")


def cited(text: str, bundled: StaticEmbedder, *, passages: tuple[Passage, ...] = PASSAGES) -> CitedText:
    result = cite(text, passages, language="en", embedder=bundled, settings=SETTINGS)
    shown = [int(number) for number in re.findall(r"\[(\d+)\]", result.text)]
    assert set(shown) == {citation.number for citation in result.citations}
    assert list(dict.fromkeys(shown)) == list(range(1, len(result.citations) + 1))
    for mark in SHOWN_MARK.findall(result.text):
        assert re.fullmatch(r"\[\d+\]", mark)
    for citation in result.citations:
        passage = passages[citation.passage - 1]
        assert passage.text[citation.start - passage.start : citation.end - passage.start] == citation.quote
    return result


def uncited(text: str, bundled: StaticEmbedder) -> str:
    """The text that is left of one in which no mark holds."""
    result = cited(text, bundled)
    assert result.citations == ()
    return result.text


def quotes(result: CitedText) -> list[str]:
    return [citation.quote for citation in result.citations]


# -- Forms of marks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark",
    [
        "[1]",
        "【1】",
        "［1］",
        "［１］",
        "[ 1 ]",
        "[١]",
        "[१]",
        "[๑]",
        "[۱]",
        "[[1]]",
        "[^1]",
        "【1†source】",
        "[1】",
        "[01]",
        "[1\n]",
        "[1,1]",
        "[1][1]",
        "[1] [1]",
    ],
)
def test_every_form_of_a_mark_becomes_a_footnote(mark: str, bundled: StaticEmbedder) -> None:
    result = cited(f"Minister Andreas Pinkwart stood at the head {mark}.", bundled)
    assert result.text == "Minister Andreas Pinkwart stood at the head [1]."
    assert quotes(result) == [LEADER]
    (citation,) = result.citations
    assert (citation.number, citation.passage, citation.document, citation.start, citation.end) == (
        1, 1, "de.md", 50, 50 + len(LEADER),
    )  # fmt: skip


@pytest.mark.parametrize(
    "mark", ["[1, 3]", "[1,3]", "[1;3]", "[1，3]", "[1、3]", "[1][3]", "[1] [3]", "[1-3]", "[1–3]", "[3-1]", "[1〜3]"]
)
def test_mark_of_several_passages_becomes_a_footnote_for_each_that_supports(mark: str, bundled: StaticEmbedder) -> None:
    passages = (
        make_passage("Minister Andreas Pinkwart led the delegation.", number=1, document="a"),
        make_passage("Bread is baked at night.", number=2, document="b"),
        make_passage("Andreas Pinkwart, minister, led the delegation.", number=3, document="c"),
    )
    result = cited(f"Minister Andreas Pinkwart led the delegation {mark}.", bundled, passages=passages)
    assert re.sub(r"\] \[", "][", result.text) == "Minister Andreas Pinkwart led the delegation [1][2]."
    assert sorted(citation.document for citation in result.citations) == ["a", "c"]


@pytest.mark.parametrize(
    "mark",
    [
        "[4]",
        "[0]",
        "[99]",
        "[999]",
        "【9】",
        "［٩］",
        "[4, 5]",
        "[0-0]",
        "[7-9]",
        "[4][5]",
        "[4] [0]",
        "[[4]]",
        "[9†x]",
    ],
)
def test_mark_without_its_passage_is_removed_with_the_space_before_it(mark: str, bundled: StaticEmbedder) -> None:
    assert uncited(f"Minister Pinkwart led it {mark}. So he did.", bundled) == "Minister Pinkwart led it. So he did."
    assert cited(f"Minister Pinkwart led it {mark}", bundled).text == "Minister Pinkwart led it"
    assert cited(f"Minister Pinkwart {mark} led it.", bundled).text == "Minister Pinkwart led it."
    assert cited(f"{mark} Minister Pinkwart led it.", bundled).text == "Minister Pinkwart led it."


@pytest.mark.parametrize(
    "text",
    [
        "In [2011] it rose.",
        "He wrote [sic] so.",
        "See [1a].",
        "[a1]",
        "[-1]",
        "[1.5]",
        "[1/2]",
        "[ ]",
        "[]",
        "a[b]c",
        "[²]",
        "[①]",
        "m² and ① and ½ and Ⅷ",
        "[1-2011]",
        "(1)",
        "{1}",
        "<1>",
        "［x］",
        "[[sic]]",
        "[" + " " * 90 + "1]",
    ],
)
def test_what_is_no_mark_stays_as_it_is(text: str, bundled: StaticEmbedder) -> None:
    result = cite(text, PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    assert (result.text, result.citations) == (text, ())


@pytest.mark.parametrize("half", ["[1", "[1, 2", "[ 1 ", "【1", "［１", "[1-", "[[1", "[1†so"])
def test_half_a_mark_at_the_end_is_dropped(half: str, bundled: StaticEmbedder) -> None:
    assert cited(f"Pinkwart led it {half}", bundled).text == "Pinkwart led it"


@pytest.mark.parametrize(
    "text", ["[[9]1]", "[[[9]1]", "[1[9]]", "[1, [9]2]", "[ [9] [8]1]", "[9][[8]1]", "[[[[9]1]]]", "[9[9]1[9]]"]
)
def test_a_mark_that_is_removed_leaves_no_new_one(text: str, bundled: StaticEmbedder) -> None:
    assert not SHOWN_MARK.search(cited(f"Pinkwart led it {text}.", bundled).text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Minister Andreas Pinkwart [1](https://evil.example/) led it.",
            "Minister Andreas Pinkwart [1] (https://evil.example/) led it.",
        ),
        (
            "Minister Andreas Pinkwart [9](https://evil.example/) led it.",
            "Minister Andreas Pinkwart (https://evil.example/) led it.",
        ),
        ("![1](https://evil.example/x.png)", "! (https://evil.example/x.png)"),
    ],
)
def test_a_mark_is_no_link_to_elsewhere(text: str, expected: str, bundled: StaticEmbedder) -> None:
    assert cited(text, bundled).text == expected


@pytest.mark.parametrize(
    "verbatim",
    [
        "`row[1]`",
        "``a ` row[1]``",
        "```\nx[9] = y[1]\n```",
        "```x[1]```",
        "```python\nx[1]\n",
        "https://a.example/?a[1]=b",
        "https://a.example/[1]",
        "https://a.example/x[1]/y",
        "see `a[1]` and `b[2]`",
    ],
)
def test_what_looks_like_a_mark_in_code_and_addresses_is_none(verbatim: str, bundled: StaticEmbedder) -> None:
    result = cite(verbatim, PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    assert (result.text, result.citations) == (verbatim.rstrip(), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Minister `Andreas Pinkwart` led it [1].", "Minister `Andreas Pinkwart` led it [1]."),
        ("Minister Andreas Pinkwart led `x[1]` [1].", "Minister Andreas Pinkwart led `x[1]` [1]."),
        (
            "```\nx[9]\n```\nMinister Andreas Pinkwart led it [1].",
            "```\nx[9]\n```\nMinister Andreas Pinkwart led it [1].",
        ),
        ("A lone ` and Minister Andreas Pinkwart led it [1].", "A lone ` and Minister Andreas Pinkwart led it [1]."),
        ("Minister Andreas Pinkwart: https://a.example[1].", "Minister Andreas Pinkwart: https://a.example."),
        ("arr[7][8][9]", "arr"),
        ("[text][9]", "[text]"),
        ("[9]: https://x", ": https://x"),
    ],
)
def test_marks_beside_code_and_addresses_are_checked_like_all_others(
    text: str, expected: str, bundled: StaticEmbedder
) -> None:
    assert cite(text, PASSAGES, language="en", embedder=bundled, settings=SETTINGS).text == expected


# -- What a mark belongs to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Andreas Pinkwart was the minister at the head.[1] Lahti and Ishizaka made a contract.[2]",
            "Andreas Pinkwart was the minister at the head.[1] Lahti and Ishizaka made a contract.[2]",
        ),
        (
            "Andreas Pinkwart was the minister at the head. [1] Lahti and Ishizaka made a contract. [2]",
            "Andreas Pinkwart was the minister at the head. [1] Lahti and Ishizaka made a contract. [2]",
        ),
        (
            "- Andreas Pinkwart was the minister at the head [1]\n- Lahti and Ishizaka made a contract [2]",
            "- Andreas Pinkwart was the minister at the head [1]\n- Lahti and Ishizaka made a contract [2]",
        ),
        (
            "1. Andreas Pinkwart was the minister at the head [1]\n4. Lahti and Ishizaka made a contract [2]",
            "1. Andreas Pinkwart was the minister at the head [1]\n4. Lahti and Ishizaka made a contract [2]",
        ),
        (
            "[1] Andreas Pinkwart was the minister at the head.\n[2] Lahti and Ishizaka made a contract.",
            "[1] Andreas Pinkwart was the minister at the head.\n[2] Lahti and Ishizaka made a contract.",
        ),
        (
            "Andreas Pinkwart was the minister at the head.\n[1]\n\nLahti and Ishizaka made a contract.\n[2]",
            "Andreas Pinkwart was the minister at the head.\n[1]\n\nLahti and Ishizaka made a contract.\n[2]",
        ),
        (
            "Andreas Pinkwart was the minister at the head [1], and Lahti and Ishizaka made a contract [2].",
            "Andreas Pinkwart was the minister at the head [1], and Lahti and Ishizaka made a contract [2].",
        ),
    ],
    ids=["after the stop", "after the stop and a space", "list", "numbered list", "before", "own line", "inside"],
)
def test_each_mark_is_tied_to_its_own_statement(text: str, expected: str, bundled: StaticEmbedder) -> None:
    result = cited(text, bundled)
    assert result.text == expected
    assert quotes(result) == [LEADER, LAHTI]


def test_mark_in_the_middle_counts_only_what_is_said_since_the_one_before(bundled: StaticEmbedder) -> None:
    result = cited("620 Japanese Unternehmen in Nordrhein-Westfalen [1], Lahti and Ishizaka in 2017 [2].", bundled)
    assert quotes(result) == [COMPANIES, LAHTI]


def test_mark_on_the_wrong_passage_is_removed(bundled: StaticEmbedder) -> None:
    result = cited("Minister Andreas Pinkwart stood at the head [2][1][3].", bundled)
    assert result.text == "Minister Andreas Pinkwart stood at the head [1]."
    assert quotes(result) == [LEADER]


def test_mark_without_any_statement_is_removed(bundled: StaticEmbedder) -> None:
    assert cited("[1]", bundled) == CitedText("", (), ())
    assert cited("  [1][2] \n ", bundled) == CitedText("", (), ())


@pytest.mark.parametrize(
    ("statement", "language", "text"),
    [
        ("Die Stadt Lahti liegt in Finnland", "de", "Lahti is a city in Finland."),
        ("Lahti on kaupunki Suomessa", "fi", "Lahti ist eine Stadt in Finnland."),
        ("トヨタは日本の会社です", "ja", "トヨタは日本の自動車会社である。"),
        ("تويوتا شركة يابانية", "ar", "تويوتا شركة سيارات يابانية."),
        ("टोयोटा जापान की कंपनी है", "hi", "टोयोटा जापान की एक कार कंपनी है।"),
        ("โตโยต้าเป็นบริษัทญี่ปุ่น", "th", "โตโยต้าเป็นบริษัทรถยนต์ญี่ปุ่น"),
        ("丰田是日本的公司", "zh", "丰田是一家日本汽车公司。"),
        ("Toyota is a company in Japan", "en", "Toyota is a car company from Japan."),
    ],
    ids=["de", "fi", "ja", "ar", "hi", "th", "zh", "en"],
)
@pytest.mark.parametrize("mark", ["[1]", "【1】", "［１］"])
def test_statements_in_all_languages_are_tied(
    statement: str, language: str, text: str, mark: str, bundled: StaticEmbedder
) -> None:
    stop = "。" if language in ("ja", "zh") else "।" if language == "hi" else "."
    for written, expected in ((f"{mark}{stop}", f"[1]{stop}"), (f"{stop}{mark}", f"{stop}[1]")):
        result = cite(statement + written, [make_passage(text)], language=language, embedder=bundled, settings=SETTINGS)
        assert result.text == statement + expected
        assert quotes(result) == [text]


# -- Numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "In 2015 the plant built 1,000 electric cars",
        "In 2015 the plant built 1.000 electric cars",
        "In 2015 the plant built 1 000 electric cars",
        "In ٢٠١٥ the plant built ١٠٠٠ electric cars",
        "In २०१५ the plant built १,००० electric cars",
        "In ２０１５ the plant built １０００ electric cars",
        "The plant built electric cars",
    ],
)
def test_numbers_that_occur_keep_the_mark(statement: str, bundled: StaticEmbedder) -> None:
    result = cited(f"{statement} [3].", bundled)
    assert result.text == f"{statement} [1]."
    assert quotes(result) == [CARS]


@pytest.mark.parametrize(
    "statement",
    [
        "In 2016 the plant built 1,000 electric cars",
        "In 2015 the plant built 1,001 electric cars",
        "In 2015 the plant built 100 electric cars",
        "In 2015 the plant built 10,000 electric cars",
        "In ٢٠١٦ the plant built electric cars",
        "On 3.4.2015 the plant built 1,000 electric cars",
    ],
)
def test_numbers_that_do_not_occur_drop_the_mark(statement: str, bundled: StaticEmbedder) -> None:
    assert uncited(f"{statement} [3].", bundled) == f"{statement}."


@pytest.mark.parametrize("date", ["17.2.2017", "17 February 2017", "2017-02-17", "2017年2月17日"])
def test_dates_of_any_form_keep_the_mark(date: str, bundled: StaticEmbedder) -> None:
    assert quotes(cited(f"Ishizaka ja Lahden seutu: sopimus {date} [2].", bundled)) == [LAHTI]


def test_the_sentence_with_the_number_is_quoted_before_one_with_more_words_in_common(bundled: StaticEmbedder) -> None:
    passage = make_passage("Japanese companies in the region are many. Of Japanese companies 620 are there.")
    result = cited("620 Japanese companies are in the region [1].", bundled, passages=(passage,))
    assert quotes(result) == ["Of Japanese companies 620 are there."]


# -- Numbering ---------------------------------------------------------------------------------------------------------


def test_footnotes_are_numbered_by_appearance(bundled: StaticEmbedder) -> None:
    result = cited("The plant built electric cars [3]. Andreas Pinkwart was the minister [1].", bundled)
    assert result.text == "The plant built electric cars [1]. Andreas Pinkwart was the minister [2]."
    assert [(citation.number, citation.passage) for citation in result.citations] == [(1, 3), (2, 1)]


def test_the_same_words_cited_twice_share_a_number(bundled: StaticEmbedder) -> None:
    result = cited("Minister Pinkwart [1]. The plant built electric cars [3]. Andreas Pinkwart, minister [1].", bundled)
    assert result.text == "Minister Pinkwart [1]. The plant built electric cars [2]. Andreas Pinkwart, minister [1]."
    assert quotes(result) == [LEADER, CARS]


def test_other_words_of_the_same_passage_get_a_number_of_their_own(bundled: StaticEmbedder) -> None:
    result = cited("Minister Andreas Pinkwart [1]. 620 Unternehmen in Nordrhein-Westfalen [1].", bundled)
    assert result.text == "Minister Andreas Pinkwart [1]. 620 Unternehmen in Nordrhein-Westfalen [2]."
    assert quotes(result) == [LEADER, COMPANIES]


def test_answer_without_marks_is_left_alone(bundled: StaticEmbedder) -> None:
    assert uncited("  Minister Pinkwart.\n\nYes. ", bundled) == "Minister Pinkwart.\n\nYes."


def test_thousands_of_marks_and_brackets_are_read_in_time(bundled: StaticEmbedder) -> None:
    start = time.perf_counter()
    cite("[" * 20000, PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    cite("Pinkwart led [9]" * 300, PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    assert time.perf_counter() - start < 10


class CountingEmbedder(StaticEmbedder):
    """Counts the claims that are compared."""

    compared = 0

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.compared += len(texts)
        return super().embed_questions(texts)


def test_the_same_claim_is_compared_once() -> None:
    embedder = CountingEmbedder()
    said = "Minister Andreas Pinkwart stood at the head [1]. "
    result = cite(said * 50, PASSAGES, language="en", embedder=embedder, settings=SETTINGS)
    assert (result.text, len(result.statements)) == ((said * 50).strip(), 50)
    assert embedder.compared == 1


def test_an_endless_answer_costs_no_more_than_a_very_long_one() -> None:
    embedder = CountingEmbedder()
    words = ("Andreas", "Pinkwart", "minister", "head")
    said = [" ".join(order) for count in (3, 4, 5) for order in itertools.product(words, repeat=count)]
    text = " ".join(f"Minister {claim} [1]." for claim in said)
    result = cite(text, PASSAGES, language="en", embedder=embedder, settings=SETTINGS)
    assert embedder.compared == 300
    assert [each.problem for each in result.statements[300:]] == [Problem.NOT_COVERED] * (len(said) - 300)


# -- Streams -----------------------------------------------------------------------------------------------------------

ALPHABET = [
    *"[]【】［］()19 0,-–٣१²①^†a.\n:",
    "NOT_IN_DOCUMENTS",
    "NOT\\_IN",
    "NOT",
    "[1]",
    "[9]",
    "2011",
    "word ",
    "です。",
]


def cuts(text: str, source: random.Random) -> list[str]:
    places = sorted(source.choices(range(len(text) + 1), k=source.randint(0, 12)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def test_cited_text_holds_no_mark_without_its_citation_whatever_was_written(bundled: StaticEmbedder) -> None:
    source = random.Random(8)  # noqa: S311 - the same texts in every run
    for _ in range(150):
        cited("Andreas Pinkwart " + "".join(source.choices(ALPHABET, k=source.randint(0, 30))), bundled)


@pytest.mark.parametrize(
    ("language", "statement"),
    [
        pytest.param("en", "The delegation was led by the economics minister Andreas Pinkwart.", id="en"),
        pytest.param("fi", "Valtuuskuntaa johti ministeri Andreas Pinkwart.", id="fi"),
        pytest.param("ru", "Делегацию возглавлял министр экономики Андреас Пинкварт.", id="ru"),
        pytest.param("ja", "代表団を率いたのはアンドレアス・ピンクヴァルト経済大臣でした。", id="ja"),
    ],
)
def test_a_statement_in_another_language_than_its_passage_keeps_its_footnote(
    language: str, statement: str, bundled: StaticEmbedder
) -> None:
    text = "Das Land schickte eine Delegation. An ihrer Spitze stand Wirtschaftsminister Andreas Pinkwart."
    passage = make_passage(text, language="de", start=0)
    cited = cite(f"{statement} [1]", [passage], language=language, embedder=bundled, settings=SETTINGS)
    assert [citation.quote for citation in cited.citations] == [
        "An ihrer Spitze stand Wirtschaftsminister Andreas Pinkwart."
    ]


# -- The writer --------------------------------------------------------------------------------------------------------

WRITTEN = [
    *ALPHABET,
    "`",
    "```",
    "\n",
    "\n- ",
    " 2. ",
    "https://a.example/?x",
    "Minister Andreas Pinkwart led it",
    "Die Delegation führte Minister Andreas Pinkwart. ",
    "1,000 electric cars in 2015",
    "Lahti ja Ishizaka: sopimus 17.2.2017",
    "工場は電気自動車を造った。",
    "المصنع في ٢٠١٥؟ ",
    "Завод построил машины. ",
    "โรงงานสร้างรถยนต์ ",
    "कारखाना २०१५ में। ",
    "[1][3]",
    " [2], ",
    "[1-3]",
    ". ",
]


def written(pieces: Iterable[str], bundled: StaticEmbedder) -> tuple[CitedText, list[str | Citation]]:
    writer = CitationWriter(PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    given = [given for piece in pieces for given in writer.read(piece)]
    given += writer.close()
    return writer.cited(), given


def test_what_the_writer_gives_back_does_not_depend_on_where_the_text_was_cut(bundled: StaticEmbedder) -> None:
    source = random.Random(9)  # noqa: S311 - the same texts in every run
    for _ in range(150):
        text = "".join(source.choices(WRITTEN, k=source.randint(0, 25)))
        whole, _ = written([text], bundled)
        for pieces in (list(text), cuts(text, source)):
            result, given = written(pieces, bundled)
            assert result == whole, text
            assert "".join(piece for piece in given if isinstance(piece, str)) == whole.text, text
            known = [piece for piece in given if isinstance(piece, Citation)]
            assert tuple(known) == whole.citations, text
            for citation in known:
                before = given[: given.index(citation)]
                assert (
                    f"[{citation.number}]"
                    not in [
                        str(part)
                        for piece in before
                        if isinstance(piece, str)
                        for part in re.findall(r"\[\d+\]", piece)
                    ]
                    or "`" in text
                    or "://" in text
                ), text


def test_statements_of_any_text_are_in_order_and_hold_their_own_marks(bundled: StaticEmbedder) -> None:
    source = random.Random(10)  # noqa: S311 - the same texts in every run
    for _ in range(200):
        result, _ = written(["".join(source.choices(WRITTEN, k=source.randint(0, 25)))], bundled)
        end = 0
        for statement in result.statements:
            assert end <= statement.start < statement.end <= len(result.text)
            end = statement.end
            words = result.text[statement.start : statement.end]
            assert words == words.strip()
            for number in statement.citations:
                assert f"[{number}]" in words


def test_text_goes_through_at_once_and_a_citation_comes_before_its_mark(bundled: StaticEmbedder) -> None:
    writer = CitationWriter(PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    assert writer.read("Minister And") == ["Minister And"]
    assert writer.read("reas Pinkwart led it ") == ["reas Pinkwart led it"]
    assert writer.read("[") == []
    assert writer.read("1") == []
    assert writer.read("]") == []
    citation, text = writer.read(". And")
    assert isinstance(citation, Citation)
    assert (citation.number, citation.quote) == (1, LEADER)
    assert text == " [1]. And"
    assert writer.read(" so on [9] ") == [" so on"]
    assert writer.read("\n\n") == []
    assert writer.read("Bye") == [" \n\nBye"]
    assert writer.close() == []


def test_a_line_that_begins_with_a_mark_waits_for_its_end(bundled: StaticEmbedder) -> None:
    writer = CitationWriter(PASSAGES, language="en", embedder=bundled, settings=SETTINGS)
    assert writer.read("- [1] Minister Andreas") == ["-"]
    assert writer.read(" Pinkwart led it.") == []
    citation, text = writer.read("\nBye")
    assert isinstance(citation, Citation)
    assert citation.quote == LEADER
    assert text == " [1] Minister Andreas Pinkwart led it.\nBye"


# -- Marks that stand together -----------------------------------------------------------------------------------------

BOTH = "Andreas Pinkwart was the minister when the plant built 1,000 electric cars in 2015"


@pytest.mark.parametrize("mark", ["[1][3]", "[1, 3]", "[3] [1]", "[1], [3]"])
def test_facts_of_a_claim_may_stand_in_different_passages_that_are_cited_together(
    mark: str, bundled: StaticEmbedder
) -> None:
    result = cited(f"{BOTH} {mark}.", bundled)
    assert sorted(quotes(result)) == sorted([LEADER, CARS])
    assert [statement.supported for statement in result.statements] == [True]


@pytest.mark.parametrize("mark", ["[1]", "[2]"])
def test_a_fact_that_stands_in_none_of_the_cited_passages_drops_the_mark(mark: str, bundled: StaticEmbedder) -> None:
    result = cited(f"{BOTH} {mark}.", bundled)
    assert result.text == f"{BOTH}."
    (statement,) = result.statements
    assert (statement.problem, "1,000" in statement.missing) == (Problem.FACT_MISSING, True)


def test_a_mark_is_dropped_if_another_passage_says_it_far_better(bundled: StaticEmbedder) -> None:
    passages = (
        make_passage("The delegation met in the old town hall of the city.", number=1, document="a"),
        make_passage("The delegation met the mayor and the council of the city.", number=2, document="b"),
    )
    statement = "The delegation met the mayor and the council of the city"
    assert cited(f"{statement} [1].", bundled, passages=passages).citations == ()
    assert cited(f"{statement} [1].", bundled, passages=passages[:1]).text == f"{statement} [1]."
    assert [citation.document for citation in cited(f"{statement} [2].", bundled, passages=passages).citations] == ["b"]


def test_two_passages_that_say_the_same_may_both_be_cited(bundled: StaticEmbedder) -> None:
    passages = (
        make_passage("Minister Andreas Pinkwart led the delegation.", number=1, document="a"),
        make_passage(
            "Die Delegation wurde von Minister Andreas Pinkwart geführt.", number=2, document="b", language="de"
        ),
    )
    for mark in ("[1]", "[2]"):
        result = cited(f"Minister Andreas Pinkwart led the delegation {mark}.", bundled, passages=passages)
        assert len(result.citations) == 1


def test_two_sentences_are_quoted_where_the_claim_is_of_both(bundled: StaticEmbedder) -> None:
    text = "The plant stands in Lahti since 1987. It built 1,000 cars in 2015. Bread is baked at night."
    result = cited("Since 1987 in Lahti, the plant built 1,000 cars [1].", bundled, passages=(make_passage(text),))
    assert quotes(result) == ["The plant stands in Lahti since 1987. It built 1,000 cars in 2015."]


# -- Statements --------------------------------------------------------------------------------------------------------


def judged(result: CitedText) -> list[tuple[str, Problem | None]]:
    return [(result.text[each.start : each.end], each.problem) for each in result.statements]


def test_each_sentence_is_a_statement_and_says_what_is_wrong_with_it(bundled: StaticEmbedder) -> None:
    result = cited(
        "Minister Andreas Pinkwart stood at the head [1]. The plant built 1,001 electric cars [3]. "
        "Bread is baked at night in the bakery around the corner [1]. The weather was fine. Lahti signed [9].",
        bundled,
    )
    assert judged(result) == [
        ("Minister Andreas Pinkwart stood at the head [1].", None),
        ("The plant built 1,001 electric cars.", Problem.FACT_MISSING),
        ("Bread is baked at night in the bakery around the corner.", Problem.NOT_COVERED),
        ("The weather was fine.", Problem.UNCITED),
        ("Lahti signed.", Problem.UNCITED),
    ]
    assert [statement.missing for statement in result.statements] == [(), ("1,001",), (), (), ()]
    assert [statement.citations for statement in result.statements] == [(1,), (), (), (), ()]
    assert [statement.supported for statement in result.statements] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("Minister Andreas Pinkwart led it. [1] Bye now.", ["Minister Andreas Pinkwart led it. [1]", "Bye now."]),
        ("- [1] Minister Andreas Pinkwart led it\n- Bye", ["- [1] Minister Andreas Pinkwart led it", "- Bye"]),
        ("Minister Andreas Pinkwart led it.\n[1]\n\nBye.", ["Minister Andreas Pinkwart led it.\n[1]", "Bye."]),
        ("These are:\n- Minister Andreas Pinkwart [1]", ["- Minister Andreas Pinkwart [1]"]),
        ("Who led it? Minister Andreas Pinkwart [1].", ["Minister Andreas Pinkwart [1]."]),
        ("2015. ---\n\nMinister Andreas Pinkwart [1].", ["Minister Andreas Pinkwart [1]."]),
        ("", []),
        ("[1]", []),
    ],
)
def test_a_statement_is_a_sentence_with_its_marks(text: str, statements: list[str], bundled: StaticEmbedder) -> None:
    assert [words for words, _ in judged(cited(text, bundled))] == statements


@pytest.mark.parametrize(
    ("behind", "problem"),
    [
        (" and the bakers of the old town danced in the streets", Problem.NOT_COVERED),
        (", the minister who stood at the head of the delegation", None),
        (" in the year", None),
        (" in the year 1999", Problem.FACT_MISSING),
        (" and Laschet", Problem.FACT_MISSING),
    ],
)
def test_what_stands_behind_the_last_mark_of_a_sentence_is_checked_too(
    behind: str, problem: Problem | None, bundled: StaticEmbedder
) -> None:
    passage = make_passage("Minister Andreas Pinkwart led the delegation.")
    result = cited(f"Minister Andreas Pinkwart led the delegation [1]{behind}.", bundled, passages=(passage,))
    assert [statement.problem for statement in result.statements] == [problem]


@pytest.mark.parametrize(
    ("language", "text", "right", "wrong"),
    [
        (
            "en",
            "The plant built 620 cars in 2015.",
            "The plant built 620 cars in 2015",
            "The plant built 621 cars in 2015",
        ),
        (
            "de",
            "Das Werk baute 2015 620 Autos.",
            "Im Jahr 2015 baute das Werk 620 Autos",
            "Das Werk baute 2016 620 Autos",
        ),
        ("fi", "Tehdas valmisti 620 autoa.", "Tehdas valmisti 620 autoa", "Tehdas valmisti 630 autoa"),
        ("ja", "工場は2015年に620台の車を造った。", "工場は620台の車を造った", "工場は720台の車を造った"),
        ("ar", "أنتج المصنع ٦٢٠ سيارة.", "أنتج المصنع 620 سيارة", "أنتج المصنع 630 سيارة"),
        ("hi", "कारखाने ने ६२० कारें बनाईं।", "कारखाने ने 620 कारें बनाईं", "कारखाने ने 720 कारें बनाईं"),
        ("th", "โรงงานผลิตรถยนต์ 620 คัน", "โรงงานผลิตรถยนต์ 620 คัน", "โรงงานผลิตรถยนต์ 720 คัน"),
        ("zh", "工厂生产了620辆汽车。", "工厂生产了620辆汽车", "工厂生产了720辆汽车"),
        ("ru", "Завод построил 620 машин.", "Завод построил 620 машин", "Завод построил 720 машин"),
        ("tr", "Fabrika 620 araba üretti.", "Fabrika 620 araba üretti", "Fabrika 720 araba üretti"),
    ],
)
def test_a_changed_number_is_caught_in_all_languages(
    language: str, text: str, right: str, wrong: str, bundled: StaticEmbedder
) -> None:
    passage = make_passage(text, language=language)
    for statement, supported in ((right, True), (wrong, False)):
        result = cite(f"{statement} [1]", [passage], language=language, embedder=bundled, settings=SETTINGS)
        assert [each.supported for each in result.statements] == [supported]
