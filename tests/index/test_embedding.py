import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.embedding.export import export
from bench.embedding.tokenizer import build_tokenizer
from index.embedding import (
    BUNDLED_MODEL,
    BUNDLED_MODEL_FOLDER,
    EndpointEmbedder,
    SentenceTransformerEmbedder,
    StaticEmbedder,
)
from index.errors import EmbeddingError
from tests.openai_server import OpenAIServer, Reply, embedding_of

TEXTS = {
    "en": "Lahti is a city in Finland.",
    "de": "Die Delegation reiste nach Düsseldorf, „sagte“ sie.",
    "fi": "Lahden seutu tekee yhteistyötä.",
    "ja": "ラハティ地域と石坂産業は協力します。",
    "ar": "زار وفد الولاية أربع مدن يابانية.",
    "hi": "लाहती फ़िनलैंड का एक शहर है।",
    "th": "ลาห์ตีเป็นเมืองในฟินแลนด์",
    "zh": "拉赫蒂是芬兰的一座城市。",
    "emoji": "👩‍🔬 Lahti 🇫🇮",
    "long": "word " * 3000,
}
KEY = "sk-test-0123456789"
# Of the bundled model.
DIMENSIONS = 192
VOCABULARY = 150_000
# Subwords of the small models that tests write.
PIECES = ("<unk>", "▁", "▁lahti", "▁is", "▁a", "▁city", "▁in", "▁finland", "▁question", "▁about", "▁article", "▁on",
          "▁ask", "▁tell", "▁query", "▁passage", "s")  # fmt: skip


@pytest.fixture(scope="module")
def static() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture(scope="module")
def sentence_transformer() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(BUNDLED_MODEL_FOLDER))


@pytest.fixture(scope="module")
def reference() -> Any:
    """The bundled model as sentence-transformers runs it, in 64 bits: in 32, thousands of rows add errors up."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(BUNDLED_MODEL_FOLDER), device="cpu").double()


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.embedding._ENDPOINT_PAUSES", (0.01, 0.01))


def endpoint(server: OpenAIServer, *, timeout: float = 5) -> EndpointEmbedder:
    return EndpointEmbedder("test-model", base_url=server.base_url, api_key=KEY, timeout=timeout)


def write_model(folder: Path) -> Path:
    """A small model with a table of 8-bit integers, as the recipe writes it."""
    table = np.random.default_rng(7).normal(size=(len(PIECES), 8)).astype(np.float32)
    export(folder, build_tokenizer([(piece, -2.0) for piece in PIECES]), table)
    return folder


def turn_to_floating_point(folder: Path, kind: type[np.floating[Any]]) -> None:
    """Store a model's table the way sentence-transformers saves one."""
    from safetensors.numpy import load_file, save_file

    held = load_file(folder / "model.safetensors")
    table = (held["embeddings"] * held["weights"][:, None]).astype(kind)
    save_file({"embedding.weight": table}, folder / "model.safetensors")


def unit(vector: list[float]) -> Any:
    return np.array(vector) / np.linalg.norm(vector)


