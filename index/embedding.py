"""Text to vectors: the bundled static model, any sentence-transformers model, any OpenAI-compatible endpoint."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.endpoint import Endpoint, EndpointError
from index.errors import EmbeddingError
from index.subwords import Subwords

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions), each row of length 1; a text without a known token is a row of zeros."""

BUNDLED_MODEL = "footnote-static-v1"
BUNDLED_MODEL_FOLDER = Path(__file__).resolve().parent / "models" / BUNDLED_MODEL

# Prompts that published models need but do not carry in their configuration (model cards of the E5 family;
# Wang et al. 2024, arXiv 2402.05672). Without them their cross-language retrieval breaks.
_PROMPTS_BY_NAME = {"multilingual-e5-": ("query: ", "passage: ")}

# Texts a static model embeds at once: their subwords' vectors are in memory together, about 1 KB each.
_STATIC_BATCH = 1024

# Texts per request: accepted by the common servers (Ollama, vLLM, llama.cpp, OpenAI takes 2,048).
_ENDPOINT_BATCH = 64
# Seconds before each new try after 429, 5xx or a broken connection.
_ENDPOINT_PAUSES = (0.5, 2.0)


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity."""

    @property
    def name(self) -> str:
        """What the catalog records: indexes made under different names do not mix."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed texts to be found."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed texts to search with."""
        ...


def read_table(folder: Path) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Read the subword vectors of a sentence-transformers `StaticEmbedding` folder.

    Returns:
        Rows, shape (subwords, dimensions), in floating point or, as model2vec stores them, in 8 bits; and the factor
        that each row is to be multiplied by, shape (subwords,).

    Raises:
        EmbeddingError: If there is no such table.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(folder / "model.safetensors")
        if "embedding.weight" in tensors:
            rows = tensors["embedding.weight"]
            return rows, np.ones(len(rows), np.float32)
        return tensors["embeddings"], tensors["weights"].astype(np.float32)
    except (OSError, SafetensorError, KeyError) as error:
        raise EmbeddingError(f"The static embedding model in '{folder}' cannot be read: {error}") from error


class StaticEmbedder:
    """A sentence-transformers `StaticEmbedding` folder, run by sentencepiece and numpy: no torch.

    A text's vector is the mean of its subwords' vectors, brought to length 1, as
    `SentenceTransformer(folder).float().encode` gives it. The norm of a subword's vector is its weight in that mean.
    """

    def __init__(self, folder: Path = BUNDLED_MODEL_FOLDER) -> None:
        self._table, self._factors = read_table(folder)
        try:
            self._subwords = Subwords(folder / "tokenizer.json")
        except (OSError, ValueError) as error:
            raise EmbeddingError(f"The tokenizer in '{folder}' cannot be read: {error}") from error
        self._name = folder.name

    @property
    def name(self) -> str:
        """Name of the model's folder, which carries its version."""
        return self._name

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; a static model treats questions and passages alike."""
        batches = [self._embedded(texts[at : at + _STATIC_BATCH]) for at in range(0, len(texts), _STATIC_BATCH)]
        return np.concatenate(batches) if batches else np.zeros((0, self._table.shape[1]), np.float32)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; a static model treats questions and passages alike."""
        return self.embed_passages(texts)

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
        """Return the ids of each text's subwords in order, as they index the model's table."""
        return [np.array(ids, np.uint32) for ids in self._subwords.ids(texts)]

    def token_rows(self, ids: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Return the vectors of subwords, each as long as the subword's weight, shape (subwords, dimensions)."""
        return self._rows(ids)

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        token_ids = self._subwords.ids(texts)
        lengths = np.array([len(ids) for ids in token_ids])
        sums = np.zeros((len(texts), self._table.shape[1]), np.float32)
        filled = lengths > 0
        if filled.any():
            rows = self._rows(np.concatenate([ids for ids in token_ids if ids]))
            starts = np.concatenate(([0], np.cumsum(lengths[filled])[:-1]))
            sums[filled] = np.add.reduceat(rows, starts)
        return _normalised(sums)

    def _rows(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        rows: NDArray[np.float32] = self._table[ids] * self._factors[ids][:, None]
        return rows


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by hub name or path, with the prompts it defines for queries and passages."""

    def __init__(self, model: str, *, allow_download: bool = False) -> None:
        """Load the model.

        Raises:
            EmbeddingError: If sentence-transformers is not installed or the model is not there.
        """
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EmbeddingError(
                f"The embedding model {model!r} needs sentence-transformers. "
                "Install it with: pip install sentence-transformers"
            ) from error
        try:
            with hub_offline(not allow_download):
                self._model: Any = SentenceTransformer(model, local_files_only=not allow_download)
        except (OSError, ValueError) as error:
            cure = (
                "check the name and the connection"
                if allow_download
                else "give the path of its folder, or set FOOTNOTE_ALLOW_DOWNLOAD=1 to fetch it"
            )
            raise EmbeddingError(f"The embedding model {model!r} is not on this machine; {cure}.") from error
        self._name = f"sentence-transformers:{model}"
        self._question_prompt, self._passage_prompt = self._prompts_for(model)

    def _prompts_for(self, model: str) -> tuple[str | None, str | None]:
        if not any(self._model.prompts.values()):
            for part, prompts in _PROMPTS_BY_NAME.items():
                if part in model.lower():
                    return prompts
        return None, None  # encode_query and encode_document use the model's own

    @property
    def name(self) -> str:
        """`sentence-transformers:` and the model's name or path."""
        return self._name

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed texts with the model's passage prompt, if it has one."""
        return self._embedded(self._model.encode_document, texts, self._passage_prompt)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed texts with the model's query prompt, if it has one."""
        return self._embedded(self._model.encode_query, texts, self._question_prompt)

    def _embedded(self, encode: Any, texts: Sequence[str], prompt: str | None) -> Vectors:
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension()), np.float32)
        vectors = encode(list(texts), prompt=prompt, convert_to_numpy=True, show_progress_bar=False)
        vectors = np.array(vectors, np.float32)
        # A model in half precision divides the zeros of a text without tokens by zero.
        vectors[~np.isfinite(vectors).all(axis=1)] = 0
        return _normalised(vectors)


