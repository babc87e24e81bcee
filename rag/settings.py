"""Settings of the reading path, with the reason beside each number."""

from dataclasses import dataclass, field

from rag.kinship import ByKinship


@dataclass(frozen=True, slots=True)
class ChatModelSettings:
    """Which chat model writes the answers, and how long to wait for it."""

    model: str
    """The name the server knows it by."""
    base_url: str = "https://api.openai.com/v1"
    """Where the OpenAI protocol is spoken; on most servers it ends in `/v1`."""
    api_key: str | None = field(default=None, repr=False)
    """`None` for servers without keys."""
    timeout: float = 120
    """Seconds of silence: a small model on a CPU may read the passages for a minute before its first token."""
    connect_timeout: float = 10
    """Seconds until a connection stands: a machine that is there answers in one, one that is not never does."""
    max_retries: int = 2
    """New tries after 408, 409, 429, 5xx, silence or a failed connection; none once the answer has begun."""
    temperature: float | None = 0
    """The same question gives the same answer. `None` sends none, for models that refuse any but their own."""
    max_tokens: int | None = None
    """Not limited: servers refuse a limit that does not fit into their context, and reasoning counts into it."""


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """Depths and weights of a search."""

    candidates: int = 60
    """Chunks taken from each searcher; more changed nothing on the development questions, and cost time."""
    passages: int = 6
    """Passages shown to the reader or the model."""
    neighbours: int = 2
    """Chunks added on either side, so that a passage reads as one."""
    lexical_weight_across: float = 0.3
    """Weight of lexical search when no document is in the question's language: names and numbers still match."""
    dense_share: float = 0.5
    """Weight of the cosine of the whole chunk beside its token coverage."""
    lexical_share: float = 0.2
    """Weight of BM25, as a share of the best one, beside its token coverage."""
    typical: ByKinship = field(default_factory=lambda: ByKinship(same_language=1.2, same_script=0.75, other_script=0.5))
    """Scores that right chunks reach. Without them a mixed collection hardly ever answers in another script than the
    question's; the figures are in `bench/RESULTS.md`, mixed collection."""


@dataclass(frozen=True, slots=True)
class QuotingSettings:
    """How an extractive answer is chosen. The figures behind the numbers: `bench/RESULTS.md`."""

    sentences: int = 3
    """A reader takes in three at a glance."""
    length: int = 500
    """Characters of an answer, in the measure of `index.lengths.text_weight`; only a single sentence may be longer."""
    share_of_best: float = 0.6
    """Further sentences score at least this share of the best one; weaker ones only repeat the topic."""
    typical: ByKinship = field(default_factory=lambda: ByKinship(same_language=1.5, same_script=1.0, other_script=0.75))
    """Scores that sentences which answer reach, before their passage's is added."""
    threshold: ByKinship = field(
        default_factory=lambda: ByKinship(same_language=1.1, same_script=1.05, other_script=1.0)
    )
    """Least score of the best sentence, by kinship; below it the documents do not answer."""
    threshold_size: int = 400
    """The number of chunks these thresholds are for."""
    threshold_growth: float = 0.1
    """How much they rise when e (2.7) times as many chunks are searched."""
    threshold_grows_to: int = 1000
    """From this number of chunks on they stay."""


@dataclass(frozen=True, slots=True)
class CitationSettings:
    """When a passage supports a statement."""

    support: ByKinship = field(default_factory=lambda: ByKinship(same_language=0.4, same_script=0.3, other_script=0.2))
    """Least support of a statement by one sentence of the passage, by kinship; see `bench/RESULTS.md`, citations."""


@dataclass(frozen=True, slots=True)
class AssistantSettings:
    """All settings of the read path."""

    longest_question: int = 4000
    """Characters: two pages. More is a pasted document, which belongs into the folder."""
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    quoting: QuotingSettings = field(default_factory=QuotingSettings)
    citation: CitationSettings = field(default_factory=CitationSettings)
