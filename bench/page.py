"""What the page costs its readers: opening it, the time to an answer's first words, and many conversations at once.

    python -m bench.page [--visits N] [--questions N] [--conversations N]

`footnote serve` is a process of its own, over `seeds/`, without a chat model; the browser is Chromium. What Gradio
alone costs is measured in the same run, in turns: a bare `gr.ChatInterface` that echoes (`bench/echo_page.py`).
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.browsing import WARM_UP, Marks, Visit, answers, echo_site, footnote_site, visits
from bench.crowd import Heard, ask_at_once
from bench.measuring import spread
from rag.answers import Token, Turn
from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from ui.build import SEEDS, open_assistant
from ui.conversation import restored_exchange
from ui.settings import limit_threads, load_settings

PROGRAM = Path(sys.executable).parent / "footnote"
QUESTIONS = (
    "Wer leitet die Delegation aus Nordrhein-Westfalen?",
    "Milloin Lahden seudun ja Ishizakan sopimus solmittiin?",
    "リチウムイオン電池でノーベル賞を受賞したのは誰ですか？",
    "Who received the 2019 Nobel Prize in Chemistry?",
    "كم تبلغ قدرة مجمع نور ورزازات؟",
    "What was Dejima?",
    "Qui dirige l'alliance Renault-Nissan ?",
    "¿Qué potencia tiene la central Gorona del Viento?",
    "Chi inventò la pila?",
    "Где ходят электробусы в Германии?",
    "比亚迪是什么时候成立的？",
    "신칸센의 주파수는 얼마입니까?",
    "Hvornår blev Basel-konventionen undertegnet?",
    "Vem fick Nobelpriset i medicin från Japan?",
    "Kdo objevil polarografii?",
    "Ile pojemników służy do segregacji odpadów?",
    "Quantas turbinas tem a usina de Itaipu?",
    "Marmaray ne zaman açıldı?",
    "Wie werden Pumpspeicherkraftwerke genutzt?",
    "भारत पोलियो मुक्त कब घोषित हुआ?",
    "Πόση ενέργεια παράγει η Τήλος;",
    "Hoe heette de handelspost bij Nagasaki?",
    "Коли відбулася перша пересадка нирки?",
    "Tuyến metro Bến Thành – Suối Tiên dài bao nhiêu?",
    "ญี่ปุ่นผลิตรถยนต์ในประเทศไทยเมื่อใด",
    "Mikä on pullopantin suuruus?",
    "国民皆保険はいつ始まりましたか？",
    "Which plug do electric cars in Europe use?",
    "Wie viele Japaner leben in Düsseldorf?",
    "Kuinka kauan lento Helsingistä Tokioon kestää?",
)
TURNS = 3
"""Questions in each of the conversations that are held at once."""
# Where the time to the first text goes: from one mark to the next.
STAGES = (
    ("Gradio's page: key to request", "entered", "sent"),
    ("Gradio's queue: request to first message", "sent", "begun"),
    ("first message to text, page updates included", "begun", "received"),
    ("Gradio's page: text to sight", "received", "shown"),
)


def assistant_alone(home: Path, questions: Sequence[str]) -> list[float]:
    """Time the assistant without a page, in milliseconds to the first token."""
    taken = []
    with open_assistant(load_settings(home=home)) as assistant:
        for question in (*questions[:WARM_UP], *questions):
            started = time.perf_counter()
            next(
                event for event in assistant.stream(question, interface="en", explain=True) if isinstance(event, Token)
            )
            taken.append(1000 * (time.perf_counter() - started))
    return taken[WARM_UP:]


def conversations(count: int) -> list[list[str]]:
    """Deal out questions, so that neighbours never ask the same at the same time."""
    return [
        [QUESTIONS[(reader + turn * (reader // len(QUESTIONS) * 4 + 7)) % len(QUESTIONS)] for turn in range(TURNS)]
        for reader in range(count)
    ]


def mistaken(home: Path, heard: Heard) -> list[str]:
    """Tell which answers are not those that the assistant alone gives in the same conversation."""
    wrong: list[str] = []
    names: dict[str, int] = {}
    histories: dict[int, list[Turn]] = {}
    expected: dict[tuple[Turn, ...], dict[str, str]] = {}
    with open_assistant(load_settings(home=home)) as assistant:
        for asked in heard.asked:
            history = histories.setdefault(asked.reader, [])
            known = expected.setdefault(tuple(history), {})
            if asked.question not in known:
                known[asked.question] = assistant.ask(asked.question, history=history, interface="en").text
            exchange = restored_exchange(asked.kept["exchange"])
            text = exchange.answer.text if exchange.answer else ""
            owner = names.setdefault(asked.kept["conversation"], asked.reader)
            if (exchange.question, text, owner) != (asked.question, known[asked.question], asked.reader):
                wrong.append(f"Reader {asked.reader} asked {asked.question!r} and got {exchange.question!r}: {text!r}")
            history.append(Turn(asked.question, text))
    return wrong


@contextmanager
def served(command: Sequence[str | Path]) -> Iterator[tuple[str, int]]:
    """Run a server until the block ends; gives its address and its process.

    Its command lacks only the port, and it says a line with "ready" when it can be reached.
    """
    port = free_port()
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTE_", "OPENAI_"))}
    with subprocess.Popen([*command, str(port)], env=settings, stdout=subprocess.PIPE, encoding="utf-8") as server:
        try:
            if server.stdout is None or "ready" not in server.stdout.readline():
                sys.exit(f"{command[0]} could not be served.")
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def peak_memory(process: int) -> int:
    """Return the most memory that a process has held so far, in MiB; Linux only."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def visit_rows(ours: Sequence[Visit], bare: Sequence[Visit], *, cache: str) -> Iterator[str]:
    """Render what opening the two pages took."""
    yield _times_row(
        f"first paint, {cache} cache: median, worst", *([v.painted for v in some] for some in (ours, bare))
    )
    yield _times_row(
        f"ready to type, {cache} cache: median, worst", *([v.usable for v in some] for some in (ours, bare))
    )


