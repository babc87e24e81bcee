"""The shapes of what the API is asked and what it answers, with examples; answers are made in `ui.schemas`."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from index.filters import DocumentFilter
from rag.answers import Turn
from rag.settings import AssistantSettings
from ui.feedback import LONGEST_COMMENT

LONGEST_QUESTION = AssistantSettings().longest_question
MOST_TURNS = 100
"""Turns of a conversation that are taken along; an answer looks back at a few."""
MOST_VALUES = 1000
"""Of one condition of a filter."""

# Far more than any shape here has.
_MOST_FIELDS = 50
_LONGEST_TEXT = 100_000
_LONGEST_NAME = 4000

Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
Names = Annotated[list[Name], Field(max_length=MOST_VALUES)]


class Asked(BaseModel):
    """What is sent to us. A field that is misspelt must not be taken for one that is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_size(cls, value: object) -> object:
        # With an error for each unknown field, a request of 1 MiB would keep everybody waiting.
        if isinstance(value, dict) and len(value) > _MOST_FIELDS:
            raise PydanticCustomError("too_many_fields", "It has more than {most} fields", {"most": _MOST_FIELDS})
        return value


class _Answered(BaseModel):
    """What we send; fields may be added."""


class FilterBody(Asked):
    """Which documents count: those that meet every condition that is set; within one, any of its values."""

    languages: Names = Field(default=[], description="ISO 639 codes.", examples=[["fi", "zh-Hant"]])
    documents: Names = Field(default=[], description="Sources, whole.", examples=[["articles/finland.md"]])
    folders: Names = Field(
        default=[], description="Beginnings of sources, in whole names; or sites.", examples=[["articles"]]
    )
    tags: Names = Field(default=[], description="Of the front matter.", examples=[["history"]])
    types: Names = Field(default=[], description="`markdown`, `text` or `html`.", examples=[["markdown"]])
    since: str | None = Field(
        default=None, max_length=40, description="The first day, month or year.", examples=["2018-05"]
    )
    until: str | None = Field(
        default=None, max_length=40, description="The last day, month or year.", examples=["2024"]
    )

    def to_filter(self) -> DocumentFilter:
        """Make the filter.

        Raises:
            FilterError: If it names something that no document can be.
        """
        return DocumentFilter(
            languages=frozenset(self.languages),
            documents=frozenset(self.documents),
            folders=frozenset(self.folders),
            tags=frozenset(self.tags),
            types=frozenset(self.types),
            since=self.since,
            until=self.until,
        )


class TurnBody(Asked):
    """An earlier question of the conversation, and its answer."""

    question: str = Field(max_length=_LONGEST_TEXT, examples=["What is the capital of Finland?"])
    answer: str = Field(max_length=_LONGEST_TEXT, examples=["Helsinki is the capital of Finland. [1]"])


