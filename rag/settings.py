"""Settings of the reading path, with the reason beside each number."""

from dataclasses import dataclass, field

from rag.kinship import ByKinship

# Ollama's default where the graphics card has less than 24 GiB; what is more it cuts off without a word. The rules take
# 500 of it, six passages of XQuAD 1,600 to 2,500 in English, German and Chinese; Hindi and Greek need 7,000 in all.
CONTEXT_TOKENS = 4096


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
    context_tokens: int | None = None
    """Prompt and answer together. `None`: 16,384 for OpenAI and Azure, 4,096 for any other server."""


@dataclass(frozen=True, slots=True)
class FoldingSettings:
    """When results say the same, and how many of them one document may have. The figures: `bench/folding.py`.

    Nearness is the cosine of two chunks' vectors by the bundled model, less `margin` times that of the second nearest,
    plus `shared_number` for each number both have, up to three. Chosen on XQuAD (12 languages in one index), so that
    less than one fold in a hundred is wrong.
    """

    margin: float = 0.3
    """A pair counts for less, the nearer others are. A logistic regression gave 0.23 to 0.32."""
    shared_number: float = 0.04
    """Numbers are what translations share to the letter. The same regression gave 0.03 to 0.045."""
    nearness: float = 0.48
    """Least for translations into a language of the same script: 0.6 % of the folds are wrong, 78 % of those that would
    be right are found. With 0.45 it is 1.1 %."""
    nearness_other_script: float = 0.55
    """The same for other scripts, where wrong ones are as near, and right ones less: 0.6 % are wrong, 41 % found. With
    0.53 it is 0.8 % and 47 %."""
    least_share: float = 0.6
    """How much of a translation the other one has to be as long as: chunks need not begin at the same sentence."""
    least_contained: float = 0.5
    """A text whose words all stand in a better one is folded into it if it is at least this share of it; a shorter one,
    such as a title, is a find of its own."""
    per_document: int = 3
    """Results of one document before those of others, if the question is a broad one. The best result of a document
    never moves, so documents keep their order, and with it nDCG and recall."""
    broad: int = 3
    """From this number of documents on with results nearly as good as the best, it is."""
    nearly_as_good: float = 0.7
    """Share of the best score from which a result is nearly as good. With it none of nine questions about one fact in
    the starter articles is broad, and seven of eleven about a topic; with 0.8 none and four."""
    overtaking: float = 0.5
    """Share of the best score from which results of other documents come before the fourth of one."""
    merged: int = 3
    """Chunks of one document that are merged at most: nine sentences are read at a glance, more are a page."""


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """Depths and weights of a search."""

    reranks: bool = True
    """Whether the candidates are put into a better order than the one of the fusion."""
    candidates: int = 60
    """Chunks taken from each searcher, and of both together looked at more closely."""
    judged: int = 20
    """Of these, chunks that a reranking model reads: a small one takes about 0.1 seconds for each on one core."""
    passages: int = 6
    """Passages shown to the reader or the model."""
    neighbours: int = 2
    """Chunks added on either side, so that a passage reads as one."""
    lexical_weight: float = 1.25
    """What lexical search counts in the fusion: 1 to 2 are alike, less is worse within a language."""
    dense_share: float = 0.3
    """Weight of the cosine of the whole chunk beside its token coverage."""
    lexical_share: float = 0.5
    """Weight of the lexical score beside its token coverage."""
    slope: ByKinship = field(default_factory=lambda: ByKinship(same_language=5.9, same_script=6.6, other_script=7.6))
    """How fast the odds that a chunk is right rise with its score; see `rag.confidence`."""
    intercept: ByKinship = field(
        default_factory=lambda: ByKinship(same_language=-4.5, same_script=-2.8, other_script=-2.6)
    )
    """The log odds at a score of 0."""
    own_language: float = 1.0
    """What it is worth, in log odds, that a text is in the asker's own language: of two that hold the answer it is read
    first. The figures for 0 to 3 are in `bench/RESULTS.md`, mixed collection."""
    folded: int = 30
    """The best chunks, among which versions and neighbours are looked for: three pages of results."""
    folding: FoldingSettings = field(default_factory=FoldingSettings)
    """What becomes one result."""


@dataclass(frozen=True, slots=True)
class QuoteWeights:
    """What each measure of `rag.quote_scores.Reading` adds to the log odds of a sentence against the others.

    Fitted by `bench.calibration`, as a choice among all sentences of the passages.
    """

    distinctive: ByKinship = field(default_factory=lambda: ByKinship(8.1, 18.4, 19.7))
    nearby: ByKinship = field(default_factory=lambda: ByKinship(8.5, 12.3, 13.7))
    passage_odds: ByKinship = field(default_factory=lambda: ByKinship(1.8, 1.0, 2.2))
    offers: ByKinship = field(default_factory=lambda: ByKinship(1.6, 1.9, 1.3))
    kinship: ByKinship = field(default_factory=lambda: ByKinship(0.0, 0.9, 1.3))
    """Added whatever the sentence, so that sentences in several languages can be compared."""
    asks: float = -2.0
    """Not fitted, as XQuAD's passages hardly ask: a sentence that repeats the question is most like it and answers
    nothing."""


