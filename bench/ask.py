"""What one `footnote ask` costs as a whole process: wall time and peak memory, extractive path, warm disk cache.

    python -m bench.ask [--runs N]

Indexes `seeds/` in a home of its own. The peer in the same run is the same question with the same vectors, run by
sentence-transformers and torch, as the usual pipeline runs its model.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from index.embedding import BUNDLED_MODEL_FOLDER
from ui.build import SEEDS

PROGRAM = Path(sys.executable).parent / "footnote"
QUESTIONS = (
    "Wer leitet die Delegation aus Nordrhein-Westfalen?",
    "Milloin Lahden seudun ja Ishizakan sopimus solmittiin?",
    "リチウムイオン電池でノーベル賞を受賞したのは誰ですか？",
    "Who received the 2019 Nobel Prize in Chemistry?",
    "كم تبلغ قدرة مجمع نور ورزازات؟",
)


def measure(home: str, environment: dict[str, str], *, runs: int) -> tuple[list[float], int]:
    """Ask each question `runs` times; return wall times in seconds and the greatest resident memory in MiB."""
    seconds, most = [], 0
    for question in QUESTIONS * runs:
        started = time.perf_counter()
        process = subprocess.Popen(
            [PROGRAM, "--home", home, "ask", question], env=environment, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds.append(time.perf_counter() - started)
        if process.returncode:
            raise SystemExit(f"footnote ask ended with status {process.returncode}.")
        most = max(most, usage.ru_maxrss // 1024)
    return seconds, most


def main() -> None:
    """Print one line for each way to run the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each question is asked")
    runs = parser.parse_args().runs
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    medians = {}
    for name, extra in (
        ("default", {}),
        ("sentence-transformers", {"FOOTNOTE_EMBEDDING_MODEL": str(BUNDLED_MODEL_FOLDER)}),
    ):
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, **extra}
            subprocess.run(
                [PROGRAM, "--home", home, "ingest", SEEDS], env=environment, stdout=subprocess.DEVNULL, check=True
            )
            measure(home, environment, runs=1)  # warms the disk cache
            seconds, most = measure(home, environment, runs=runs)
        medians[name] = statistics.median(seconds)
        print(f"{name:<24} median {medians[name]:5.2f} s  slowest {max(seconds):5.2f} s  peak memory {most:4d} MiB")
    print(f"ratio of the medians: {medians['sentence-transformers'] / medians['default']:.1f}")


if __name__ == "__main__":
    main()