class TestStaticEmbedder:
    def test_name_carries_the_version(self, static: StaticEmbedder) -> None:
        assert static.name == BUNDLED_MODEL

    @pytest.mark.parametrize("case", TEXTS)
    def test_vectors_equal_those_of_sentence_transformers(
        self, case: str, static: StaticEmbedder, reference: Any
    ) -> None:
        expected = reference.encode([TEXTS[case]])
        np.testing.assert_allclose(static.embed_passages([TEXTS[case]]), expected, rtol=0, atol=1e-6)

    def test_rows_have_length_one(self, static: StaticEmbedder) -> None:
        vectors = static.embed_passages(list(TEXTS.values()))
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_batch_equals_single_texts(self, static: StaticEmbedder) -> None:
        texts = [*TEXTS.values(), "", *reversed(TEXTS.values())]
        singles = np.concatenate([static.embed_passages([text]) for text in texts])
        np.testing.assert_allclose(static.embed_passages(texts), singles, atol=1e-6)

    def test_batch_longer_than_what_is_embedded_at_once_keeps_its_order(self, static: StaticEmbedder) -> None:
        texts = [f"number {number}" for number in range(2500)]
        vectors = static.embed_passages(texts)
        assert vectors.shape == (2500, DIMENSIONS)
        for at in (0, 1023, 1024, 2047, 2048, 2499):
            np.testing.assert_allclose(vectors[at], static.embed_passages([texts[at]])[0], atol=1e-6)

    @pytest.mark.parametrize("text", ["", " ", "\n\t", "👩‍🔬"], ids=["empty", "space", "line break", "emoji"])
    def test_text_without_tokens_is_zero(self, text: str, static: StaticEmbedder) -> None:
        assert np.array_equal(static.embed_passages([text]), np.zeros((1, DIMENSIONS), np.float32))

    def test_no_texts_give_no_rows(self, static: StaticEmbedder) -> None:
        assert static.embed_passages([]).shape == (0, DIMENSIONS)
        assert static.embed_questions([]).shape == (0, DIMENSIONS)

    def test_questions_are_embedded_like_passages(self, static: StaticEmbedder) -> None:
        assert np.array_equal(static.embed_questions(["Lahti?"]), static.embed_passages(["Lahti?"]))

    def test_translations_are_closer_than_other_sentences(self, static: StaticEmbedder) -> None:
        english, german, other = static.embed_passages(
            [
                "The city has a large harbour.",
                "Die Stadt hat einen großen Hafen.",
                "Das Parlament wählt den Präsidenten.",
            ]
        )
        assert english @ german > english @ other

    def test_tokens_weighted_by_their_norm_add_up_to_the_text(self, static: StaticEmbedder) -> None:
        (ids,) = static.token_ids([TEXTS["ja"]])
        rows = static.token_rows(ids)
        assert rows.shape == (len(ids), DIMENSIONS)
        total = rows.sum(axis=0)
        np.testing.assert_allclose(total / np.linalg.norm(total), static.embed_passages([TEXTS["ja"]])[0], atol=1e-5)

    def test_text_without_tokens_has_none(self, static: StaticEmbedder) -> None:
        (ids,) = static.token_ids([""])
        assert ids.shape == (0,)
        assert static.token_rows(ids).shape == (0, DIMENSIONS)

    @pytest.mark.parametrize("broken", ["tokenizer.json", "model.safetensors"])
    @pytest.mark.parametrize("content", [None, b"{}", b"nonsense"], ids=["missing", "empty", "nonsense"])
    def test_broken_folder_is_named(self, broken: str, content: bytes | None, tmp_path: Path) -> None:
        for name in {"tokenizer.json", "model.safetensors"} - {broken}:
            shutil.copy(BUNDLED_MODEL_FOLDER / name, tmp_path / name)
        if content is not None:
            (tmp_path / broken).write_bytes(content)
        with pytest.raises(EmbeddingError) as caught:
            StaticEmbedder(tmp_path)
        assert str(tmp_path) in str(caught.value)

    @pytest.mark.parametrize("names", [("embeddings",), ("weights",), ("table", "weights"), ("embeddings", "factors")])
    def test_table_under_another_name_is_refused(self, names: tuple[str, ...], tmp_path: Path) -> None:
        from safetensors.numpy import save_file

        shutil.copy(BUNDLED_MODEL_FOLDER / "tokenizer.json", tmp_path)
        save_file({name: np.zeros((2, 2), np.float32) for name in names}, tmp_path / "model.safetensors")
        with pytest.raises(EmbeddingError, match=r"static embedding model in .* cannot be read") as caught:
            StaticEmbedder(tmp_path)
        assert str(tmp_path) in str(caught.value)

    def test_tokenizer_that_is_no_unigram_model_is_refused(self, tmp_path: Path) -> None:
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel

        shutil.copy(BUNDLED_MODEL_FOLDER / "model.safetensors", tmp_path)
        Tokenizer(WordLevel({"[UNK]": 0, "lahti": 1}, "[UNK]")).save(str(tmp_path / "tokenizer.json"))
        with pytest.raises(EmbeddingError, match=r"tokenizer in .* cannot be read: .*no unigram model"):
            StaticEmbedder(tmp_path)

    @pytest.mark.parametrize("kind", [np.float32, np.float16])
    def test_folder_in_floating_point_gives_the_vectors_of_sentence_transformers(
        self, kind: type[np.floating[Any]], tmp_path: Path
    ) -> None:
        from sentence_transformers import SentenceTransformer

        folder = write_model(tmp_path / "floating")
        turn_to_floating_point(folder, kind)
        texts = ["Lahti is a city in Finland.", "Finland", "Lahti, unknown words", "cities", ""]
        vectors = StaticEmbedder(folder).embed_passages(texts)
        assert vectors.dtype == np.float32
        expected = SentenceTransformer(str(folder), device="cpu").float().encode(texts)
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-6)
        assert np.linalg.norm(vectors[0]) == pytest.approx(1)

    def test_folder_in_integers_gives_the_vectors_of_sentence_transformers(self, tmp_path: Path) -> None:
        from sentence_transformers import SentenceTransformer

        folder = write_model(tmp_path / "integers")
        texts = ["Lahti is a city in Finland.", "Finland", "Lahti, unknown words", "cities", ""]
        expected = SentenceTransformer(str(folder), device="cpu").encode(texts)
        np.testing.assert_allclose(StaticEmbedder(folder).embed_passages(texts), expected, rtol=0, atol=1e-6)

    def test_both_forms_of_one_table_differ_by_rounding_only(self, tmp_path: Path) -> None:
        integers, floating = write_model(tmp_path / "integers"), write_model(tmp_path / "floating")
        turn_to_floating_point(floating, np.float32)
        texts = ["Lahti is a city in Finland.", "Finland"]
        np.testing.assert_allclose(
            StaticEmbedder(integers).embed_passages(texts), StaticEmbedder(floating).embed_passages(texts), atol=1e-6
        )