class AskBody(Asked):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Wann wurde Helsinki gegründet?", "filter": {"languages": ["fi", "en"]}},
                {
                    "question": "And how many people live there?",
                    "history": [{"question": "What is the capital of Finland?", "answer": "Helsinki. [1]"}],
                },
            ]
        }
    )

    question: str = Field(
        min_length=1,
        max_length=LONGEST_QUESTION,
        description="In any language; the answer is in the same.",
        examples=["ヘルシンキはいつ創設されましたか？"],
    )
    history: list[TurnBody] = Field(default=[], max_length=MOST_TURNS, description="Earlier turns, oldest first.")
    filter: FilterBody = Field(default=FilterBody(), description="Which documents to answer from.")
    interface: str | None = Field(
        default=None,
        max_length=35,
        description="The reader's language, for questions whose own cannot be told; else that of `Accept-Language`.",
        examples=["fi"],
    )
    explain: StrictBool = Field(default=False, description="Whether to say what was found and what became of it.")
    stream: StrictBool | None = Field(
        default=None, description="Whether to send events; if omitted, the header `Accept` decides."
    )

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The history as the assistant takes it."""
        return tuple(Turn(turn.question, turn.answer) for turn in self.history)


class SearchBody(Asked):
    """What to search for."""

    query: str = Field(
        min_length=1,
        max_length=LONGEST_QUESTION,
        description="A question or some words.",
        examples=["Helsinki founded"],
    )
    top_k: StrictInt = Field(default=10, ge=1, le=100, description="How many results at most.")
    filter: FilterBody = Field(default=FilterBody(), description="Which documents to search.")


class FeedbackBody(Asked):
    """What somebody thinks of an answer. Sent again under the same id, it replaces what was sent before."""

    id: UUID = Field(
        validation_alias=AliasChoices("id", "answer_id"),
        description="The answer's `id`.",
        examples=["6f1c7d1e-3b1a-4a53-9a0e-0d6a5f2f9b11"],
    )
    rating: Literal["good", "bad"] = Field(examples=["good"])
    comment: str = Field(default="", max_length=LONGEST_COMMENT, examples=["The date is of the second founding."])
    answer: dict[str, Any] = Field(
        description="The answer as it was given (`AnswerBody`); what is shown of it is kept with the rating."
    )


class SpanBody(_Answered):
    """Characters of a text, in Unicode code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class CitationBody(_Answered):
    """A footnote: `start` and `end` are where the quote stands in the document's text."""

    number: int = Field(ge=1)
    document: str
    title: str
    language: str
    quote: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    chunk: str
    url: str = Field(description="A link that opens the document at the quote.")


class PassageBody(_Answered):
    """A stretch of a document that the answer was drawn from."""

    number: int = Field(ge=1)
    document: str
    title: str
    language: str
    heading: str
    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    score: float


class StatementBody(SpanBody):
    """A sentence of the answer, and whether the documents support it."""

    supported: bool
    citations: list[int]
    problem: str | None
    missing: list[str]


class AnswerBody(_Answered):
    """An answer whose footnotes `[n]` are checked."""

    id: UUID = Field(description="Under which feedback can be given.")
    question: str
    language: str
    answer: str = Field(description="Plain text; `[n]` is the citation with that number.")
    answered: bool = Field(description="False if the documents do not say it.")
    citations: list[CitationBody]
    passages: list[PassageBody] = Field(description="What is nearest to the question, best first.")
    model: str | None = Field(description="The chat model; null for verbatim quotes.")
    notice: str
    timings: dict[str, float] = Field(description="Seconds per step.")
    statements: list[StatementBody]
    emphasis: list[SpanBody]
    confidence: float | None
    answer_language: str | None
    standalone_question: str
    explanation: dict[str, Any] | None = Field(default=None, description="Only if it was asked for.")


class VersionBody(_Answered):
    """Another document that says the same."""

    document: str
    title: str
    language: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class ResultBody(_Answered):
    """A stretch of a document that suits the query."""

    document: str
    title: str
    language: str
    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    score: float
    searchers: list[str]
    versions: list[VersionBody]
    url: str = Field(description="A link that opens the document there.")


class ResultsBody(_Answered):
    """What was found, best first."""

    query: str
    results: list[ResultBody]


class LiveBody(_Answered):
    """The server answers."""

    status: Literal["ok"]
    live: Literal[True]


class HealthBody(_Answered):
    """How the server is."""

    status: Literal["ok", "unavailable"]
    live: Literal[True]
    ready: bool = Field(description="Whether questions can be answered.")
    documents: int = Field(ge=0, description="How many documents are searched.")
    checks: dict[str, str] = Field(
        description="`ok` or `failed` for each part; `scanned` for Chroma where it is not needed or not open.",
        examples=[{"index": "ok", "model": "ok", "chroma": "scanned"}],
    )


class ProblemBody(_Answered):
    """An error (RFC 9457)."""

    type: str = Field(
        description="What kind of problem it is; the same for all of the kind.", examples=["/problems/invalid"]
    )
    title: str = Field(description="The kind in words, in the language of `Accept-Language`.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What exactly happened, or what to do about it.")
    instance: str = Field(description="The path that was asked.")
    request_id: str | None = Field(default=None, description="The header `X-Request-ID` of the response.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="What is wrong with the request: `in`, `pointer` and `detail` of each."
    )
