"""Files that are being received: gone when they are done with, also after a crash, and safe from others."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index.errors import StoreError
from ui.incoming import IncomingFolder, sweep_up

KILLED = """
import os, signal, sys
from pathlib import Path
from ui.incoming import IncomingFolder
folder = IncomingFolder(Path(sys.argv[1]))
(folder.path / "0").write_bytes(b"half a fi")
os.kill(os.getpid(), signal.SIGKILL)
"""


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "incoming").rglob("*") if path.name != "lock")


def test_nothing_is_left_of_a_folder_that_is_closed_by_another_thread(tmp_path: Path) -> None:
    folder = IncomingFolder(tmp_path / "home")
    (folder.path / "0").write_bytes(b"text")
    thread = threading.Thread(target=folder.close)
    thread.start()
    thread.join()
    assert list((tmp_path / "home" / "incoming").iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    first = IncomingFolder(tmp_path)
    (first.path / "0").write_bytes(b"text")
    second = IncomingFolder(tmp_path)
    assert files(tmp_path) == sorted([first.path.name, second.path.name, "0"])
    second.close()
    assert (first.path / "0").read_bytes() == b"text"
    first.close()


def test_what_a_killed_process_left_goes_with_the_next_request(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == 2  # its folder, and the file in it
    folder = IncomingFolder(tmp_path)
    assert files(tmp_path) == [folder.path.name]
    folder.close()


def test_a_server_that_starts_sweeps_up_and_makes_nothing(tmp_path: Path) -> None:
    sweep_up(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "incoming" / "abandoned").mkdir(parents=True)
    held = IncomingFolder(tmp_path)
    sweep_up(tmp_path)
    assert files(tmp_path) == [held.path.name]
    held.close()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError, match="Files cannot be received on the server"):
        IncomingFolder(tmp_path / "home")
