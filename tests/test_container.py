"""Dockerfile and compose.yaml, as far as they can be checked without Docker: no engine is needed to run this."""

import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from ui.cli import app
from ui.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
OURS = ("footnote", "ingest", "slack")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, with continued lines joined."""
    lines = [line for line in DOCKERFILE.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in joined.splitlines())]


def last_stage() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, rest in instructions():
        if name == "FROM":
            found = {}
        found.setdefault(name, []).append(rest)
    return found


def in_context(path: str) -> bool:
    """Whether a file is sent to the engine, by the rules of .dockerignore that ours needs: the last that matches."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        sent_if_matched, pattern = pattern.startswith("!"), pattern.removeprefix("!")
        parts = Path(path).parts
        if pattern.startswith("**/"):
            matched = any(fnmatch(part, pattern[3:]) for part in parts)
        else:
            matched = fnmatch(parts[0], pattern)
        if matched:
            sent = sent_if_matched
    return sent


@pytest.fixture(scope="module")
def compose() -> Any:
    """As Compose reads it where no variable is set."""
    return yaml.safe_load(re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", COMPOSE))


@pytest.fixture(scope="module")
def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_file_that_is_copied_is_there_and_sent_to_the_engine() -> None:
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert sorted(Path(source).name for source in copied) == [
        *("LICENSE", "README.md", "constraints.txt", "index", "prompts", "pyproject.toml", "rag", "seeds", "ui"),
    ]
    for source in copied:
        assert (ROOT / source).exists()
        assert in_context(source)
        if (ROOT / source).is_dir():
            files = [path for path in (ROOT / source).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
            kept = [path for path in files if in_context(path.relative_to(ROOT).as_posix())]
            assert [path for path in files if path not in kept and not path.name.startswith(".")] == []


def test_the_packages_of_the_wheel_are_all_copied() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    copied = {rest.split()[0] for name, rest in instructions() if name == "COPY"}
    assert set(wheel["wheel"]["packages"]) <= copied


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        ".footnote/catalog.sqlite3",
        "tests/conftest.py",
        "ui/.env",
        "notes.md",
    ],
)
def test_keys_indexes_and_history_are_not_sent(path: str) -> None:
    assert not in_context(path)


def test_what_is_installed_is_what_the_project_says_without_torch(project: Any) -> None:
    command = next(rest for name, rest in instructions() if name == "RUN" and "requirements.txt" in rest)
    code = shlex.split(command.partition(">")[0].replace(r"\n", r"\\n"))[2].replace(r"\\n", r"\n")
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout.splitlines()
    extras = project["optional-dependencies"]
    assert printed == [*project["dependencies"], *extras["mcp"], *extras["slack"], *extras["tracing"]]
    assert not any(re.match("torch|sentence-transformers", line) for line in printed)
    assert "--constraint constraints.txt --requirement requirements.txt" in command


def test_the_image_has_a_python_that_the_project_supports(project: Any) -> None:
    images = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert images == ["python:3.11-slim"] * 2
    assert project["requires-python"] == ">=3.11"
    assert "Programming Language :: Python :: 3.11" in project["classifiers"]


def test_the_image_runs_the_command_itself_and_not_as_root() -> None:
    stage = last_stage()
    assert json.loads(stage["ENTRYPOINT"][0]) == ["footnote"]
    assert json.loads(stage["CMD"][0]) == ["serve", "--host", "0.0.0.0"]  # noqa: S104 - the container's own
    assert stage["USER"] == ["10001:10001"]
    assert [name for name, _ in instructions()].index("USER") > [name for name, _ in instructions()].index("VOLUME")
    assert stage["VOLUME"] == ["/data"]
    assert stage["EXPOSE"] == ["7860"]


def test_everything_that_is_written_goes_to_the_volume_or_to_tmp() -> None:
    environment = dict(assignment.split("=", 1) for assignment in last_stage()["ENV"][0].split())
    assert environment["FOOTNOTE_HOME"] == environment["HOME"] == "/data"
    caches = {name: path for name, path in environment.items() if name.endswith(("CACHE_HOME", "_TEMP_DIR", "HF_HOME"))}
    assert len(caches) == 3
    assert {path.split("/")[1] for path in caches.values()} == {"tmp"}
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"