class TestBundledFolder:
    def test_table_has_its_shape_in_integers(self) -> None:
        from safetensors import safe_open

        with safe_open(BUNDLED_MODEL_FOLDER / "model.safetensors", framework="numpy") as tensors:
            assert set(tensors.keys()) == {"embeddings", "weights"}
            rows, factors = tensors.get_slice("embeddings"), tensors.get_slice("weights")
            assert (rows.get_shape(), rows.get_dtype()) == ([VOCABULARY, DIMENSIONS], "I8")
            assert (factors.get_shape(), factors.get_dtype()) == ([VOCABULARY], "F32")

    def test_tokenizer_has_a_row_for_each_subword(self) -> None:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(BUNDLED_MODEL_FOLDER / "tokenizer.json"))
        assert tokenizer.get_vocab_size() == VOCABULARY

    def test_folder_is_small(self) -> None:
        assert sum(path.stat().st_size for path in BUNDLED_MODEL_FOLDER.rglob("*")) <= 32 * 2**20


class TestSentenceTransformerEmbedder:
    def test_folder_is_part_of_the_name(self, sentence_transformer: SentenceTransformerEmbedder) -> None:
        assert sentence_transformer.name == f"sentence-transformers:{BUNDLED_MODEL_FOLDER}"

    def test_bundled_folder_gives_the_same_vectors(
        self, static: StaticEmbedder, sentence_transformer: SentenceTransformerEmbedder
    ) -> None:
        texts = list(TEXTS.values())
        vectors = sentence_transformer.embed_passages(texts)
        assert vectors.dtype == np.float32
        # sentence-transformers adds the rows of the long text up in 32 bits, which costs a digit.
        np.testing.assert_allclose(vectors, static.embed_passages(texts), rtol=0, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_text_without_tokens_is_zero(self, sentence_transformer: SentenceTransformerEmbedder) -> None:
        vectors = sentence_transformer.embed_passages(["", "Lahti"])
        assert np.array_equal(vectors[0], np.zeros(DIMENSIONS, np.float32))
        assert np.linalg.norm(vectors[1]) == pytest.approx(1)

    def test_no_texts_give_no_rows(self, sentence_transformer: SentenceTransformerEmbedder) -> None:
        assert sentence_transformer.embed_passages([]).shape == (0, DIMENSIONS)

    def test_prompts_of_the_model_are_used(self, tmp_path: Path) -> None:
        folder = self._save_model(tmp_path / "model", prompts={"query": "question about ", "document": "article on "})
        self._check_prompts(folder, question_prompt="question about ", passage_prompt="article on ")

    def test_model_without_prompts_gets_none(self, tmp_path: Path) -> None:
        folder = self._save_model(tmp_path / "model", prompts={})
        self._check_prompts(folder, question_prompt="", passage_prompt="")

    def test_e5_gets_the_prompts_it_does_not_carry(self, tmp_path: Path) -> None:
        folder = self._save_model(tmp_path / "multilingual-e5-small", prompts={})
        self._check_prompts(folder, question_prompt="query: ", passage_prompt="passage: ")

    def test_e5_with_prompts_of_its_own_keeps_them(self, tmp_path: Path) -> None:
        folder = self._save_model(tmp_path / "multilingual-e5-mine", prompts={"query": "ask ", "document": "tell "})
        self._check_prompts(folder, question_prompt="ask ", passage_prompt="tell ")

    @pytest.mark.usefixtures("sentence_transformer")  # so that the import is not in the time taken
    @pytest.mark.parametrize(
        "model", ["no-such-organisation/no-such-model", "/no/such/folder", "/nowhere", "no-such-model"]
    )
    def test_missing_model_is_named_without_asking_the_network(
        self, model: str, asked_hosts: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        started = time.monotonic()
        with pytest.raises(EmbeddingError) as caught:
            SentenceTransformerEmbedder(model)
        assert time.monotonic() - started < 3
        assert asked_hosts == []
        assert caplog.records == []
        assert repr(model) in str(caught.value)
        assert "FOOTNOTE_ALLOW_DOWNLOAD" in str(caught.value)

    @staticmethod
    def _save_model(folder: Path, *, prompts: dict[str, str]) -> Path:
        write_model(folder)
        if prompts:
            path = folder / "config_sentence_transformers.json"
            settings = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**settings, "prompts": prompts}), encoding="utf-8")
        return folder

    @staticmethod
    def _check_prompts(folder: Path, *, question_prompt: str, passage_prompt: str) -> None:
        embedder = SentenceTransformerEmbedder(str(folder))
        plain = StaticEmbedder(folder)
        text = "Lahti in Finland"
        question = plain.embed_passages([question_prompt + text])
        passage = plain.embed_passages([passage_prompt + text])
        np.testing.assert_allclose(embedder.embed_questions([text]), question, atol=1e-6)
        np.testing.assert_allclose(embedder.embed_passages([text]), passage, atol=1e-6)


