"""The header `Idempotency-Key` on uploads: a request that is sent again, at once, later, after a restart or a crash."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from index.embedding import StaticEmbedder
from index.errors import EmbeddingError
from tests.ui.api.served_documents import DOCUMENTS, Held, HeldEmbedder, Served, form, pieces, post
from ui.api import adding
from ui.idempotency import IDEMPOTENCY_FILE

LAHTI = "Lahti on kaupunki Suomessa."
OSAKA = "大阪は日本の都市です。"
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def served(tmp_path: Path, bundled: StaticEmbedder) -> Served:
    return Served(tmp_path / "home", HeldEmbedder(bundled))


@pytest.fixture
def client(served: Served) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


def send(client: TestClient, *files: tuple[str, str], **headers: str) -> tuple[int, str | None, str]:
    """Send files under the key; return the status, whether the response is an earlier one, and its body."""
    response = client.post(DOCUMENTS, files=[("files", file) for file in files], headers={**KEY, **headers})
    return response.status_code, response.headers.get("idempotency-replayed"), response.text


def test_the_same_request_gets_the_same_response_and_does_nothing(client: TestClient, served: Served) -> None:
    first = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)}, headers=KEY)
    client.delete(first.headers["location"])
    again = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)}, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in first.headers
    assert served.stored() == []


def test_a_key_outlives_a_restart(client: TestClient, served: Served) -> None:
    _, _, first = send(client, ("lahti.txt", LAHTI))
    assert send(served.client(), ("lahti.txt", LAHTI)) == (201, "true", first)


def test_a_key_may_stand_in_quotation_marks(client: TestClient) -> None:
    send(client, ("lahti.txt", LAHTI))
    assert send(client, ("lahti.txt", LAHTI), **{"Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'})[:2] == (201, "true")


@pytest.mark.parametrize(
    "files",
    [
        [("lahti.txt", OSAKA)],
        [("other.txt", LAHTI)],
        [("lahti.txt", LAHTI), ("osaka.txt", OSAKA)],
    ],
    ids=["other-bytes", "other-name", "more"],
)
def test_a_key_of_another_request_is_refused(client: TestClient, served: Served, files: list[tuple[str, str]]) -> None:
    send(client, ("lahti.txt", LAHTI))
    response = client.post(DOCUMENTS, files=[("files", file) for file in files], headers=KEY)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/invalid")
    assert response.json()["detail"] == (
        "The Idempotency-Key was used for another request: give each request one of its own."
    )
    assert served.stored() == ["lahti.txt"]
    assert served.left_over() == []


def test_pages_have_keys_as_well(client: TestClient, served: Served) -> None:
    served.web.pages = {"https://example.org/": LAHTI, "https://example.org/osaka": OSAKA}
    first = client.post(DOCUMENTS, json={"url": "https://example.org/"}, headers=KEY)
    served.web.pages["https://example.org/"] = OSAKA
    again = client.post(DOCUMENTS, json={"urls": ["https://example.org/"]}, headers=KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    other = client.post(DOCUMENTS, json={"url": "https://example.org/osaka"}, headers=KEY)
    assert other.status_code == 422


def test_keys_of_different_callers_are_different_keys(client: TestClient) -> None:
    assert send(client, ("lahti.txt", LAHTI), **{"x-test-caller": "Aino"})[:2] == (201, None)
    assert send(client, ("osaka.txt", OSAKA), **{"x-test-caller": "Kullervo"})[:2] == (
        201,
        None,
    )
    assert send(client, ("lahti.txt", LAHTI), **{"x-test-caller": "Aino"})[:2] == (201, "true")


def test_of_two_at_once_one_works_and_the_other_is_told_to_come_back(client: TestClient, served: Served) -> None:
    held, first = Held(), []
    served.embedder.before = held.wait
    thread = threading.Thread(target=lambda: first.append(send(client, ("lahti.txt", LAHTI))))
    thread.start()
    assert held.reached.wait(timeout=30)
    second = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)}, headers=KEY)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/conflict")
    assert second.headers["retry-after"] == "5"
    other = client.post(DOCUMENTS, files={"files": ("osaka.txt", OSAKA)}, headers=KEY)
    assert other.status_code == 422
    held.go_on.set()
    thread.join(timeout=30)
    assert first[0][:2] == (201, None)
    assert send(client, ("lahti.txt", LAHTI)) == (201, "true", first[0][2])
    assert served.stored() == ["lahti.txt"]


def test_a_request_that_added_nothing_can_be_sent_again(client: TestClient, served: Served) -> None:
    def fail() -> None:
        raise EmbeddingError("The model does not answer.")

    assert send(client, ("empty.md", ""))[:2] == (422, None)
    served.embedder.before = fail
    assert send(client, ("lahti.txt", LAHTI))[:2] == (503, None)
    served.embedder.before = lambda: None
    assert send(client, ("lahti.txt", LAHTI))[:2] == (201, None)


def test_a_request_that_added_a_part_is_kept(client: TestClient) -> None:
    first = send(client, ("lahti.txt", LAHTI), ("empty.md", ""))
    assert first[:2] == (207, None)
    assert send(client, ("lahti.txt", LAHTI), ("empty.md", "")) == (207, "true", first[2])


def test_a_mistake_of_ours_frees_the_key(client: TestClient, served: Served) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    served.embedder.before = fail
    assert send(client, ("lahti.txt", LAHTI))[0] == 500
    served.embedder.before = lambda: None
    assert send(client, ("lahti.txt", LAHTI))[:2] == (201, None)


def test_a_sender_who_goes_away_has_not_used_the_key(client: TestClient, served: Served) -> None:
    half = form(("lahti.txt", LAHTI.encode()), whole=False)
    gone = pieces(half, then={"type": "http.disconnect"})
    assert asyncio.run(post(served.app(), gone, idempotency_key=KEY["Idempotency-Key"]))[0] == 499
    assert send(client, ("osaka.txt", OSAKA))[:2] == (201, None)


def test_a_crash_blocks_the_key_until_the_lease_ends(client: TestClient, served: Served) -> None:
    send(client, ("lahti.txt", LAHTI))
    with sqlite3.connect(served.home / IDEMPOTENCY_FILE) as connection:  # as a killed process leaves it
        connection.execute("UPDATE requests SET status = NULL, until = until - 86400 + 60")
    connection.close()
    assert send(client, ("lahti.txt", LAHTI))[0] == 409
    with sqlite3.connect(served.home / IDEMPOTENCY_FILE) as connection:
        connection.execute("UPDATE requests SET until = until - 120")
    connection.close()
    status, replayed, body = send(client, ("lahti.txt", LAHTI))
    assert (status, replayed) == (200, None)
    assert '"state":"unchanged"' in body


def test_work_that_takes_longer_than_its_lease_keeps_the_key(
    client: TestClient, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed, held = threading.Event(), Held()
    monkeypatch.setattr(adding, "LEASE_SECONDS", 0.03)  # how often the lease is renewed: every 10 ms
    monkeypatch.setattr("ui.idempotency.IdempotencyStore.renew", lambda *_: renewed.set())
    served.embedder.before = held.wait
    thread = threading.Thread(target=lambda: send(client, ("lahti.txt", LAHTI)))
    thread.start()
    assert held.reached.wait(timeout=30)
    assert renewed.wait(timeout=30)
    held.go_on.set()
    thread.join(timeout=30)
    time.sleep(0.05)  # one may be on its way
    renewed.clear()
    assert not renewed.wait(timeout=0.1)


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, '"open'], ids=["empty", "space", "long", "open"])
def test_what_is_no_key_is_refused(client: TestClient, served: Served, key: str) -> None:
    response = client.post(DOCUMENTS, files={"files": ("a.txt", LAHTI)}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "The Idempotency-Key is no key: give 1 to 255 visible ASCII characters, such as a UUID.",
    )
    assert served.stored() == []


def test_keys_that_cannot_be_kept_stop_the_request_before_it_does_anything(client: TestClient, served: Served) -> None:
    served.home.mkdir(exist_ok=True)
    (served.home / IDEMPOTENCY_FILE).write_bytes(b"no database" * 100)
    assert send(client, ("lahti.txt", LAHTI))[0] == 503
    assert (served.stored(), served.left_over()) == ([], [])
