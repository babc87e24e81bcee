"""How near two languages are to each other for our scores, which are higher the nearer they are.

Words of one language meet as they are written; words of one script often do (names, borrowed words); across scripts
only what the model has learnt brings texts together. So the right passage in another script scores less than a wrong
one in the question's own language, and a mixed collection would never answer from it. What a score means is therefore
told for each kinship (`rag.confidence`), and each threshold has a value for each.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from index.language import same_language
from index.scripts import scripts_of


class Kinship(StrEnum):
    """How near the language of a text is to that of the question."""

    SAME_LANGUAGE = "same_language"
    SAME_SCRIPT = "same_script"
    OTHER_SCRIPT = "other_script"


@dataclass(frozen=True, slots=True)
class ByKinship:
    """A score for each kinship: what the right text typically reaches, or the least that is enough."""

    same_language: float
    same_script: float
    other_script: float

    def of(self, one: str, other: str) -> float:
        """Return the one for two language codes."""
        value: float = getattr(self, kinship(one, other).value)
        return value


@lru_cache(maxsize=4096)
def kinship(one: str, other: str) -> Kinship:
    """Return how near two languages are, given as ISO 639-1 codes."""
    if same_language(one, other):
        return Kinship.SAME_LANGUAGE
    if scripts_of(one) & scripts_of(other):
        return Kinship.SAME_SCRIPT
    return Kinship.OTHER_SCRIPT