def answer_rows(ours: Sequence[Marks], bare: Sequence[Marks], *, alone: Sequence[float]) -> Iterator[str]:
    """Render what answers took, and where the time to their first text went."""
    for name, end in (("first text", "shown"), ("whole answer", "done")):
        yield _times_row(
            f"key to {name}: median, p95", _between(ours, "entered", end), _between(bare, "entered", end), worst=_p95
        )
    for name, start, end in STAGES:
        yield _times_row(f"... {name}", _between(ours, start, end), _between(bare, start, end), worst=_p95)
    yield f"| the assistant alone, to its first token: median, p95 | {_median(alone):.0f}, {_p95(alone):.0f} ms | | |"


def crowd_rows(heard: Heard, *, wrong: Sequence[str]) -> Iterator[str]:
    """Render how many conversations at once went."""
    counts = f"{len(heard.asked)}, {len(heard.failures)}, {len(wrong)}"
    yield f"| answers, failures, answers that are not the asker's | {counts} |"
    for name, taken in (
        ("first text", [asked.first for asked in heard.asked]),
        ("whole answer", [asked.done for asked in heard.asked]),
    ):
        if taken:
            times = f"{_median(taken):.0f}, {_p95(taken):.0f}, {max(taken):.0f} ms"
            yield f"| question to {name}: median, p95, worst | {times} |"


def _times_row(
    name: str, ours: Sequence[float], bare: Sequence[float], *, worst: Callable[[Sequence[float]], float] = max
) -> str:
    ratio = _median(ours) / _median(bare) if _median(bare) else float("nan")
    shown = (f"{_median(taken):.0f}, {worst(taken):.0f} ms" for taken in (ours, bare))
    return f"| {name} | {' | '.join(shown)} | {ratio:.1f} |"


def _between(marks: Sequence[Marks], start: str, end: str) -> list[float]:
    return [one[end] - one[start] for one in marks]


def _median(taken: Sequence[float]) -> float:
    return spread(taken).p50


def _p95(taken: Sequence[float]) -> float:
    return spread(taken).p95


def main() -> None:
    """Print two tables; end with an error if a conversation failed or got what is not its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=10, help="how often each page is opened")
    parser.add_argument("--questions", type=int, default=len(QUESTIONS), help="how many are asked one by one")
    parser.add_argument("--conversations", type=int, default=50, help="how many are held at once")
    options = parser.parse_args()
    limit_threads()
    questions = QUESTIONS[: options.questions]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run([PROGRAM, "--home", home, "ingest", SEEDS], stdout=subprocess.DEVNULL, check=True)
        serve: list[str | Path] = [PROGRAM, "--home", home, "serve", "--port"]
        with served(serve) as (url, process), served([sys.executable, "-m", "bench.echo_page"]) as (bare_url, _):
            memory = [peak_memory(process)]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
                sites = (footnote_site(url), echo_site(bare_url))
                visited = visits(browser, sites, count=options.visits)
                ours, bare = (answers(browser, site, questions) for site in sites)
                browser.close()
            memory.append(peak_memory(process))
            heard = asyncio.run(ask_at_once(url, conversations(options.conversations)))
            memory.append(peak_memory(process))
        alone = assistant_alone(home, questions)
        wrong = mistaken(home, heard)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}\n")
    print("| one reader | Footnote | bare Gradio | ratio |\n|---|---|---|---|")
    for full in (False, True):
        of_site = (visited[site.url, full] for site in sites)
        print(*visit_rows(*of_site, cache="full" if full else "empty"), sep="\n")
    print(*answer_rows(ours, bare, alone=alone), sep="\n")
    print(f"\n| {options.conversations} conversations of {TURNS} questions at once | |\n|---|---|")
    print(*crowd_rows(heard, wrong=wrong), sep="\n")
    print(f"| the server's peak memory: ready, one reader, all | {', '.join(map(str, memory))} MiB |")
    for problem in (*heard.failures, *wrong):
        print(problem, file=sys.stderr)
    if heard.failures or wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
