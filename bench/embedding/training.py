"""The training loop: subword vectors whose sums agree across languages.

A loop of our own over the table of a `StaticEmbedding` rather than the trainer of sentence-transformers: a step touches
a twentieth of the rows, and only those are copied, differentiated and updated.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from bench.embedding.mixture import Batch, Mixture, Side
from bench.embedding.parts import Parts
from bench.embedding.settings import TrainingSettings

# Batches drawn ahead of the step that learns from them.
_AHEAD = 3
# The spread of a vector's components at the beginning.
_SPREAD = 0.1


class Training:
    """A table of subword vectors being learnt, and all that is needed to go on with it."""

    def __init__(
        self,
        vocabulary: int,
        settings: TrainingSettings,
        *,
        seed: int,
        parts: Parts | None = None,
        weights: NDArray[np.float32] | None = None,
        device: str = "cpu",
    ) -> None:
        """Begin with random vectors.

        Args:
            vocabulary: How many subwords there are.
            settings: How long and how fast to learn.
            seed: The same seed begins with the same vectors and draws the same batches.
            parts: What each subword shares with others.
            weights: What each subword's vector is multiplied by; shape (vocabulary,).
            device: Where to learn, as torch names it.
        """
        self.settings = settings
        self.seed = seed
        self.parts = parts
        self.vocabulary = vocabulary
        self.device = device
        self.weights = torch.from_numpy(np.ones(vocabulary, np.float32) if weights is None else weights).to(device)
        rows = vocabulary + (parts.count if parts else 0)
        generator = torch.Generator().manual_seed(seed)
        self.table = torch.randn(rows, settings.dimensions, generator=generator).mul_(_SPREAD).to(device)
        self.squares = torch.zeros(rows, device=device)
        self.seen = torch.zeros(rows, device=device)
        self.step = 0

    def learn(self, batch: Batch) -> float:
        """Take one step; returns the loss."""
        ids, places = np.unique(np.concatenate([batch.left.ids, batch.right.ids]), return_inverse=True)
        rows, leaf, vectors = self._gathered(ids)
        split = len(batch.left.ids)
        left = functional.normalize(self._pooled(vectors, places[:split], batch.left))
        right = functional.normalize(self._pooled(vectors, places[split:], batch.right))
        same = (batch.left.same[:, None] == batch.left.same) | (batch.right.same[:, None] == batch.right.same)
        np.fill_diagonal(same, val=False)
        loss, *gradients = contrast(
            left.detach(), right.detach(), torch.from_numpy(same).to(self.device), scale=self.settings.scale
        )
        torch.autograd.backward([left, right], gradients)
        self._update(rows, leaf.grad)
        return loss

    def vectors(self) -> NDArray[np.float32]:
        """Give the vectors of all subwords; shape (vocabulary, dimensions)."""
        with torch.no_grad():
            parts = [
                self._gathered(np.arange(at, min(at + 10_000, self.vocabulary)))[2].cpu().numpy()
                for at in range(0, self.vocabulary, 10_000)
            ]
        return np.concatenate(parts)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        part = path.with_suffix(".part")
        torch.save({"table": self.table, "squares": self.squares, "seen": self.seen, "step": self.step}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        held = torch.load(path, map_location=self.device)
        self.table, self.squares, self.seen, self.step = (held[name] for name in ("table", "squares", "seen", "step"))

    def _gathered(self, ids: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Give the rows to learn, their values as the leaf of the gradient, and the vectors of these subwords."""
        scales = self.weights[torch.from_numpy(ids).to(self.device)][:, None]
        if self.parts is None:
            rows = torch.from_numpy(ids).to(self.device)
            leaf = self.table[rows].requires_grad_()
            return rows, leaf, leaf * scales
        grams, starts, lengths = self.parts.of(ids)
        kept, places = np.unique(grams, return_inverse=True)
        rows = torch.from_numpy(np.concatenate([ids, kept])).to(self.device)
        leaf = self.table[rows].requires_grad_()
        # The root keeps the sum as long as the subword's own vector, however many n-grams there are.
        shares = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
        shared = functional.embedding_bag(
            torch.from_numpy(places + len(ids)).to(self.device),
            leaf,
            torch.from_numpy(starts).to(self.device),
            mode="sum",
            per_sample_weights=torch.from_numpy(shares).to(self.device),
        )
        return rows, leaf, (leaf[: len(ids)] + shared) * scales

    def _pooled(self, vectors: torch.Tensor, places: NDArray[np.int64], side: Side) -> torch.Tensor:
        return functional.embedding_bag(
            torch.from_numpy(places).to(self.device), vectors, torch.from_numpy(side.starts).to(self.device), mode="sum"
        )

    def _update(self, rows: torch.Tensor, gradient: torch.Tensor | None) -> None:
        """Adam without momentum and with one second moment for each row, which only its own steps change."""
        if gradient is None:
            raise ValueError("Nothing was learnt from this batch: it has no texts.")
        settings = self.settings
        seen = self.seen[rows] + 1
        squares = self.squares[rows].lerp_(gradient.square().mean(dim=1), 1 - settings.forgetting)
        self.seen[rows], self.squares[rows] = seen, squares
        corrected = squares / (1 - settings.forgetting**seen)
        rate = settings.learning_rate * max(0.0, 1 - self.step / settings.steps)
        self.table.index_add_(0, rows, gradient * (-rate / (corrected.sqrt() + 1e-12))[:, None])
        self.step += 1