class TestEndpointEmbedder:
    def test_request_holds_what_the_protocol_knows(self, openai_server: OpenAIServer) -> None:
        embedder = endpoint(openai_server)
        assert embedder.name == "endpoint:test-model"
        embedder.embed_passages(["Lahti", ""])
        (request,) = openai_server.requests
        assert request.path == "/v1/embeddings"
        assert request.authorization == f"Bearer {KEY}"
        # An empty text is an error on some servers.
        assert request.body == {"model": "test-model", "input": ["Lahti", " "], "encoding_format": "float"}

    def test_keyless_server_gets_no_key(self, openai_server: OpenAIServer) -> None:
        EndpointEmbedder("test-model", base_url=openai_server.base_url + "/").embed_passages(["Lahti"])
        assert openai_server.requests[0].authorization is None

    def test_vectors_are_put_in_order_and_brought_to_length_one(self, openai_server: OpenAIServer) -> None:
        texts = list(TEXTS.values())  # the server answers in reverse order
        vectors = endpoint(openai_server).embed_questions(texts)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, [unit(embedding_of(text)) for text in texts], atol=1e-6)

    def test_many_texts_go_in_several_requests(self, openai_server: OpenAIServer) -> None:
        texts = [f"text {number}" for number in range(150)]
        vectors = endpoint(openai_server).embed_passages(texts)
        assert [len(request.body["input"]) for request in openai_server.requests] == [64, 64, 22]
        np.testing.assert_allclose(vectors, [unit(embedding_of(text)) for text in texts], atol=1e-6)

    def test_no_texts_need_no_request(self, openai_server: OpenAIServer) -> None:
        assert len(endpoint(openai_server).embed_passages([])) == 0
        assert openai_server.requests == []

    @pytest.mark.usefixtures("_no_pauses")
    def test_passing_failures_are_tried_again(self, openai_server: OpenAIServer) -> None:
        openai_server.reply_with(Reply(status=429), Reply(status=503))
        np.testing.assert_allclose(
            endpoint(openai_server).embed_passages(["Lahti"]), [unit(embedding_of("Lahti"))], atol=1e-6
        )
        assert len(openai_server.requests) == 3

    @pytest.mark.usefixtures("_no_pauses")
    def test_lasting_failure_is_given_up(self, openai_server: OpenAIServer) -> None:
        openai_server.reply_with(*[Reply("overloaded", status=503)] * 3)
        message = self._failure(endpoint(openai_server))
        assert "HTTP 503" in message
        assert "overloaded" in message
        assert len(openai_server.requests) == 3

    @pytest.mark.parametrize("status", [400, 401, 404])
    def test_refusal_is_not_tried_again(self, status: int, openai_server: OpenAIServer) -> None:
        openai_server.reply_with(Reply(f"no, {KEY}", status=status))
        message = self._failure(endpoint(openai_server))
        assert f"HTTP {status}" in message
        assert "FOOTNOTE_EMBEDDING_MODEL" in message
        assert len(openai_server.requests) == 1

    @pytest.mark.parametrize(
        ("reply", "part"),
        [
            (Reply(vectors=[[1.0, 0.0]]), "gave 1 usable vectors for 2 texts"),
            (Reply(vectors=[[1.0], [1.0], [1.0]]), "gave 3 usable vectors for 2 texts"),
            (Reply(vectors=[]), "gave 0 usable vectors for 2 texts"),
            (Reply(vectors=[[1.0, 0.0], [1.0]]), "did not answer with embeddings"),
            (Reply(failure="html"), "something else than JSON"),
            (Reply(failure="empty_body"), "something else than JSON"),
        ],
        ids=["too few", "too many", "none", "uneven", "html", "empty"],
    )
    def test_answer_that_is_no_embeddings_is_explained(
        self, reply: Reply, part: str, openai_server: OpenAIServer
    ) -> None:
        openai_server.reply_with(reply)
        assert part in self._failure(endpoint(openai_server))

    def test_other_dimensions_in_a_later_request_are_noticed(self, openai_server: OpenAIServer) -> None:
        openai_server.reply_with(Reply(vectors=[[1.0, 0.0]] * 64), Reply(vectors=[[1.0]]))
        with pytest.raises(EmbeddingError, match="different lengths"):
            endpoint(openai_server).embed_passages(["x"] * 65)

    @pytest.mark.usefixtures("_no_pauses")
    def test_dead_server_is_named(self) -> None:
        message = self._failure(EndpointEmbedder("test-model", base_url="http://127.0.0.1:1/v1", api_key=KEY))
        assert "http://127.0.0.1:1/v1" in message
        assert "ConnectError" in message
        assert "FOOTNOTE_EMBEDDING_URL" in message

    @pytest.mark.usefixtures("_no_pauses")
    @pytest.mark.parametrize("base_url", ["http://[::1/v1", "localhost:11434/v1", "not a url", "http://host:99999/v1"])
    def test_address_that_cannot_work_is_named(self, base_url: str) -> None:
        with pytest.raises(EmbeddingError, match="FOOTNOTE_EMBEDDING_URL"):
            EndpointEmbedder("test-model", base_url=base_url).embed_passages(["x"])

    @pytest.mark.usefixtures("_no_pauses")
    def test_password_in_the_address_is_not_shown(self) -> None:
        message = self._failure(EndpointEmbedder("test-model", base_url="http://me:secret@127.0.0.1:1/v1"))
        assert "http://127.0.0.1:1/v1" in message
        assert "secret" not in message

    def test_line_break_after_a_key_is_no_harm(self, openai_server: OpenAIServer) -> None:
        EndpointEmbedder("test-model", base_url=openai_server.base_url, api_key=f"{KEY}\n").embed_passages(["x"])
        assert openai_server.requests[0].authorization == f"Bearer {KEY}"

    @pytest.mark.parametrize("key", ["sk-ключ", "sk-a\nb"], ids=["letters", "line break"])
    def test_key_that_cannot_be_sent_is_refused_without_showing_it(self, key: str) -> None:
        with pytest.raises(EmbeddingError, match="key") as caught:
            EndpointEmbedder("test-model", base_url="http://127.0.0.1:1/v1", api_key=key)
        assert "sk-" not in str(caught.value)

    @staticmethod
    def _failure(embedder: EndpointEmbedder) -> str:
        with pytest.raises(EmbeddingError) as caught:
            embedder.embed_passages(["Lahti", "Finland"])
        assert KEY not in str(caught.value)
        return str(caught.value)
