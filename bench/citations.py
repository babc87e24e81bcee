"""Does a statement keep its footnote when its passage supports it, and lose it when another passage is named?

    python -m bench.citations FOLDER [--every N]

FOLDER holds parallel passages in BEIR layout, as for `bench.xquad`. Each statement is a sentence of a passage; cited is
its translation in another language, or the passage that stands next in the set, which is of the same article mostly.
"""

import argparse
import statistics
from pathlib import Path

from bench.xquad import PAIRS, Data
from index.embedding import StaticEmbedder
from index.sentences import sentence_spans
from rag.answers import Passage
from rag.citations import cite
from rag.kinship import kinship
from rag.settings import CitationSettings


def passage_of(text: str, language: str) -> Passage:
    """The passage that mark [1] names."""
    return Passage(1, "a.md", "", language, text, 0, len(text), 1.0, "a-1")


def main() -> None:
    """Print one line for each pair of languages: the statement's, then the passage's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=4, help="take every Nth passage")
    options = parser.parse_args()
    data = Data(options.folder, sorted({language for pair in PAIRS for language in pair.split("-")}))
    embedder, settings = StaticEmbedder(), CitationSettings()
    print(f"{'pair':<8}{'kinship':<16}{'n':>5}{'kept, right':>13}{'kept, wrong':>13}")
    for pair in PAIRS:
        said, cited = pair.split("-")
        numbers = sorted(data.passages[said])
        right: list[bool] = []
        wrong: list[bool] = []
        for at in range(0, len(numbers) - 1, options.every):
            text = data.passages[said][numbers[at]]
            start, end = sentence_spans(text, said)[0]
            claim = f"{text[start:end]} [1]"
            for kept, number in ((right, numbers[at]), (wrong, numbers[at + 1])):
                passages = [passage_of(data.passages[cited][number], cited)]
                kept.append(bool(cite(claim, passages, language=said, embedder=embedder, settings=settings).citations))
        print(
            f"{pair:<8}{kinship(said, cited):<16}{len(right):>5}"
            f"{statistics.mean(right):>13.2f}{statistics.mean(wrong):>13.2f}"
        )


if __name__ == "__main__":
    main()