def contrast(
    left: torch.Tensor, right: torch.Tensor, same: torch.Tensor, *, scale: float
) -> tuple[float, torch.Tensor, torch.Tensor]:
    """Tell each text's translation from the others of the batch, both ways (InfoNCE; van den Oord et al. 2018).

    Written out with its gradient, because both directions share their exponentials.

    Args:
        left: Unit vectors, shape (batch, dimensions).
        right: Their translations.
        same: Shape (batch, batch); pairs that are no negatives, because one side of them is the same text.
        scale: Cosines are multiplied by it before the softmax.

    Returns:
        The loss, and its gradients for `left` and `right`.
    """
    cosines = left @ right.T
    powers = (cosines * scale).sub_(scale).exp_().masked_fill_(same, 0)  # a cosine is at most 1: nothing overflows
    rows, columns = powers.sum(dim=1), powers.sum(dim=0)
    diagonal = cosines.diagonal() * scale - scale
    loss = (rows.log() + columns.log() - 2 * diagonal).mean() / 2
    powers.mul_((0.5 / rows)[:, None] + 0.5 / columns)
    powers.diagonal().sub_(1)
    powers.mul_(scale / len(left))
    return float(loss), powers @ right, powers.T @ left


def run(training: Training, mixture: Mixture, checkpoint: Path, *, say: Callable[[str], None] = print) -> None:
    """Learn to the last step, from the checkpoint on if there is one; batches are drawn ahead in a thread."""
    settings = training.settings
    if checkpoint.exists():
        training.load(checkpoint)
        say(f"  on from step {training.step}")
    first, started, losses = training.step, time.monotonic(), []

    def drawn(step: int) -> Batch:
        return mixture.draw(size=settings.batch, seed=training.seed, step=step)

    with ThreadPoolExecutor(max_workers=1) as drawer:
        coming = [drawer.submit(drawn, first + ahead) for ahead in range(_AHEAD)]
        while training.step < settings.steps:
            losses.append(training.learn(coming.pop(0).result()))
            coming.append(drawer.submit(drawn, training.step + _AHEAD - 1))
            if training.step % settings.checkpoint == 0 or training.step == settings.steps:
                training.save(checkpoint)
                rate = (training.step - first) / (time.monotonic() - started)
                left = (settings.steps - training.step) / rate / 60
                mean = np.mean(losses[-settings.checkpoint :])
                say(f"  step {training.step:,}: loss {mean:.3f}, {rate:.1f} steps/s, {left:.0f} min left")