@dataclass(frozen=True, slots=True)
class AnswerWeights:
    """What each measure adds to the log odds that the quotes answer; see `rag.abstention`.

    Fitted by `bench.calibration`, half of the questions being asked without the passage that answers them.
    """

    passage_odds: ByKinship = field(default_factory=lambda: ByKinship(1.11, 1.10, 2.10))
    others_odds: ByKinship = field(default_factory=lambda: ByKinship(-0.94, -0.91, -1.13))
    """Mean of the other passages: one that stands out answers, several that are alike are about the topic."""
    nearby: ByKinship = field(default_factory=lambda: ByKinship(8.6, 19.3, 23.8))
    covered: ByKinship = field(default_factory=lambda: ByKinship(-2.5, -13.3, -24.4))
    anywhere: ByKinship = field(default_factory=lambda: ByKinship(4.7, -1.2, -2.2))
    intercept: ByKinship = field(default_factory=lambda: ByKinship(-10.0, -5.6, -4.6))


@dataclass(frozen=True, slots=True)
class QuotingSettings:
    """How an extractive answer is chosen. The figures behind the numbers: `bench/RESULTS.md`."""

    quotes: int = 3
    """A reader takes in three at a glance. Neighbours are one quote, however many sentences they are."""
    length: int = 500
    """Characters of an answer, in the measure of `index.lengths.text_weight`; only a single sentence may be longer."""
    least_gain: float = 0.006
    """How likely a further sentence has to answer for each 100 of its characters: next to a sure one none is."""
    least_share: float = 0.02
    """How likely one that stands elsewhere has to be, as a share of the best: it is a quote of its own, to be read
    apart. With it a twentieth of the quotes go, and no answer of a sample of XQuAD. With 0.15 a sixth go, and 0.005 of
    the answers across languages."""
    weights: QuoteWeights = field(default_factory=QuoteWeights)
    """Which sentence is best."""
    answer_weights: AnswerWeights = field(default_factory=AnswerWeights)
    """Whether the best ones answer."""
    threshold: ByKinship = field(default_factory=lambda: ByKinship(0.25, 0.25, 0.25))
    """Least probability that the quotes answer; below it the answer is that the documents do not."""


@dataclass(frozen=True, slots=True)
class CitationSettings:
    """When a passage supports a statement; chosen with `bench/citations.py` on the articles with odd numbers.

    Support is what the best sentence, or two, cover of the statement, plus 0.3 of their cosine: up to 1.3.
    """

    least: ByKinship = field(default_factory=lambda: ByKinship(same_language=0.35, same_script=0.16, other_script=0.12))
    """With less a passage does not say it, whatever else was found. With these numbers 0 to 4 % of the sentences they
    were chosen on were refused, by kinship, and 2 to 8 % of the paraphrases, some for a fact that is not there."""
    typical: ByKinship = field(default_factory=lambda: ByKinship(same_language=1.0, same_script=0.6, other_script=0.45))
    """What about the best quarter of true statements reach. A passage that supports one nearly so well may be cited
    even if others do so better."""
    share_of_best: float = 0.9
    """Below `typical`, a cited passage supports the statement at least this well, as a share of the passage that
    supports it best: else the mark was meant for that one."""


@dataclass(frozen=True, slots=True)
class SuggestionSettings:
    """Which questions are suggested, and how much is tried for them: they are found after each answer."""

    least_confidence: float = 0.5
    """How sure quotes must be to answer one. A question that is typed is answered from half of that on, but nobody has
    to be led to a doubtful answer."""
    tries: int = 5
    """Questions that are tried at most: each costs what a question without a chat model does, about 17 ms."""
    near: float = 0.7
    """How sure a passage must be for questions about a document that the answer does not cite."""
    documents: int = 3
    """Documents that questions are looked for in."""
    examined: int = 3
    """Documents of a language that are looked at for one example question, before that language is left out."""
    languages: int = 10
    """Languages that are looked at for example questions."""
    passages: int = 4
    """Passages from which a chat model writes questions."""
    passage_length: float = 600
    """Of each, in the measure of `text_weight`: with the rules less than half of `CONTEXT_TOKENS`."""
    longest: float = 160
    """Of a question that a chat model writes, in the same measure; it has to fit on a button."""


@dataclass(frozen=True, slots=True)
class AssistantSettings:
    """All settings of the read path."""

    longest_question: int = 4000
    """Characters: two pages. More is a pasted document, which belongs into the folder."""
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    quoting: QuotingSettings = field(default_factory=QuotingSettings)
    citation: CitationSettings = field(default_factory=CitationSettings)
    suggestions: SuggestionSettings = field(default_factory=SuggestionSettings)