@contextmanager
def server(status: int) -> Iterator[int]:
    """A server whose health is this."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/api/health/live" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield listening.server_port
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1), (None, 1)], ids=["well", "unwell", "gone"])
def test_the_health_check_tells_a_server_that_answers_from_one_that_does_not(status: int | None, expected: int) -> None:
    python, option, code = json.loads(last_stage()["HEALTHCHECK"][0].partition("CMD ")[2])
    assert (python, option, code.count("7860")) == ("python", "-c", 1)
    with server(status or 200) as port:
        asked = port if status else 1
        ended = subprocess.run(
            [sys.executable, "-S", "-c", code.replace("7860", str(asked))], check=False, capture_output=True
        )
    assert ended.returncode == expected


def test_compose_publishes_the_page_on_this_machine_alone(compose: Any) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"footnote": ["127.0.0.1:7860:7860"]}
    assert compose["services"]["footnote"]["environment"] == {
        "FOOTNOTE_HOME": "/data",
        "FOOTNOTE_OPEN": "on",
        "FOOTNOTE_PUBLIC_URL": "http://127.0.0.1:7860",
    }
    assert not any("network_mode" in service for service in compose["services"].values())


def test_compose_gives_our_services_no_more_than_they_need(compose: Any) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - in the container
        data, documents = service["volumes"]
        assert data == "data:/data"
        assert (documents["type"], documents["source"], documents["target"]) == ("bind", "./seeds", "/documents")
        assert documents["read_only"] is True
        assert documents["bind"] == {"create_host_path": False}
        assert not {"user", "privileged", "cap_add", "devices", "pid"} & set(service)
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in compose["services"].values())


def test_compose_has_what_it_names(compose: Any) -> None:
    services = compose["services"]
    used = [volume for service in services.values() for volume in service.get("volumes", [])]
    assert {volume.split(":")[0] for volume in used if isinstance(volume, str)} == set(compose["volumes"])
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert "profiles" not in services[needed] or how.get("required") is False or "profiles" in service
            if how["condition"] == "service_healthy":
                assert needed == "footnote" or "test" in services[needed]["healthcheck"]


def test_compose_starts_the_page_and_the_documents_alone_unless_a_profile_is_named(compose: Any) -> None:
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}
    assert profiles == {
        "footnote": None,
        "ingest": None,
        "slack": ["slack"],
        "chroma": ["chroma"],
        "ollama": ["ollama"],
        "ollama-model": ["ollama"],
    }


def test_images_of_others_are_pinned_and_chroma_is_the_one_that_is_tested(compose: Any) -> None:
    images = [service["image"] for service in compose["services"].values() if service["image"] != "footnote"]
    assert all(re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", image) for image in images)
    version = re.search(r"^chromadb==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert f"chromadb/chroma:{version[1]}" in images


def test_commands_and_settings_in_compose_exist(compose: Any) -> None:
    commands = set(getattr(get_command(app), "commands"))  # noqa: B009 - Click's groups have it, the type does not say so
    for name in OURS:
        command = compose["services"][name].get("command", ["serve"])
        assert command[0] in commands
    named = set(re.findall(r"\bFOOTNOTE_[A-Z_]+\b", COMPOSE)) - {"FOOTNOTE_DOCUMENTS", "FOOTNOTE_PORT"}
    named |= set(re.findall(r"\b(?:OPENAI|SLACK)_[A-Z_]+\b", COMPOSE))
    known = {f"FOOTNOTE_{field}".upper() for field in Settings.model_fields} | {
        field.upper() for field in Settings.model_fields
    }
    assert named <= known


def test_answers_on_their_way_have_time_to_be_finished(compose: Any) -> None:
    from ui.listening import SECONDS_TO_ANSWER

    for name in ("footnote", "slack"):
        service = compose["services"][name]
        assert int(service["stop_grace_period"].removesuffix("s")) > SECONDS_TO_ANSWER
        assert service["init"] is True
        assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize(("is_there", "pulled"), [(True, []), (False, ["qwen3:4b"])], ids=["there", "missing"])
def test_a_model_that_is_there_is_not_downloaded_again(
    compose: Any, tmp_path: Path, is_there: bool, pulled: list[str]
) -> None:
    service = compose["services"]["ollama-model"]
    ollama = tmp_path / "ollama"
    ollama.write_text(f'#!/bin/sh\ncase "$1" in show) exit {0 if is_there else 1};; pull) echo "$2";; esac\n')
    ollama.chmod(0o755)
    command = [part.replace("$$", "$") for part in (*service["entrypoint"], *service["command"])]
    ended = subprocess.run(
        command, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == pulled
