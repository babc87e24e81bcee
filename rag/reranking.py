"""Models that read question and text together: any cross-encoder on this machine, or one behind a rerank endpoint.

The default needs none of them: `rag.late_interaction`.
"""

import logging
import math
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from index.embedding import hub_offline
from index.endpoint import Endpoint, EndpointError
from rag.errors import RerankingError

log = logging.getLogger(__name__)

# Pairs that a cross-encoder reads at once: what sentence-transformers takes if it is not told.
_MODEL_BATCH = 32

# Texts per request: a search has fewer. Cohere bills up to 100 as one, so small requests would cost more.
_ENDPOINT_BATCH = 100
# What text-embeddings-inference takes at once, unless it is told otherwise.
_TEI_BATCH = 32
# Seconds: somebody waits for the answer, and without these scores there is still an order.
_ENDPOINT_TIMEOUT = 10.0
# Seconds before the one new try after 429, 5xx or a broken connection.
_ENDPOINT_PAUSES = (0.5,)

# How far scores may be beyond the ends of their range by rounding.
_ROUNDING = 0.01


class Reranker(Protocol):
    """Says how well texts answer a question."""

    @property
    def name(self) -> str:
        """Which model, for messages."""
        ...

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return for each text how well it answers the question, from 0 (not at all) to 1 (fully).

        Raises:
            RerankingError: If the model gives no score for some text.
        """
        ...


def try_scores(reranker: Reranker | None, question: str, texts: Sequence[str]) -> list[float] | None:
    """Return a reranker's scores; `None` if there is none, or if it fails, which is logged: the question goes on."""
    if reranker is None:
        return None
    try:
        return reranker.scores(question, texts)
    except RerankingError as error:
        log.warning("Late interaction takes the reranker's place: %s", error)
        return None


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers, by hub name or path, that gives one score for a pair."""

    def __init__(self, model: str, *, allow_download: bool = False) -> None:
        """Load the model.

        Raises:
            RerankingError: If sentence-transformers is not installed, the model is not there, or it is of another kind.
        """
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise RerankingError(
                f"The reranker {model!r} needs sentence-transformers. Install it with: "
                "pip install sentence-transformers"
            ) from error
        from safetensors import SafetensorError

        try:
            with hub_offline(not allow_download):
                self._model: Any = CrossEncoder(model, local_files_only=not allow_download)
        except OSError as error:
            cure = (
                "check the name and the connection"
                if allow_download
                else "give the path of its folder, or set FOOTNOTE_ALLOW_DOWNLOAD=1 to fetch it"
            )
            raise RerankingError(
                f"The reranker {model!r} is not on this machine, or not all of it; {cure}. "
                "FOOTNOTE_RERANKER=late-interaction needs no model."
            ) from error
        except (ValueError, RuntimeError, ImportError, SafetensorError) as error:
            raise RerankingError(
                f"The reranker {model!r} cannot be loaded ({_one_line(error)}). "
                "Name a cross-encoder of sentence-transformers in FOOTNOTE_RERANKER."
            ) from error
        if self._model.num_labels != 1:
            raise RerankingError(
                f"The reranker {model!r} gives {self._model.num_labels} scores for a pair of texts, so it is no model "
                "for ranking. Name a cross-encoder with one score in FOOTNOTE_RERANKER."
            )
        self._name = f"cross-encoder:{model}"
        self._gives_logits = type(self._model.activation_fn).__name__ == "Identity"
        # A tokenizer is set up for each batch anew, so two threads may not use one at the same time.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """`cross-encoder:` and the model's name or path."""
        return self._name

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a probability for each text; the model cuts texts that are too long for it.

        Raises:
            RerankingError: If the model fails, or gives something else than numbers.
        """
        if not texts:
            return []
        pairs = [(question, text) for text in texts]
        try:
            with self._lock:
                given = self._model.predict(pairs, batch_size=_MODEL_BATCH, show_progress_bar=False)
        except (RuntimeError, ValueError, IndexError) as error:  # of memory, too
            raise RerankingError(
                f"The reranker {self._name!r} failed ({_one_line(error)}). Try another one in FOOTNOTE_RERANKER."
            ) from error
        scores = [float(score) for score in given]
        if not all(map(math.isfinite, scores)):
            raise RerankingError(
                f"The reranker {self._name!r} gave scores that are no numbers. Try another one in FOOTNOTE_RERANKER."
            )
        return _probabilities(scores, logits=self._gives_logits or _are_logits(scores))


class EndpointReranker:
    """Any `/rerank` endpoint: Jina, Cohere, vLLM, Infinity, llama.cpp, text-embeddings-inference.

    All but the last take `documents` and answer with `{"results": [{"index", "relevance_score"}]}`;
    text-embeddings-inference takes `texts` and answers with `[{"index", "score"}]`. Either answer is understood, and a
    server that misses `texts` is asked in its own way from then on.
    """

    def __init__(self, model: str, *, url: str, api_key: str | None = None, timeout: float = _ENDPOINT_TIMEOUT) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            model: What the endpoint calls its model.
            url: The address up to `/rerank`, with it or without.
            api_key: Sent to this address only.
            timeout: Seconds of silence until a request is given up.

        Raises:
            RerankingError: If the address or the key cannot work.
        """
        self._model = model
        address = url.strip().rstrip("/")
        if not address.endswith(("/rerank", "/reranking")):
            address += "/rerank"
        try:
            self._endpoint = Endpoint(address, api_key=api_key, timeout=timeout, pauses=_ENDPOINT_PAUSES)
        except EndpointError as error:
            raise RerankingError(
                f"The rerank endpoint cannot be used: {error}. Check FOOTNOTE_RERANKER_URL and FOOTNOTE_RERANKER_KEY."
            ) from error
        self._takes_texts = False
        self._gives_logits = False

    @property
    def name(self) -> str:
        """`endpoint:` and the model's name."""
        return f"endpoint:{self._model}"

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return the endpoint's scores, brought to 0 to 1 where they are not.

        Scores from -1 to 1 stay as they are, but none is below 0. If some are beyond that, they are logits, as
        llama.cpp gives them, and so are all later ones: each becomes its sigmoid, since cutting them off would lose
        their order.

        Raises:
            RerankingError: If the endpoint does not answer, refuses, or does not give one score for each text.
        """
        if not texts:
            return []
        try:
            scores = self._asked(question, texts)
        except EndpointError as error:
            raise RerankingError(
                f"The rerank endpoint {self._endpoint.address} did not rerank with model {self._model!r} ({error}). "
                "Check FOOTNOTE_RERANKER, FOOTNOTE_RERANKER_URL and FOOTNOTE_RERANKER_KEY."
            ) from error
        self._gives_logits = self._gives_logits or _are_logits(scores)
        return _probabilities(scores, logits=self._gives_logits)

    def _asked(self, question: str, texts: Sequence[str]) -> list[float]:
        if not self._takes_texts:
            try:
                return self._batched(question, texts, size=_ENDPOINT_BATCH, tei=False)
            except EndpointError as error:
                if error.status not in {400, 422} or "texts" not in str(error):
                    raise
        scores = self._batched(question, texts, size=_TEI_BATCH, tei=True)
        self._takes_texts = True
        return scores

    def _batched(self, question: str, texts: Sequence[str], *, size: int, tei: bool) -> list[float]:
        scores: list[float] = []
        for at in range(0, len(texts), size):
            batch = [text or " " for text in texts[at : at + size]]  # some servers refuse an empty text
            payload: dict[str, object] = (
                {"query": question, "texts": batch, "truncate": True}
                if tei
                else {"model": self._model, "query": question, "documents": batch, "top_n": len(batch)}
            )
            scores += _read_scores(self._endpoint.post(payload), texts=len(batch))
        return scores


def _read_scores(answer: Any, *, texts: int) -> list[float]:
    """The scores of an answer in the order of the texts, which is not the order of its rows."""
    rows: Any = answer.get("results") if isinstance(answer, dict) else answer
    try:
        pairs = [(row["index"], float(row["relevance_score" if "relevance_score" in row else "score"])) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise EndpointError("its answer holds no scores, it may be another kind of server") from error
    by_index = {index: score for index, score in pairs if isinstance(index, int) and math.isfinite(score)}
    if len(pairs) != texts or set(by_index) != set(range(texts)):
        raise EndpointError(f"it gave {len(pairs)} scores, {len(by_index)} of them usable, for {texts} texts")
    return [by_index[at] for at in range(texts)]


def _one_line(error: Exception) -> str:
    """What an error of a library says, without the pages that some add."""
    return " ".join(str(error).split())[:200]


def _are_logits(scores: Sequence[float]) -> bool:
    return min(scores) < -1 - _ROUNDING or max(scores) > 1 + _ROUNDING


def _probabilities(scores: Sequence[float], *, logits: bool) -> list[float]:
    return [_sigmoid(score) if logits else min(max(score, 0.0), 1.0) for score in scores]


def _sigmoid(logit: float) -> float:
    # Written so that no power grows beyond what a float holds.
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
