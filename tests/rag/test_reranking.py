"""Rerankers: a tiny cross-encoder made on the spot, and a server that speaks both forms of the protocol."""

import json
import logging
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedding import BUNDLED_MODEL_FOLDER
from rag.errors import RerankingError
from rag.reranking import CrossEncoderReranker, EndpointReranker, try_scores
from tests.rerank_server import RerankReply, RerankServer, running_rerank_server, score_of

KEY = "sk-test-0123456789"
QUESTION = "lahti city"
TEXTS = [
    "finland", "lahti is a city in finland", "", "a city", "in", "lahti lahti lahti", "unknown words", "city",
    "is finland a city", "a a a a",
]  # fmt: skip
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "lahti", "is", "a", "city", "in", "finland"]


def write_cross_encoder(folder: Path, *, labels: int = 1, activation: str | None = None) -> Path:
    """A cross-encoder of one layer with random weights, large enough that each pair has a score of its own."""
    import torch
    import transformers

    library: Any = transformers
    config = library.BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=1.0,
    )
    if activation:
        config.sentence_transformers = {"activation_fn": activation}
    torch.manual_seed(7)
    library.BertForSequenceClassification(config).save_pretrained(folder)
    library.BertTokenizerFast(vocab={word: at for at, word in enumerate(VOCABULARY)}).save_pretrained(folder)
    return folder


