"""Questions that the empty page offers: about the starter articles if there is nothing else, or about all documents."""

import logging
import threading
from collections.abc import Sequence

from index.errors import FootnoteError
from rag.assistant import Assistant
from rag.examples import Example

log = logging.getLogger(__name__)

MOST_OFFERED = 5

# Most are asked in another language than their article's.
STARTERS = (
    Example("fi", "Mitkä saksalaiset yritykset osallistuivat symposiumiin?", "seeds/de/nrw-delegation-japan.md"),
    Example("ja", "石坂産業の「ラハティ・プロジェクト」とは何ですか？", "seeds/fi/lahti-saitama-yhteistyo.md"),
    Example("de", "Was besucht die Delegation in Fukushima?", "seeds/de/nrw-delegation-japan.md"),
    Example("en", "When did the Basel Convention enter into force?", "seeds/en/basel-convention.md"),
    Example("ar", "ما الذي وقعته NRW Invest و JETRO؟", "seeds/de/nrw-delegation-japan.md"),
)


class Examples:
    """What to offer readers of each language, found once for the documents there are."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._found: dict[str, tuple[object, tuple[Example, ...]]] = {}
        self._lock = threading.Lock()

    def __call__(self, language: str) -> Sequence[Example]:
        """Give at most `MOST_OFFERED` questions for a reader of `language`."""
        revision = self._assistant.revision
        with self._lock:  # of readers who come at once only one looks
            kept = self._found.get(language)
            if kept is None or kept[0] != revision:
                kept = self._found[language] = (revision, self._find(language))
        return kept[1]

    def _find(self, language: str) -> tuple[Example, ...]:
        indexed = {record.source for record in self._assistant.documents() if record.chunks}
        starters = tuple(starter for starter in STARTERS if starter.document in indexed)
        own = {source for source in indexed if not source.startswith("seeds/")}
        if starters and not own:
            return starters
        try:
            return self._assistant.examples(language=language, count=MOST_OFFERED)
        except FootnoteError as error:  # the page does without
            log.warning("No questions to begin with: %s", error)
            return starters
