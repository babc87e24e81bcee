from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bench.embedding.corpus import Texts
from bench.embedding.mixture import Batch, Mixture, Side
from bench.embedding.parts import Parts, parts_of
from bench.embedding.settings import TrainingSettings
from bench.embedding.training import Training, contrast, run

SETTINGS = TrainingSettings(
    dimensions=16,
    steps=120,
    batch=32,
    learning_rate=0.06,
    scale=20.0,
    forgetting=0.999,
    ngrams=False,
    frequency=0,
    checkpoint=20,
)
# A toy language is a word for each concept; the words of the second language come after those of the first.
CONCEPTS = 60
VOCABULARY = ["<unk>", *(f"▁auto{at}" for at in range(CONCEPTS)), *(f"▁wagen{at}" for at in range(CONCEPTS))]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Toy:
    """What is learnt from, and what subwords share and weigh."""

    mixture: Mixture
    parts: Parts
    weights: NDArray[np.float32]


@pytest.fixture(scope="module")
def toy() -> Toy:
    """Sentences of three concepts, in both languages word by word."""
    generator = np.random.default_rng(5)
    concepts = [generator.choice(CONCEPTS, 3, replace=False) for _ in range(400)]
    starts = np.arange(0, 3 * len(concepts) + 1, 3)
    rows = np.arange(len(concepts), dtype=np.int32)
    texts = {
        language: Texts(np.concatenate(concepts).astype(np.int32) + first, starts, rows)
        for language, first in (("fi", 1), ("de", 1 + CONCEPTS))
    }
    mixture = Mixture({"toy": texts}, sources={"toy": 1.0}, languages={"other": 1.0}, vocabulary=len(VOCABULARY))
    parts = parts_of(VOCABULARY)
    assert parts.count > 20
    weights = generator.uniform(0.5, 1, len(VOCABULARY)).astype(np.float32)
    return Toy(mixture, parts, weights)


def side(texts: list[list[int]]) -> Side:
    starts = np.cumsum([0, *map(len, texts)])[:-1]
    return Side(np.array([token for ids in texts for token in ids]), starts, np.arange(len(texts)))


def plain_loss(left: torch.Tensor, right: torch.Tensor, same: torch.Tensor, scale: float) -> torch.Tensor:
    scores = (scale * left @ right.T).masked_fill(same, -torch.inf)
    right_one = torch.arange(len(left))
    loss = functional.cross_entropy(scores, right_one) + functional.cross_entropy(scores.T, right_one)
    return loss / 2