def predicted(folder: Path, question: str, texts: list[str]) -> Any:
    """The scores that sentence-transformers itself gives."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(folder)).predict([(question, text) for text in texts], show_progress_bar=False)


def sigmoid(logits: Any) -> Any:
    return 1 / (1 + np.exp(-np.array(logits, np.float64)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def cross_encoder(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder))


@pytest.fixture(scope="module")
def _running_server() -> Iterator[RerankServer]:
    with running_rerank_server() as server:
        yield server


@pytest.fixture
def server(_running_server: RerankServer, monkeypatch: pytest.MonkeyPatch) -> RerankServer:
    """A server with an empty script and log, and new tries without waiting."""
    monkeypatch.setattr("rag.reranking._ENDPOINT_PAUSES", (0.01,))
    _running_server.reset()
    return _running_server


def endpoint(server: RerankServer, *, timeout: float = 5) -> EndpointReranker:
    return EndpointReranker("test-model", url=server.base_url, api_key=KEY, timeout=timeout)


class TestCrossEncoder:
    def test_name_holds_the_folder(self, cross_encoder: CrossEncoderReranker, folder: Path) -> None:
        assert cross_encoder.name == f"cross-encoder:{folder}"

    def test_scores_and_order_are_those_of_sentence_transformers(
        self, cross_encoder: CrossEncoderReranker, folder: Path
    ) -> None:
        expected = predicted(folder, QUESTION, TEXTS)
        scores = cross_encoder.scores(QUESTION, TEXTS)
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)
        assert len(set(scores)) == len(TEXTS)
        assert list(np.argsort(scores)) == list(np.argsort(expected))
        assert 0 < min(scores) < 0.5 < max(scores) < 1

    def test_logits_of_a_model_without_activation_become_their_sigmoid(self, folder: Path, tmp_path: Path) -> None:
        plain = write_cross_encoder(tmp_path / "logits", activation="torch.nn.modules.linear.Identity")
        logits = predicted(plain, QUESTION, TEXTS)
        assert min(logits) < -1
        reranker = CrossEncoderReranker(str(plain))
        scores = reranker.scores(QUESTION, TEXTS)
        np.testing.assert_allclose(scores, sigmoid(logits), rtol=0, atol=1e-9)
        assert list(np.argsort(scores)) == list(np.argsort(logits))
        np.testing.assert_allclose(scores, predicted(folder, QUESTION, TEXTS), rtol=0, atol=1e-6)
        best = int(np.argmax(logits))
        assert 0 < logits[best] < 1  # which looks like a probability, and is none
        assert reranker.scores(QUESTION, [TEXTS[best]]) == pytest.approx([scores[best]], abs=1e-6)

    def test_more_texts_than_are_read_at_once_keep_their_order(self, cross_encoder: CrossEncoderReranker) -> None:
        texts = [" ".join(VOCABULARY[5 + at % 6] for at in range(number % 7 + 1)) for number in range(70)]
        scores = cross_encoder.scores(QUESTION, texts)
        singles = [cross_encoder.scores(QUESTION, [texts[at]])[0] for at in (0, 31, 32, 69)]
        np.testing.assert_allclose([scores[at] for at in (0, 31, 32, 69)], singles, rtol=0, atol=1e-6)

    def test_text_that_is_too_long_is_cut(self, cross_encoder: CrossEncoderReranker) -> None:
        shorter, longer = cross_encoder.scores(QUESTION, ["city " * 100, "city " * 5000])
        assert shorter == pytest.approx(longer, abs=1e-6)

    def test_no_texts_give_no_scores(self, cross_encoder: CrossEncoderReranker) -> None:
        assert cross_encoder.scores(QUESTION, []) == []

    def test_several_threads_get_the_scores_of_one(self, cross_encoder: CrossEncoderReranker) -> None:
        expected = cross_encoder.scores(QUESTION, TEXTS)
        with ThreadPoolExecutor(4) as pool:
            for scores in pool.map(lambda _: cross_encoder.scores(QUESTION, TEXTS), range(12)):
                assert scores == expected

    @pytest.mark.parametrize("labels", [2, 3])
    def test_model_with_several_labels_is_refused(self, labels: int, tmp_path: Path) -> None:
        model = write_cross_encoder(tmp_path / "labels", labels=labels)
        with pytest.raises(RerankingError) as caught:
            CrossEncoderReranker(str(model))
        assert str(caught.value) == (
            f"The reranker {str(model)!r} gives {labels} scores for a pair of texts, so it is no model for ranking. "
            "Name a cross-encoder with one score in FOOTNOTE_RERANKER."
        )

    def test_weights_that_are_no_numbers_are_an_error(self, tmp_path: Path) -> None:
        from safetensors.numpy import load_file, save_file

        model = write_cross_encoder(tmp_path / "broken")
        tensors = load_file(model / "model.safetensors")
        tensors["classifier.bias"][:] = math.nan
        save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(RerankingError, match=r"gave scores that are no numbers\. Try another one"):
            CrossEncoderReranker(str(model)).scores(QUESTION, TEXTS)

    @pytest.mark.usefixtures("cross_encoder")  # so that the import is not in the time taken
    @pytest.mark.parametrize(
        "model", ["no-such-organisation/no-such-model", "/no/such/folder", "/nowhere", "late_interaction"]
    )
    def test_model_that_is_not_there_is_named_without_asking_the_network(
        self, model: str, asked_hosts: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        started = time.monotonic()
        with pytest.raises(RerankingError) as caught:
            CrossEncoderReranker(model)
        assert time.monotonic() - started < 3
        assert asked_hosts == []
        assert caplog.records == []
        assert str(caught.value) == (
            f"The reranker {model!r} is not on this machine, or not all of it; give the path of its folder, or set "
            "FOOTNOTE_ALLOW_DOWNLOAD=1 to fetch it. FOOTNOTE_RERANKER=late-interaction needs no model."
        )

    @pytest.mark.usefixtures("cross_encoder")
    @pytest.mark.parametrize("case", ["weights cut off", "weights of another size", "no model for text pairs"])
    def test_model_that_cannot_be_loaded_is_named_with_the_reason(self, case: str, tmp_path: Path) -> None:
        model = BUNDLED_MODEL_FOLDER
        if case.startswith("weights"):
            model = write_cross_encoder(tmp_path / "broken")
            weights, config = model / "model.safetensors", model / "config.json"
            if case == "weights cut off":
                weights.write_bytes(weights.read_bytes()[:300])
            else:
                config.write_text(
                    config.read_text(encoding="utf-8").replace('"hidden_size": 16', '"hidden_size": 32'),
                    encoding="utf-8",
                )
        with pytest.raises(RerankingError) as caught:
            CrossEncoderReranker(str(model))
        message = str(caught.value)
        assert message.startswith(f"The reranker {str(model)!r} cannot be loaded (")
        assert message.endswith("). Name a cross-encoder of sentence-transformers in FOOTNOTE_RERANKER.")
        assert "\n" not in message


class TestEndpoint:
    def test_request_holds_what_the_protocol_knows(self, server: RerankServer) -> None:
        reranker = endpoint(server)
        assert reranker.name == "endpoint:test-model"
        reranker.scores(QUESTION, ["lahti", ""])
        (request,) = server.requests
        assert request.path == "/v1/rerank"
        assert request.authorization == f"Bearer {KEY}"
        # An empty text is an error on some servers.
        assert request.body == {"model": "test-model", "query": QUESTION, "documents": ["lahti", " "], "top_n": 2}

    @pytest.mark.parametrize("form", ["documents", "texts"])
    def test_scores_are_put_in_the_order_of_the_texts(self, form: Any, server: RerankServer) -> None:
        server.form = form
        texts = [*TEXTS, *reversed(TEXTS)]  # the server answers best first
        assert endpoint(server).scores(QUESTION, texts) == [score_of(QUESTION, text) for text in texts]

    def test_server_that_misses_texts_is_asked_in_its_way_from_then_on(self, server: RerankServer) -> None:
        server.form = "texts"
        reranker = endpoint(server)
        assert reranker.scores(QUESTION, ["lahti"]) == [0.5]
        assert reranker.scores(QUESTION, ["lahti city"]) == [1.0]
        assert [sorted(request.body) for request in server.requests] == [
            ["documents", "model", "query", "top_n"],
            ["query", "texts", "truncate"],
            ["query", "texts", "truncate"],
        ]

    @pytest.mark.parametrize(
        ("form", "sizes"), [("documents", [100, 50]), ("texts", [100, 32, 32, 32, 32, 22])], ids=["documents", "texts"]
    )
    def test_many_texts_go_in_as_many_requests_as_servers_take(
        self, form: Any, sizes: list[int], server: RerankServer
    ) -> None:
        server.form = form
        texts = [f"{'lahti' if number % 3 else 'city lahti'} {number}" for number in range(150)]
        assert endpoint(server).scores(QUESTION, texts) == [score_of(QUESTION, text) for text in texts]
        assert [len(request.body.get("documents") or request.body["texts"]) for request in server.requests] == sizes

    def test_no_texts_need_no_request(self, server: RerankServer) -> None:
        assert endpoint(server).scores(QUESTION, []) == []
        assert server.requests == []

    @pytest.mark.parametrize("ending", ["", "/", "/rerank", "/rerank/"])
    def test_rerank_is_added_to_the_address_where_it_is_missing(self, ending: str, server: RerankServer) -> None:
        EndpointReranker("test-model", url=f" {server.base_url}{ending}").scores(QUESTION, ["lahti"])
        (request,) = server.requests
        assert request.path == "/v1/rerank"
        assert request.authorization is None

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_passing_failure_is_tried_again(self, status: int, server: RerankServer) -> None:
        server.reply_with(RerankReply("wait", status=status))
        assert endpoint(server).scores(QUESTION, ["lahti"]) == [0.5]
        assert len(server.requests) == 2

    def test_lasting_failure_is_given_up_after_a_second_try(self, server: RerankServer) -> None:
        server.reply_with(*[RerankReply("overloaded", status=500)] * 3)
        assert failure(endpoint(server)) == (
            f"The rerank endpoint {server.base_url}/rerank did not rerank with model 'test-model' "
            '(HTTP 500: "overloaded"). '
            "Check FOOTNOTE_RERANKER, FOOTNOTE_RERANKER_URL and FOOTNOTE_RERANKER_KEY."
        )
        assert len(server.requests) == 2

    @pytest.mark.parametrize("status", [400, 401, 404, 422])
    def test_refusal_is_not_tried_again(self, status: int, server: RerankServer) -> None:
        server.reply_with(RerankReply(page=f"no, {KEY}", status=status))
        assert f"(HTTP {status}: no, …)" in failure(endpoint(server))
        assert len(server.requests) == 1

    def test_key_is_not_shown_where_the_reason_is_cut(self, server: RerankServer) -> None:
        server.reply_with(RerankReply(page="x" * 181 + KEY, status=400))
        assert "sk-" not in failure(endpoint(server))

    def test_silence_is_given_up(self, server: RerankServer) -> None:
        server.reply_with(*[RerankReply(pause=5)] * 2)
        started = time.monotonic()
        assert "(ReadTimeout: timed out)" in failure(endpoint(server, timeout=0.2))
        assert time.monotonic() - started < 3

    @pytest.mark.parametrize("page", ["<!doctype html><title>Welcome</title><p>Please log in.", "", '{"results": ['])
    def test_answer_that_is_no_json_is_explained(self, page: str, server: RerankServer) -> None:
        server.reply_with(RerankReply(page=page))
        assert "(it answered with something else than JSON)" in failure(endpoint(server))

    @pytest.mark.parametrize(
        "content",
        [
            {"data": []}, {"results": None}, {"results": ["lahti"]}, [[0, 0.5]], "ok", 7, None,
            {"results": [{"index": 0}]}, {"results": [{"relevance_score": 0.5}]},
            [{"index": 0, "score": None}], [{"index": 0, "score": "high"}],
        ],
        ids=json.dumps,
    )  # fmt: skip
    def test_json_without_scores_is_explained(self, content: object, server: RerankServer) -> None:
        server.reply_with(RerankReply(content))
        assert "(its answer holds no scores, it may be another kind of server)" in failure(endpoint(server))

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            ([], "gave 0 scores, 0 of them usable, for 2 texts"),
            ([(0, 0.5)], "gave 1 scores, 1 of them usable, for 2 texts"),
            ([(0, 0.5), (1, 0.5), (2, 0.5)], "gave 3 scores, 3 of them usable, for 2 texts"),
            ([(0, 0.5), (0, 0.7)], "gave 2 scores, 1 of them usable, for 2 texts"),
            ([(1, 0.5), (2, 0.7)], "gave 2 scores, 2 of them usable, for 2 texts"),
            ([(-1, 0.5), (0, 0.7)], "gave 2 scores, 2 of them usable, for 2 texts"),
            ([("0", 0.5), (1, 0.7)], "gave 2 scores, 1 of them usable, for 2 texts"),
            ([(0, math.nan), (1, 0.7)], "gave 2 scores, 1 of them usable, for 2 texts"),
            ([(0, math.inf), (1, 0.7)], "gave 2 scores, 1 of them usable, for 2 texts"),
        ],
        ids=["none", "too few", "too many", "twice", "beyond", "negative", "index in letters", "nan", "infinite"],
    )
    @pytest.mark.parametrize("form", ["documents", "texts"])
    def test_anything_but_one_score_for_each_text_is_explained(
        self, form: str, rows: list[tuple[object, float]], reason: str, server: RerankServer
    ) -> None:
        if form == "documents":
            server.reply_with(RerankReply({"results": [{"index": at, "relevance_score": score} for at, score in rows]}))
        else:
            server.reply_with(RerankReply([{"index": at, "score": score} for at, score in rows]))
        assert f"(it {reason})" in failure(endpoint(server))

    def test_scores_beyond_one_are_logits_and_so_are_all_later_ones(self, server: RerankServer) -> None:
        reranker = endpoint(server)
        assert self._scored(server, reranker, [0.25, 1.0]) == [0.25, 1.0]
        assert self._scored(server, reranker, [-8.5, 2.0]) == pytest.approx(list(sigmoid([-8.5, 2.0])), abs=1e-12)
        assert self._scored(server, reranker, [0.25, 1.0]) == pytest.approx(list(sigmoid([0.25, 1.0])), abs=1e-12)

    def test_logits_of_any_size_have_a_probability(self, server: RerankServer) -> None:
        assert self._scored(server, endpoint(server), [-1e6, 1e6]) == [0.0, 1.0]

    def test_scores_below_zero_are_nothing_where_none_is_a_logit(self, server: RerankServer) -> None:
        assert self._scored(server, endpoint(server), [-0.3, 1.000001]) == [0.0, 1.0]

    def test_dead_server_is_named(self) -> None:
        reranker = EndpointReranker("test-model", url="http://me:secret@127.0.0.1:1/v1", api_key=KEY)
        message = failure(reranker)
        assert "http://127.0.0.1:1/v1/rerank did not rerank" in message
        assert "ConnectError" in message
        assert "secret" not in message

    @pytest.mark.parametrize("url", ["http://[::1/v1", "localhost:8000/v1", "not a url", "http://host:99999/v1"])
    def test_address_that_cannot_work_is_named(self, url: str) -> None:
        with pytest.raises(RerankingError, match="FOOTNOTE_RERANKER_URL"):
            EndpointReranker("test-model", url=url).scores(QUESTION, TEXTS)

    @pytest.mark.parametrize("key", ["sk-ключ", "sk-a\nb"], ids=["letters", "line break"])
    def test_key_that_cannot_be_sent_is_refused_without_showing_it(self, key: str) -> None:
        with pytest.raises(RerankingError) as caught:
            EndpointReranker("test-model", url="http://127.0.0.1:1/v1", api_key=key)
        assert str(caught.value) == (
            "The rerank endpoint cannot be used: its key holds characters that no key holds, copy it again. "
            "Check FOOTNOTE_RERANKER_URL and FOOTNOTE_RERANKER_KEY."
        )

    @staticmethod
    def _scored(server: RerankServer, reranker: EndpointReranker, scores: list[float]) -> list[float]:
        rows = [{"index": at, "relevance_score": score} for at, score in enumerate(scores)]
        server.reply_with(RerankReply({"results": rows}))
        return reranker.scores(QUESTION, ["lahti"] * len(scores))


class TestTryScores:
    def test_scores_are_those_of_the_reranker(self, server: RerankServer) -> None:
        assert try_scores(endpoint(server), QUESTION, ["lahti", "city lahti"]) == [0.5, 1.0]

    def test_without_a_reranker_there_are_none(self) -> None:
        assert try_scores(None, QUESTION, ["lahti"]) is None

    def test_failure_is_logged_and_leaves_the_question_alive(
        self, server: RerankServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.reply_with(RerankReply("no", status=401))
        assert try_scores(endpoint(server), QUESTION, ["lahti"]) is None
        ((_, level, message),) = [record for record in caplog.record_tuples if record[0] == "rag.reranking"]
        assert level == logging.WARNING
        assert message.startswith("Late interaction takes the reranker's place: The rerank endpoint http://127.0.0.1:")


def failure(reranker: EndpointReranker) -> str:
    """The message of the error for two texts."""
    with pytest.raises(RerankingError) as caught:
        reranker.scores(QUESTION, ["lahti", "city"])
    assert KEY not in str(caught.value)
    return str(caught.value)