class EndpointEmbedder:
    """Any OpenAI-compatible `/embeddings` endpoint: OpenAI, Ollama, vLLM, llama.cpp, text-embeddings-inference."""

    def __init__(self, model: str, *, base_url: str, api_key: str | None = None, timeout: float = 60) -> None:
        """Prepare a client; nothing is sent yet. `timeout` is in seconds for one request.

        Raises:
            EmbeddingError: If the address or the key cannot work.
        """
        self._model = model
        try:
            self._endpoint = Endpoint(
                f"{base_url.strip().rstrip('/')}/embeddings", api_key=api_key, timeout=timeout, pauses=_ENDPOINT_PAUSES
            )
        except EndpointError as error:
            raise EmbeddingError(
                f"The embeddings endpoint cannot be used: {error}. "
                "Check FOOTNOTE_EMBEDDING_URL and FOOTNOTE_EMBEDDING_KEY."
            ) from error
        self._address = self._endpoint.address

    @property
    def name(self) -> str:
        """`endpoint:` and the model's name; the address may change, the vectors do not."""
        return f"endpoint:{self._model}"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, `_ENDPOINT_BATCH` a request.

        Raises:
            EmbeddingError: If the endpoint does not answer, refuses, or answers with something else than vectors.
        """
        batches = [self._request(texts[at : at + _ENDPOINT_BATCH]) for at in range(0, len(texts), _ENDPOINT_BATCH)]
        if len({batch.shape[1] for batch in batches}) > 1:
            raise EmbeddingError(f"{self._address} gave vectors of different lengths for one model, {self._model!r}.")
        return _normalised(np.concatenate(batches)) if batches else np.zeros((0, 0), np.float32)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; the protocol knows no difference between questions and passages."""
        return self.embed_passages(texts)

    def _request(self, texts: Sequence[str]) -> Vectors:
        # An empty input is an error on OpenAI's own endpoint.
        payload: dict[str, object] = {
            "model": self._model,
            "input": [text or " " for text in texts],
            "encoding_format": "float",
        }
        body = self._post(payload)
        try:
            rows = sorted(body["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise EmbeddingError(
                f"{self._address} did not answer with embeddings; is it an OpenAI-compatible server?"
            ) from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbeddingError(f"{self._address} gave {len(vectors)} usable vectors for {len(texts)} texts.")
        return vectors

    def _post(self, payload: dict[str, object]) -> Any:
        try:
            return self._endpoint.post(payload)
        except EndpointError as error:
            raise EmbeddingError(
                f"The embeddings endpoint {self._address} did not embed with model {self._model!r} ({error}). "
                "Check FOOTNOTE_EMBEDDING_MODEL, FOOTNOTE_EMBEDDING_URL and the key."
            ) from error


@contextmanager
def hub_offline(offline: bool) -> Iterator[None]:
    """Keep huggingface_hub off the network: `local_files_only` alone lets it ask for things that are no model files.

    What sentence-transformers logs about a model's revision is left out, as it pins none here: where a model is not on
    this machine, it would stand beside the error that says so.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or offline
    revisions = logging.getLogger("sentence_transformers.util.file_io")
    level = revisions.level
    revisions.setLevel(logging.ERROR)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
        revisions.setLevel(level)


def _normalised(vectors: Vectors) -> Vectors:
    """Bring each row to length 1; a row of zeros stays, for it has no direction."""
    normalised: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return normalised
