"""The id of a document: any source there and back, in characters that no proxy touches."""

import re

import pytest

from ui.document_ids import document_id, source_of_id

SOURCES = [
    "seeds/fi/lahti.md",
    "home/uploads/Päijänne ja Vesijärvi.txt",
    "文書/日本語 の 資料.md",
    "وثائق/لاهتي.html",
    "https://example.org/a//b?q=1&w=ä#x",
    "/absolute/path/%2F.md",
    "a",
    "ab",
    "abc",
]


@pytest.mark.parametrize("source", SOURCES, ids=range(len(SOURCES)))
def test_a_source_survives_its_id(source: str) -> None:
    assert source_of_id(document_id(source)) == source
    assert re.fullmatch("[A-Za-z0-9_-]+", document_id(source))


def test_an_id_stays_what_it_is() -> None:
    assert document_id("seeds/fi/lahti.md") == "c2VlZHMvZmkvbGFodGkubWQ"
    assert document_id("日本語?>") == "5pel5pys6KqePz4"


@pytest.mark.parametrize(
    "given",
    ["seeds/fi/lahti.md", "c2VlZHMvZmkvbGFodGkubWQ=", "YR", "a", "_w", "ä", "5pel5pys6KqePz+", "YQ\n"],
    ids=["source", "padded", "other-bits", "too-short", "no-utf8", "no-ascii", "plain-base64", "line-end"],
)
def test_what_is_no_id_stands_for_nothing(given: str) -> None:
    assert source_of_id(given) is None