class TestContrast:
    @pytest.mark.parametrize("masked", [False, True], ids=["no masked pairs", "masked pairs"])
    @pytest.mark.parametrize("scale", [1.0, 20.0, 100.0])
    def test_loss_and_gradients_are_those_of_the_plain_formula(self, scale: float, masked: bool) -> None:
        generator = torch.Generator().manual_seed(3)
        left, right = (
            functional.normalize(torch.randn(12, 5, generator=generator, dtype=torch.float64)).requires_grad_()
            for _ in range(2)
        )
        same = torch.rand(12, 12, generator=generator) < (0.3 if masked else 0)
        same.fill_diagonal_(False)
        expected = plain_loss(left, right, same, scale)
        torch.autograd.backward([expected])
        loss, left_gradient, right_gradient = contrast(left.detach(), right.detach(), same, scale=scale)
        assert loss == pytest.approx(expected.item(), rel=1e-9)
        assert left.grad is not None
        assert right.grad is not None
        torch.testing.assert_close(left_gradient, left.grad, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(right_gradient, right.grad, rtol=1e-9, atol=1e-12)

    def test_vectors_that_agree_lose_nothing(self) -> None:
        unit = torch.eye(4)
        loss, left, right = contrast(unit, unit, torch.zeros(4, 4, dtype=torch.bool), scale=50.0)
        assert loss == pytest.approx(0, abs=1e-6)
        assert float(left.abs().max()) == pytest.approx(0, abs=1e-6)
        assert float(right.abs().max()) == pytest.approx(0, abs=1e-6)

    def test_opposite_vectors_do_not_overflow(self) -> None:
        left = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        loss, *gradients = contrast(left, -left, torch.zeros(2, 2, dtype=torch.bool), scale=20.0)
        assert loss == pytest.approx(20, rel=1e-5)
        assert all(bool(gradient.isfinite().all()) for gradient in gradients)

    def test_arguments_stay_as_they_are(self) -> None:
        left, right = functional.normalize(torch.randn(3, 2)), functional.normalize(torch.randn(3, 2))
        same = torch.zeros(3, 3, dtype=torch.bool)
        before = [tensor.clone() for tensor in (left, right, same)]
        contrast(left, right, same, scale=20.0)
        assert all(torch.equal(was, now) for was, now in zip(before, (left, right, same), strict=True))


class TestTraining:
    def test_same_seed_begins_with_the_same_vectors(self) -> None:
        tables = [Training(50, SETTINGS, seed=seed).table for seed in (1, 1, 2)]
        assert torch.equal(tables[0], tables[1])
        assert not torch.equal(tables[0], tables[2])

    def test_vectors_are_the_table_times_the_weights(self, toy: Toy) -> None:
        training = Training(len(VOCABULARY), SETTINGS, seed=1, weights=toy.weights)
        np.testing.assert_array_equal(training.vectors(), training.table.numpy() * toy.weights[:, None])
        assert training.vectors().dtype == np.float32

    def test_vectors_hold_what_their_subwords_share(self, toy: Toy) -> None:
        training = Training(len(VOCABULARY), SETTINGS, seed=1, parts=toy.parts, weights=toy.weights)
        table = training.table.numpy()
        assert len(table) == len(VOCABULARY) + toy.parts.count
        vectors = training.vectors()
        assert vectors.shape == (len(VOCABULARY), 16)
        for token in range(len(VOCABULARY)):
            held = toy.parts.rows[toy.parts.starts[token] : toy.parts.starts[token + 1]]
            shared = table[held].sum(axis=0) / max(len(held), 1) ** 0.5
            np.testing.assert_allclose(vectors[token], (table[token] + shared) * toy.weights[token], atol=1e-6)

    def test_many_vectors_keep_their_order(self) -> None:
        training = Training(20_001, replace(SETTINGS, dimensions=2), seed=1)
        np.testing.assert_array_equal(training.vectors(), training.table.numpy())

    def test_loss_of_a_step_is_that_of_the_plain_formula(self, toy: Toy) -> None:
        batch = Batch(("fi", "de"), side([[1, 2], [3], [4, 4, 5]]), side([[61, 62], [63], [64, 65]]))
        training = Training(len(VOCABULARY), SETTINGS, seed=1, parts=toy.parts, weights=toy.weights)
        vectors = torch.from_numpy(training.vectors())
        left, right = (
            functional.normalize(torch.stack([vectors[torch.tensor(ids)].sum(dim=0) for ids in texts]))
            for texts in ([[1, 2], [3], [4, 4, 5]], [[61, 62], [63], [64, 65]])
        )
        expected = plain_loss(left, right, torch.zeros(3, 3, dtype=torch.bool), SETTINGS.scale)
        assert training.learn(batch) == pytest.approx(expected.item(), rel=1e-4)

    def test_first_step_moves_the_rows_it_met_by_the_learning_rate(self) -> None:
        batch = Batch(("fi", "de"), side([[1, 2], [3], [4, 4, 5]]), side([[61, 62], [63], [64, 65]]))
        training = Training(len(VOCABULARY), SETTINGS, seed=1)
        before = training.table.clone()
        training.learn(batch)
        moved = (training.table - before).square().mean(dim=1).sqrt().numpy()
        met = [1, 2, 3, 4, 5, 61, 62, 63, 64, 65]
        np.testing.assert_allclose(moved[met], SETTINGS.learning_rate, rtol=1e-3)
        assert np.flatnonzero(moved).tolist() == met
        assert training.seen.nonzero().flatten().tolist() == met
        assert training.step == 1

    def test_step_goes_down_the_gradient(self, toy: Toy) -> None:
        batch = Batch(("fi", "de"), side([[1, 2], [3], [4, 4, 5]]), side([[61, 62], [63], [64, 65]]))
        for held in (None, toy.parts):
            training = Training(len(VOCABULARY), replace(SETTINGS, learning_rate=0.003), seed=1, parts=held)
            losses = [training.learn(batch) for _ in range(10)]
            assert losses == sorted(losses, reverse=True)
            assert losses[-1] < losses[0]

    def test_texts_that_are_equal_are_no_negatives(self) -> None:
        texts = side([[1], [1], [2]])
        equal = replace(texts, same=np.array([7, 7, 8]))
        others = side([[61], [62], [63]])
        losses = [Training(70, SETTINGS, seed=1).learn(Batch(("fi", "de"), left, others)) for left in (texts, equal)]
        assert losses[1] < losses[0]

    def test_learning_rate_falls_to_nothing(self) -> None:
        batch = Batch(("fi", "de"), side([[1], [2]]), side([[61], [62]]))
        training = Training(70, replace(SETTINGS, steps=4), seed=1)
        training.step = 4
        before = training.table.clone()
        training.learn(batch)
        assert torch.equal(training.table, before)


class TestRun:
    @pytest.mark.parametrize("with_parts", [False, True], ids=["no parts", "parts"])
    @pytest.mark.parametrize("with_weights", [False, True], ids=["no weights", "weights"])
    def test_translations_become_nearest_neighbours(
        self, with_parts: bool, with_weights: bool, toy: Toy, tmp_path: Path
    ) -> None:
        training = Training(
            len(VOCABULARY),
            SETTINGS,
            seed=1,
            parts=toy.parts if with_parts else None,
            weights=toy.weights if with_weights else None,
        )
        said: list[str] = []
        run(training, toy.mixture, tmp_path / "checkpoint.pt", say=said.append)
        assert training.step == SETTINGS.steps
        assert len(said) == SETTINGS.steps // SETTINGS.checkpoint
        losses = [float(line.split("loss ")[1].split(",")[0]) for line in said]
        assert losses[-1] < losses[0] / 4
        vectors = training.vectors()[1:]
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = vectors[:CONCEPTS] @ vectors[CONCEPTS:].T
        assert (cosines.argmax(axis=1) == np.arange(CONCEPTS)).mean() > 0.95
        assert (cosines.argmax(axis=0) == np.arange(CONCEPTS)).mean() > 0.95

    @pytest.mark.parametrize("stop", [40, 57], ids=["at a checkpoint", "between two"])
    @pytest.mark.parametrize("with_parts", [False, True], ids=["plain", "parts and weights"])
    def test_interrupted_run_ends_with_the_table_of_a_whole_one(
        self, stop: int, with_parts: bool, toy: Toy, tmp_path: Path
    ) -> None:
        def fresh(kind: type[Training] = Training) -> Training:
            if with_parts:
                return kind(len(VOCABULARY), SETTINGS, seed=1, parts=toy.parts, weights=toy.weights)
            return kind(len(VOCABULARY), SETTINGS, seed=1)

        class Interrupted(Training):
            def learn(self, batch: Batch) -> float:
                if self.step == stop:
                    raise InterruptedError
                return super().learn(batch)

        said: list[str] = []
        whole = fresh()
        run(whole, toy.mixture, tmp_path / "whole.pt", say=said.append)
        with pytest.raises(InterruptedError):
            run(fresh(Interrupted), toy.mixture, tmp_path / "parts.pt", say=said.append)
        said.clear()
        resumed = fresh()
        run(resumed, toy.mixture, tmp_path / "parts.pt", say=said.append)
        assert said[0] == "  on from step 40"
        assert resumed.step == whole.step
        assert torch.equal(resumed.table, whole.table)
        assert torch.equal(resumed.squares, whole.squares)
        assert np.array_equal(resumed.vectors(), whole.vectors())

    def test_finished_run_learns_no_more(self, tmp_path: Path, toy: Toy) -> None:
        settings = replace(SETTINGS, steps=10)
        training = Training(len(VOCABULARY), settings, seed=1)
        run(training, toy.mixture, tmp_path / "checkpoint.pt", say=lambda _: None)
        said: list[str] = []
        again = Training(len(VOCABULARY), settings, seed=1)
        run(again, toy.mixture, tmp_path / "checkpoint.pt", say=said.append)
        assert said == ["  on from step 10"]
        assert torch.equal(again.table, training.table)

    def test_last_step_is_saved_between_checkpoints_too(self, tmp_path: Path, toy: Toy) -> None:
        training = Training(len(VOCABULARY), replace(SETTINGS, steps=25), seed=1)
        said: list[str] = []
        run(training, toy.mixture, tmp_path / "checkpoint.pt", say=said.append)
        assert [line.split(":")[0] for line in said] == ["  step 20", "  step 25"]
        other = Training(len(VOCABULARY), SETTINGS, seed=2)
        other.load(tmp_path / "checkpoint.pt")
        assert other.step == 25
        assert torch.equal(other.table, training.table)
        assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]

    def test_seed_decides_the_batches(self, tmp_path: Path, toy: Toy) -> None:
        tables = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            training = Training(len(VOCABULARY), replace(SETTINGS, steps=5), seed=seed)
            run(training, toy.mixture, tmp_path / name, say=lambda _: None)
            tables.append(training.table)
        assert torch.equal(tables[0], tables[1])
        assert not torch.equal(tables[0], tables[2])
