"""Write constraints.txt from what is installed. Called by `make constraints`."""

import re
import subprocess
import sys
from pathlib import Path

HEAD = "# Every package of `make install` and `make test`, pinned. Made by `make constraints`.\n"
OURS_AND_PIPS = {"footnote", "pip", "setuptools"}


def main() -> None:
    """Freeze, without ourselves and without local versions such as torch's +cpu."""
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable"], check=True, capture_output=True, text=True
    ).stdout
    pins = [re.sub(r"\+\w+$", "", line) for line in frozen.splitlines() if "==" in line]
    kept = [pin for pin in pins if pin.partition("==")[0].lower() not in OURS_AND_PIPS]
    Path("constraints.txt").write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
