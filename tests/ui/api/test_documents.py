"""The documents over HTTP: what is listed, read, added and removed, and what nobody can do to them."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from anyio import CapacityLimiter
from filelock import FileLock
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from index.embedding import StaticEmbedder
from index.errors import EmbeddingError
from index.fetching import fetch_page
from tests.ui.api.served_documents import (
    DOCUMENTS,
    FORM_HEADERS,
    MAX_BYTES,
    Held,
    HeldEmbedder,
    HomeAssistant,
    Served,
    form,
    pieces,
    post,
)
from ui.answering import Answering
from ui.api.app import create_api
from ui.api.receiving import Limits, receive_files
from ui.api.refusals import RefusalError
from ui.document_ids import document_id
from ui.feedback import FeedbackStore
from ui.problems import Problem

LAHTI = "Lahti on kaupunki Suomessa."
OSAKA = "大阪は日本の都市です。"
CAIRO = "القاهرة عاصمة مصر."
UPLOADS = "home/uploads"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Served:
    return Served(tmp_path_factory.mktemp("documents") / "home", HeldEmbedder(bundled))


@pytest.fixture(scope="module")
def _client(served: Served) -> Iterator[TestClient]:
    with served.client() as client:
        yield client


@pytest.fixture
def client(_client: TestClient, served: Served) -> Iterator[TestClient]:
    """The API over a home that is empty before and after."""
    yield _client
    served.embedder.before = lambda: None
    served.web.pages.clear()
    served.web.before = lambda: None
    for source in served.sources():
        assert _client.delete(f"{DOCUMENTS}/{document_id(source)}").status_code == 200
    assert served.stored() == []
    assert served.left_over() == []


def upload(client: TestClient, *files: tuple[str, str | bytes], **headers: str) -> tuple[int, list[dict[str, object]]]:
    """Send files; return the status and what became of each."""
    response = client.post(DOCUMENTS, files=[("files", file) for file in files], headers=headers)
    return response.status_code, response.json()["documents"]


def problem(response: object) -> tuple[int, str, str]:
    """Status, type and detail of a problem; it is checked to be one."""
    assert hasattr(response, "json")
    assert hasattr(response, "headers")
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    return told["status"], told["type"], told["detail"]


# -- Adding files ------------------------------------------------------------------------------------------------------


def test_a_new_file_is_indexed_and_named_in_the_location(client: TestClient, served: Served) -> None:
    response = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)})
    assert response.status_code == 201
    id_ = document_id(f"{UPLOADS}/lahti.txt")
    assert response.json() == {
        "documents": [
            {
                "name": "lahti.txt",
                "id": id_,
                "document": f"{UPLOADS}/lahti.txt",
                "state": "indexed",
                "reason": None,
                "chunks": 1,
            }
        ]
    }
    assert response.headers["location"] == f"{DOCUMENTS}/{id_}"
    assert client.get(response.headers["location"]).json()["text"] == LAHTI
    assert (served.home / "uploads" / "lahti.txt").read_text(encoding="utf-8") == LAHTI


def test_the_same_bytes_again_are_unchanged(client: TestClient) -> None:
    upload(client, ("lahti.txt", LAHTI))
    status, (again,) = upload(client, ("toinen.txt", LAHTI))
    assert (status, again["state"], again["document"]) == (200, "unchanged", f"{UPLOADS}/lahti.txt")
    assert again["reason"] == "already there as 'lahti.txt'"


def test_another_file_of_the_same_name_is_kept_beside(client: TestClient) -> None:
    upload(client, ("a.txt", LAHTI))
    status, (second,) = upload(client, ("a.txt", OSAKA))
    assert (status, second["document"]) == (201, f"{UPLOADS}/a (2).txt")
    assert second["reason"] == "kept as 'a (2).txt', beside another document named 'a.txt'"


def test_of_several_files_those_that_fail_leave_nothing(client: TestClient, served: Served) -> None:
    status, documents = upload(
        client,
        ("lahti.md", f"# Lahti\n\n{LAHTI}"),
        ("empty.md", ""),
        ("scan.pdf", b"%PDF-1.7"),
        ("broken.txt", b"text \x00\x81\xfe\xff text"),
        ("大阪.txt", OSAKA),
    )
    assert status == 207
    assert [(document["name"], document["state"]) for document in documents] == [
        ("lahti.md", "indexed"),
        ("empty.md", "failed"),
        ("scan.pdf", "failed"),
        ("broken.txt", "failed"),
        ("大阪.txt", "indexed"),
    ]
    assert documents[1] == {
        "name": "empty.md",
        "id": None,
        "document": "empty.md",
        "state": "failed",
        "reason": "'empty.md' is empty: write something into it, or delete it.",
        "chunks": 0,
    }
    assert str(documents[2]["reason"]).startswith("'scan.pdf' is of an unknown type '.pdf'")
    assert served.stored() == ["lahti.md", "大阪.txt"]
    assert served.sources() == [f"{UPLOADS}/lahti.md", f"{UPLOADS}/大阪.txt"]


def test_if_all_files_fail_the_response_is_a_problem_with_their_outcomes(client: TestClient) -> None:
    response = client.post(DOCUMENTS, files=[("files", ("a.md", "")), ("files", ("b.pdf", "x"))])
    status, kind, detail = problem(response)
    assert (status, kind) == (422, "/problems/invalid")
    assert detail == "Nothing was added. One of 2 reasons: 'a.md' is empty: write something into it, or delete it."
    assert [document["name"] for document in response.json()["documents"]] == ["a.md", "b.pdf"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\windows\\a.md", "a.md"),
        ("/etc/cron.d/job.txt", "job.txt"),
        ("a\u202egpj.md", "agpj.md"),
        ("😀 hymy.md", "😀 hymy.md"),
        ("ä" * 300 + ".md", "ä" * 98 + ".md"),
        ("nul.md", "_nul.md"),
        (".hidden.md", "hidden.md"),
        ("a%2F..%2Fb.md", "a%2F..%2Fb.md"),
        ("<img src=x onerror=alert(1)>.md", "_img src=x onerror=alert(1)_.md"),
    ],
    ids=["parents", "backslashes", "absolute", "right-to-left", "emoji", "long", "device", "hidden", "escaped", "html"],
)
def test_a_hostile_file_name_becomes_a_harmless_one(
    client: TestClient, served: Served, given: str, stored: str
) -> None:
    response = client.post(DOCUMENTS, content=form((given, LAHTI.encode())), headers=FORM_HEADERS)
    assert [document["document"] for document in response.json()["documents"]] == [f"{UPLOADS}/{stored}"]
    assert served.stored() == [stored]


@pytest.mark.parametrize("given", [b"a\x00b.md", b"lat\xefn.md"], ids=["nul", "latin-1"])
def test_a_file_name_of_stray_bytes_becomes_a_harmless_one(client: TestClient, served: Served, given: bytes) -> None:
    body = form(("NAME", LAHTI.encode())).replace(b"NAME", given)
    assert client.post(DOCUMENTS, content=body, headers=FORM_HEADERS).status_code == 201
    assert served.stored() == [{b"a\x00b.md": "ab.md", b"lat\xefn.md": "latïn.md"}[given]]


def no_model() -> None:
    raise EmbeddingError("The model does not answer. Try again.")


def test_a_model_that_does_not_answer_leaves_nothing_and_the_sender_can_come_back(
    client: TestClient, served: Served
) -> None:
    served.embedder.before = no_model
    response = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)})
    assert problem(response) == (503, "/problems/unavailable", "The model does not answer. Try again.")
    assert response.headers["retry-after"] == "5"
    assert [document["state"] for document in response.json()["documents"]] == ["failed"]
    assert (served.stored(), served.sources(), served.left_over()) == ([], [], [])


def test_if_all_files_fail_and_one_may_succeed_later_the_sender_can_come_back(
    client: TestClient, served: Served
) -> None:
    served.embedder.before = no_model
    files = [("files", ("a.md", "")), ("files", ("lahti.txt", LAHTI))]
    response = client.post(DOCUMENTS, files=files)
    assert problem(response) == (
        503,
        "/problems/unavailable",
        "Nothing was added. One of 2 reasons: The model does not answer. Try again.",
    )
    assert response.headers["retry-after"] == "5"
    assert [document["name"] for document in response.json()["documents"]] == ["a.md", "lahti.txt"]


def test_while_another_ingest_runs_senders_are_told_to_come_back(client: TestClient, served: Served) -> None:
    address = "https://example.org/"
    served.web.pages[address] = OSAKA
    upload(client, ("lahti.txt", LAHTI))
    id_ = document_id(f"{UPLOADS}/lahti.txt")
    impatient = served.client(wait=0)
    with FileLock(served.home / "ingest.lock"):
        responses = [
            impatient.post(DOCUMENTS, files={"files": ("a.txt", CAIRO)}),
            impatient.post(DOCUMENTS, json={"url": address}),
            impatient.post(f"{DOCUMENTS}/{id_}/reindex"),
            impatient.delete(f"{DOCUMENTS}/{id_}"),
        ]
    for response in responses:
        told = "Another ingest is running in 'home'. Wait until it ends, then try again."
        assert problem(response) == (503, "/problems/unavailable", told)
        assert response.headers["retry-after"] == "5"
    assert (served.stored(), served.sources()) == (["lahti.txt"], [f"{UPLOADS}/lahti.txt"])
    assert client.get(f"{DOCUMENTS}/{id_}").json()["state"] == "indexed"


def test_after_a_mistake_of_ours_the_same_file_can_be_sent_again(client: TestClient, served: Served) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    served.embedder.before = fail
    response = client.post(DOCUMENTS, files={"files": ("lahti.txt", LAHTI)})
    assert problem(response)[:2] == (500, "/problems/failed")
    assert served.left_over() == []
    served.embedder.before = lambda: None
    assert upload(client, ("lahti.txt", LAHTI))[0] == 201


# -- What is no upload -------------------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_refused_with_the_limit(client: TestClient, served: Served) -> None:
    response = client.post(DOCUMENTS, files={"files": ("large.txt", "a" * (MAX_BYTES + 1))})
    assert problem(response) == (
        413,
        "/problems/too-large",
        "'large.txt' has more than the limit of 0.0038147 MiB: split it, or raise FOOTNOTE_MAX_FILE_MB on the server.",
    )
    assert response.headers["connection"] == "close"
    assert served.left_over() == []


def test_a_file_of_the_largest_size_is_taken(client: TestClient) -> None:
    assert upload(client, ("large.txt", (LAHTI + "\n") * (MAX_BYTES // 28)))[0] == 201


def test_a_large_file_among_others_takes_all_with_it(client: TestClient, served: Served) -> None:
    files = [("files", ("a.txt", LAHTI)), ("files", ("large.txt", "a" * (MAX_BYTES + 1)))]
    assert problem(client.post(DOCUMENTS, files=files))[0] == 413
    assert (served.stored(), served.left_over()) == ([], [])


def test_a_form_that_says_it_is_too_large_is_not_read(client: TestClient) -> None:
    headers = {**FORM_HEADERS, "content-length": "1000000000"}
    told = problem(client.post(DOCUMENTS, content=b"x", headers=headers))
    assert told[::2] == (413, "The form has more than the limit of 0.038147 MiB: send its files in several requests.")


def test_a_form_of_too_many_files_is_refused(client: TestClient, served: Served) -> None:
    body = form(*((f"{number}.txt", b"") for number in range(101)))
    response = client.post(DOCUMENTS, content=body, headers=FORM_HEADERS)
    assert problem(response)[::2] == (413, "The form has more than 100 files: send them in several requests.")
    assert served.left_over() == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (form(("a.txt", b"text"), whole=False), "The form is cut off: its last boundary is missing. Send it again."),
        (b"", "The form is cut off: its last boundary is missing. Send it again."),
        (form(), "The form has no file: send one or more in the field 'files'."),
        (b"no form at all", "The body is no multipart form: send it as multipart/form-data with its boundary."),
        (
            form(("a.txt", b"text"), name="file"),
            "The form has a field 'file' that is not expected: send files, each with its file name, in the field"
            " 'files'.",
        ),
        (
            form(("a.txt", b"text")).replace(b'; filename="a.txt"', b""),
            "The form has a field 'files' that is not expected: send files, each with its file name, in the field"
            " 'files'.",
        ),
    ],
    ids=["cut-off", "nothing", "no-file", "no-form", "other-field", "no-file-name"],
)
def test_a_form_without_whole_files_is_refused(client: TestClient, served: Served, body: bytes, detail: str) -> None:
    response = client.post(DOCUMENTS, content=body, headers=FORM_HEADERS)
    assert problem(response) == (422, "/problems/invalid", detail)
    assert (served.stored(), served.left_over()) == ([], [])


def test_a_form_without_a_boundary_is_refused(client: TestClient) -> None:
    response = client.post(DOCUMENTS, content=b"x", headers={"content-type": "multipart/form-data"})
    assert problem(response)[0] == 422


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", ""], ids=["text", "form", "none"]
)
def test_other_media_types_are_refused(client: TestClient, media_type: str) -> None:
    headers = {"content-type": media_type} if media_type else {}
    assert problem(client.post(DOCUMENTS, content=b"x", headers=headers)) == (
        415,
        "/problems/media-type",
        "Send files as multipart/form-data in the field 'files', or addresses as application/json.",
    )


def test_nothing_is_changed_where_uploads_are_off(client: TestClient, served: Served) -> None:
    upload(client, ("lahti.txt", LAHTI))
    id_ = document_id(f"{UPLOADS}/lahti.txt")
    off = served.client(writable=False)
    for response in (
        off.post(DOCUMENTS, files={"files": ("a.txt", OSAKA)}),
        off.post(DOCUMENTS, json={"url": "https://example.org/"}),
        off.post(f"{DOCUMENTS}/{id_}/reindex"),
        off.delete(f"{DOCUMENTS}/{id_}"),
    ):
        assert problem(response)[:2] == (403, "/problems/uploads-off")
    assert off.get(f"{DOCUMENTS}/{id_}/text").json()["text"] == LAHTI
    assert served.stored() == ["lahti.txt"]


# -- On the way in -----------------------------------------------------------------------------------------------------


def test_a_sender_who_goes_away_leaves_nothing(client: TestClient, served: Served) -> None:
    half = form(("lahti.txt", LAHTI.encode()), whole=False)
    status, _ = asyncio.run(post(served.app(), pieces(half, then={"type": "http.disconnect"})))
    assert status == 499
    assert client.get(DOCUMENTS).json()["documents"] == []
    assert (served.stored(), served.left_over()) == ([], [])


def test_files_go_to_the_disk_while_they_come(client: TestClient, served: Served) -> None:
    body = form(("large.txt", LAHTI.encode() * 100))
    on_disk: list[int] = []

    async def receive() -> Message:
        files = [path for path in (served.home / "incoming").rglob("0") if path.is_file()]
        on_disk.append(sum(path.stat().st_size for path in files))
        at = 1000 * (len(on_disk) - 1)
        return {"type": "http.request", "body": body[at : at + 1000], "more_body": at + 1000 < len(body)}

    assert asyncio.run(post(served.app(), receive))[0] == 201
    assert on_disk[0] == 0
    assert [0 <= 1000 * number - size < 200 for number, size in enumerate(on_disk)] == [True] * len(on_disk)
    assert client.get(DOCUMENTS).json()["total"] == 1


def test_a_slow_upload_keeps_no_other_waiting(client: TestClient, served: Served) -> None:
    async def both() -> tuple[int, int]:
        app, goes_on, is_slow = served.app(), asyncio.Event(), asyncio.Event()
        slow_body = form(("slow.txt", LAHTI.encode()))

        async def receive() -> Message:
            if not is_slow.is_set():
                is_slow.set()
                return {"type": "http.request", "body": slow_body[:150], "more_body": True}
            await goes_on.wait()
            return {"type": "http.request", "body": slow_body[150:], "more_body": False}

        slow = asyncio.create_task(post(app, receive))
        await is_slow.wait()
        quick, _ = await post(app, pieces(form(("quick.txt", OSAKA.encode()))))
        assert not slow.done()
        goes_on.set()
        return quick, (await slow)[0]

    assert asyncio.run(both()) == (201, 201)
    assert served.stored() == ["quick.txt", "slow.txt"]
    assert client.get(DOCUMENTS).json()["total"] == 2


def test_documents_can_be_read_while_one_is_being_added(client: TestClient, served: Served) -> None:
    held = Held()
    served.embedder.before = held.wait

    async def both() -> None:
        app = served.app()
        adding = asyncio.create_task(post(app, pieces(form(("lahti.txt", LAHTI.encode())))))
        await asyncio.to_thread(held.reached.wait, 30)
        assert client.get(DOCUMENTS).json() == {"documents": [], "total": 0, "next_cursor": None}
        held.go_on.set()
        assert (await adding)[0] == 201

    asyncio.run(both())


def test_more_senders_than_can_be_received_are_told_to_come_back(client: TestClient, served: Served) -> None:
    async def many() -> tuple[int, bytes]:
        app = served.app()
        stalled = [asyncio.create_task(post(app, pieces(b"--", then={"type": "http.nothing"}))) for _ in range(32)]
        while len(served.left_over()) < 64:  # a folder and a lock each
            await asyncio.sleep(0.01)
        refused = await post(app, pieces(form(("lahti.txt", LAHTI.encode()))))
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)
        return refused

    status, body = asyncio.run(many())
    assert (status, json.loads(body)["type"]) == (503, "/problems/unavailable")
    assert upload(client, ("lahti.txt", LAHTI))[0] == 201


def test_uploads_wait_for_each_other_instead_of_failing(client: TestClient, served: Served) -> None:
    async def four() -> list[tuple[int, bytes]]:
        app = served.app(wait=0)  # the library itself waits for nobody
        names = ("a", "b", "c", "d")
        bodies = [form((f"{name}.txt", f"{LAHTI} {name}".encode())) for name in names]
        return await asyncio.gather(*(post(app, pieces(body)) for body in bodies))

    assert [status for status, _ in asyncio.run(four())] == [201] * 4
    assert client.get(DOCUMENTS).json()["total"] == 4


@pytest.mark.parametrize("limits", [{"silence": 0.05}, {"seconds": 0.05}], ids=["silent", "slow"])
def test_a_sender_who_takes_too_long_is_given_up(tmp_path: Path, limits: dict[str, float]) -> None:
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", FORM_HEADERS["content-type"].encode())]}

    async def receive() -> Message:
        await asyncio.sleep(60 if "silence" in limits else 0.01)
        return {"type": "http.request", "body": b"\r\n", "more_body": True}

    async def given_up() -> RefusalError:
        with pytest.raises(RefusalError) as raised:
            await receive_files(
                Request(scope, receive),
                tmp_path,
                limits=Limits(file_bytes=10, **limits),  # type: ignore[arg-type]  # mypy takes them for the others
                limiter=CapacityLimiter(1),
            )
        return raised.value

    refused = asyncio.run(given_up())
    assert (refused.problem, refused.headers) == (Problem.TIMEOUT, {"Connection": "close"})


# -- Adding pages ------------------------------------------------------------------------------------------------------


def test_a_page_is_added_under_its_address(client: TestClient, served: Served) -> None:
    served.web.pages["https://example.org/لاهتي?q=1"] = CAIRO
    address = "https://example.org/%D9%84%D8%A7%D9%87%D8%AA%D9%8A?q=1"
    served.web.pages[address] = CAIRO
    response = client.post(DOCUMENTS, json={"url": "HTTPS://example.org/لاهتي?q=1#part"})
    assert response.status_code == 201
    (added,) = response.json()["documents"]
    assert (added["name"], added["state"], added["reason"]) == ("HTTPS://example.org/لاهتي?q=1#part", "indexed", None)
    found = client.get(f"{DOCUMENTS}/{added['id']}").json()
    assert (found["document"], found["language"], found["uploaded"]) == (address, "ar", False)


def test_pages_are_added_in_their_order_and_fail_one_by_one(client: TestClient, served: Served) -> None:
    addresses = [f"https://example.org/{number}" for number in range(6)]
    served.web.pages = {address: f"{OSAKA} {address}" for address in addresses if not address.endswith("2")}
    response = client.post(DOCUMENTS, json={"urls": addresses})
    assert response.status_code == 207
    assert [(added["name"], added["state"]) for added in response.json()["documents"]] == [
        (address, "failed" if address.endswith("2") else "indexed") for address in addresses
    ]
    served.web.pages[addresses[0]] = "この文は新しいです。"
    again = client.post(DOCUMENTS, json={"urls": addresses[:2]})
    assert (again.status_code, [added["state"] for added in again.json()["documents"]]) == (
        200,
        ["changed", "unchanged"],
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:80/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://0/",
    ],
    ids=["loopback", "loopback-6", "metadata", "private", "zero"],
)
def test_a_page_of_a_private_network_is_refused(served: Served, address: str) -> None:
    response = served.client(fetch=fetch_page).post(DOCUMENTS, json={"url": address})
    status, _, detail = problem(response)
    assert status == 422
    assert "its host is not a public one" in detail


def test_what_is_no_address_of_the_web_is_refused(client: TestClient) -> None:
    detail = problem(client.post(DOCUMENTS, json={"url": "file:///etc/passwd"}))[2]
    assert detail == (
        "'file:///etc/passwd' is no address of a web page: give one that begins with https:// or http://."
    )


@pytest.mark.parametrize(
    "body",
    [
        "{}", '{"url": "https://a.example", "urls": []}', '{"urls": []}', '{"url": ""}', '{"url": 7}', "[]", "null",
        '{"url": "https://a.example", "other": 1}', '{"url": "\\ud800"}', '{"url":', "", "\xff",
        json.dumps({"urls": ["https://a.example"] * 21}), json.dumps({"url": "https://a.example/" + "a" * 2000}),
    ],
    ids=[
        "neither", "both", "none", "empty", "number", "list", "null", "other", "half-a-character", "cut-off", "nothing",
        "bytes", "many", "long",
    ],
)  # fmt: skip
def test_json_that_is_not_as_described_is_refused(client: TestClient, body: str) -> None:
    response = client.post(DOCUMENTS, content=body.encode("latin-1"), headers={"content-type": "application/json"})
    assert problem(response)[:2] == (422, "/problems/invalid")


def test_json_that_is_too_large_is_refused(client: TestClient) -> None:
    response = client.post(DOCUMENTS, content=b" " * 300_000, headers={"content-type": "application/json"})
    assert problem(response)[::2] == (413, "The JSON has more than the limit of 244096 bytes.")


# -- Listing -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory, bundled: StaticEmbedder) -> Iterator[TestClient]:
    """The API over two uploads, a page, and a page that has gone since; not to be changed."""
    served = Served(tmp_path_factory.mktemp("four") / "home", HeldEmbedder(bundled))
    served.web.pages = {"https://example.org/cairo": CAIRO, "https://example.org/gone": "This page goes away soon."}
    with served.client() as client:
        lahti = f"---\ndate: 2024-05-01\nauthor: Aino\n---\n# Tietoa\n\n{LAHTI}"
        upload(client, ("Lahti.md", lahti), ("大阪.txt", OSAKA))
        client.post(DOCUMENTS, json={"urls": list(served.web.pages)})
        del served.web.pages["https://example.org/gone"]
        gone = client.post(f"{DOCUMENTS}/{document_id('https://example.org/gone')}/reindex")
        assert gone.json()["state"] == "failed"
        yield client


SOURCES = [f"{UPLOADS}/Lahti.md", f"{UPLOADS}/大阪.txt", "https://example.org/cairo", "https://example.org/gone"]


def test_every_document_is_listed_with_its_state(four: TestClient) -> None:
    listed = four.get(DOCUMENTS).json()
    assert [entry["document"] for entry in listed["documents"]] == SOURCES
    assert (listed["total"], listed["next_cursor"]) == (4, None)
    first, last = listed["documents"][0], listed["documents"][-1]
    assert first.pop("changed_at").endswith("+00:00")
    assert first == {
        "id": document_id(SOURCES[0]),
        "document": SOURCES[0],
        "title": "Tietoa",
        "language": "fi",
        "date": "2024-05-01",
        "state": "indexed",
        "reason": None,
        "chunks": 1,
        "uploaded": True,
    }
    assert (last["state"], last["chunks"], last["uploaded"]) == ("failed", 1, False)
    assert last["reason"] == "'https://example.org/gone' answered 404 Not Found: check the address."


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "TIETOA"}, [0]),
        ({"q": "lahti.MD"}, [0]),
        ({"q": "大阪"}, [1]),
        ({"q": "EXAMPLE.org"}, [2, 3]),
        ({"q": "القاهرة"}, [2]),
        ({"q": "nothing has this"}, []),
        ({"language": "fi"}, [0]),
        ({"language": "JPN"}, [1]),
        ({"language": "und"}, []),
        ({"state": "failed"}, [3]),
        ({"state": "indexed", "q": "example"}, [2]),
    ],
    ids=["title", "source", "japanese", "case", "arabic", "none", "language", "three-letters", "und", "failed", "both"],
)
def test_the_list_can_be_searched_and_filtered(four: TestClient, query: dict[str, str], found: list[int]) -> None:
    listed = four.get(DOCUMENTS, params=query).json()
    assert [entry["document"] for entry in listed["documents"]] == [SOURCES[number] for number in found]
    assert listed["total"] == len(found)


def test_pages_of_the_list_follow_each_other_whatever_comes_or_goes(client: TestClient) -> None:
    names = ["a.txt", "b.txt", "c.txt", "d.txt"]
    upload(client, *((name, f"{LAHTI} {name}") for name in names))
    sources = [f"{UPLOADS}/{name}" for name in names]
    first = client.get(DOCUMENTS, params={"limit": 2}).json()
    assert [entry["document"] for entry in first["documents"]] == sources[:2]
    client.delete(f"{DOCUMENTS}/{document_id(sources[0])}")
    second = client.get(DOCUMENTS, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert ([entry["document"] for entry in second["documents"]], second["total"]) == (sources[2:3], 3)
    third = client.get(DOCUMENTS, params={"limit": 1, "cursor": second["next_cursor"]}).json()
    assert ([entry["document"] for entry in third["documents"]], third["next_cursor"]) == (sources[3:], None)


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": "many"}, {"cursor": "?"}, {"language": "klingon"}, {"state": "lost"},
     {"q": "a" * 201}],
    ids=["no-limit", "large-limit", "no-number", "cursor", "language", "state", "long-query"],
)  # fmt: skip
def test_a_list_that_cannot_be_is_refused(client: TestClient, query: dict[str, str]) -> None:
    assert problem(client.get(DOCUMENTS, params=query))[:2] == (422, "/problems/invalid")


# -- One document ------------------------------------------------------------------------------------------------------


def test_a_document_has_its_text_and_what_it_states(four: TestClient) -> None:
    found = four.get(f"{DOCUMENTS}/{document_id(SOURCES[0])}").json()
    assert (found["text"], found["metadata"]) == (f"# Tietoa\n\n{LAHTI}", {"author": "Aino"})
    assert (found["length"], len(found["content_hash"])) == (len(found["text"]), 64)
    short = four.get(f"{DOCUMENTS}/{document_id(SOURCES[0])}", params={"text": "false"}).json()
    assert short == {**found, "text": None}


def test_a_failed_document_is_given_with_its_reason_and_its_last_good_text(four: TestClient) -> None:
    found = four.get(f"{DOCUMENTS}/{document_id(SOURCES[3])}").json()
    assert (found["state"], found["text"]) == ("failed", "This page goes away soon.")
    assert found["reason"] == "'https://example.org/gone' answered 404 Not Found: check the address."


def test_a_document_that_was_never_read_has_a_state_and_no_text(client: TestClient, served: Served) -> None:
    upload(client, ("lahti.txt", LAHTI))
    with HomeAssistant(served.home)._catalog() as catalog:
        catalog.record_failure("folder/scan.md", "'folder/scan.md' is empty: write something into it.")
    id_ = document_id("folder/scan.md")
    found = client.get(f"{DOCUMENTS}/{id_}").json()
    assert (found["state"], found["chunks"], found["length"], found["text"]) == ("failed", 0, None, None)
    assert problem(client.get(f"{DOCUMENTS}/{id_}/text")) == (
        404,
        "/problems/not-found",
        "'folder/scan.md' has no text, because it could not be read: 'folder/scan.md' is empty: write something into"
        " it.",
    )


NAMES = ["Päijänne ja Vesijärvi.txt", "日本語 の 資料.txt", "a&b=c+d;e.txt", "text.txt"]


@pytest.mark.parametrize("name", NAMES, ids=["finnish", "japanese", "signs", "text"])
def test_a_document_is_found_by_its_id_and_by_its_source(client: TestClient, name: str) -> None:
    _, (added,) = upload(client, (name, LAHTI))
    source = f"{UPLOADS}/{name}"
    for named in (added["id"], quote(source, safe=""), quote(source, safe="/")):
        assert client.get(f"{DOCUMENTS}/{named}").json()["document"] == source
        assert client.get(f"{DOCUMENTS}/{named}/text").json()["text"] == LAHTI
        assert client.post(f"{DOCUMENTS}/{named}/reindex").json()["document"] == source
    assert client.delete(f"{DOCUMENTS}/{quote(source, safe='')}").json()["document"] == source


def test_a_page_is_found_by_its_id_and_by_its_address(client: TestClient, served: Served) -> None:
    address = "https://example.org/a//b?q=1&w=2"
    served.web.pages[address] = OSAKA
    (added,) = client.post(DOCUMENTS, json={"url": address}).json()["documents"]
    for named in (added["id"], quote(address, safe="")):
        assert client.get(f"{DOCUMENTS}/{named}").json()["document"] == address
        assert client.get(f"{DOCUMENTS}/{named}/text", params={"end": 2}).json()["text"] == "大阪"


@pytest.mark.parametrize("named", ["no-such-id", "YQ", "a%2Fb.md", "%00", "%FF", "", "..%2F..%2Fetc%2Fpasswd"])
def test_an_unknown_document_is_not_found(client: TestClient, named: str) -> None:
    upload(client, ("lahti.txt", LAHTI))
    for response in (
        client.get(f"{DOCUMENTS}/{named}"),
        client.get(f"{DOCUMENTS}/{named}/text"),
        client.post(f"{DOCUMENTS}/{named}/reindex"),
        client.delete(f"{DOCUMENTS}/{named}"),
    ):
        assert problem(response)[:2] == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("method", "rest", "allowed"), [("DELETE", "text", "GET"), ("GET", "reindex", "POST")], ids=["text", "reindex"]
)
def test_what_stands_below_a_document_is_no_document(client: TestClient, method: str, rest: str, allowed: str) -> None:
    response = client.request(method, f"{DOCUMENTS}/{document_id('a.md')}/{rest}")
    assert problem(response)[:2] == (405, "/problems/method")
    assert response.headers["allow"] == allowed


# -- Text for deep links -----------------------------------------------------------------------------------------------


@pytest.fixture
def emoji(client: TestClient) -> str:
    """The address of a text whose characters are code points, not UTF-16 or bytes."""
    _, (added,) = upload(client, ("emoji.txt", "😀大阪 Älä!"))
    return f"{DOCUMENTS}/{added['id']}/text"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, (0, 8, "😀大阪 Älä!")),
        ({"start": 1, "end": 3}, (1, 3, "大阪")),
        ({"start": 4}, (4, 8, "Älä!")),
        ({"end": 1}, (0, 1, "😀")),
        ({"start": 8, "end": 8}, (8, 8, "")),
    ],
    ids=["all", "middle", "from", "until", "nothing"],
)
def test_offsets_count_code_points(
    client: TestClient, emoji: str, query: dict[str, int], text: tuple[int, int, str]
) -> None:
    found = client.get(emoji, params=query).json()
    assert (found["start"], found["end"], found["text"]) == text
    assert found["total"] == 8


@pytest.mark.parametrize(
    "query",
    [{"start": 3, "end": 2}, {"end": 9}, {"start": 9}, {"start": -1}, {"end": "x"}, {"start": 10**30}],
    ids=["backwards", "end-beyond", "start-beyond", "negative", "no-number", "huge"],
)
def test_offsets_outside_of_the_text_are_refused(client: TestClient, emoji: str, query: dict[str, int]) -> None:
    assert problem(client.get(emoji, params=query))[:2] == (422, "/problems/invalid")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain;q=0.9, */*;q=0.1", "text/plain; charset=utf-8"),
        ("*/*", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
    ],
    ids=["text", "rather-text", "any", "axios"],
)
def test_text_comes_plain_where_it_is_asked_for(client: TestClient, emoji: str, accept: str, kind: str) -> None:
    response = client.get(emoji, params={"start": 1, "end": 3}, headers={"accept": accept})
    assert (response.headers["content-type"], response.headers["vary"]) == (kind, "Accept")
    assert (response.text if kind.startswith("text") else response.json()["text"]) == "大阪"


# -- Reading again, removing -------------------------------------------------------------------------------------------


def test_a_page_that_has_changed_is_read_again(client: TestClient, served: Served) -> None:
    served.web.pages["https://example.org/"] = LAHTI
    (added,) = client.post(DOCUMENTS, json={"url": "https://example.org"}).json()["documents"]
    served.web.pages["https://example.org/"] = OSAKA
    again = client.post(f"{DOCUMENTS}/{added['id']}/reindex")
    assert (again.status_code, again.json()) == (
        200,
        {"id": added["id"], "document": "https://example.org/", "state": "changed", "reason": None, "chunks": 1},
    )
    assert client.get(f"{DOCUMENTS}/{added['id']}/text").json()["text"] == OSAKA


def test_a_page_that_is_removed_while_it_is_read_again_is_not_found_and_stays_removed(
    client: TestClient, served: Served
) -> None:
    address = "https://example.org/"
    served.web.pages[address] = LAHTI
    (added,) = client.post(DOCUMENTS, json={"url": address}).json()["documents"]
    removed: list[int] = []
    served.web.before = lambda: removed.append(client.delete(f"{DOCUMENTS}/{added['id']}").status_code)
    again = client.post(f"{DOCUMENTS}/{added['id']}/reindex")
    assert removed == [200]
    assert problem(again)[:2] == (404, "/problems/not-found")
    assert served.sources() == []


def test_an_upload_that_is_removed_is_gone_with_its_file(client: TestClient, served: Served) -> None:
    _, (added,) = upload(client, ("lahti.txt", LAHTI))
    response = client.delete(f"{DOCUMENTS}/{added['id']}")
    assert (response.status_code, response.json()["state"]) == (200, "removed")
    assert (served.stored(), client.get(DOCUMENTS).json()["total"]) == ([], 0)
    assert problem(client.delete(f"{DOCUMENTS}/{added['id']}"))[0] == 404


def test_a_document_that_cannot_be_removed_now_is_still_there(client: TestClient, served: Served) -> None:
    _, (added,) = upload(client, ("lahti.txt", LAHTI))
    (served.home / "uploads" / ".lahti.txt.removed").mkdir()  # in the way of hiding the file
    response = client.delete(f"{DOCUMENTS}/{added['id']}")
    (served.home / "uploads" / ".lahti.txt.removed").rmdir()
    assert problem(response)[:2] == (503, "/problems/unavailable")
    assert response.headers["retry-after"] == "5"
    assert client.get(f"{DOCUMENTS}/{added['id']}").json()["state"] == "indexed"


# -- In the whole API --------------------------------------------------------------------------------------------------


def test_the_whole_api_has_the_documents_with_a_version_and_without(client: TestClient, served: Served) -> None:
    answering = Answering(HomeAssistant(served.home))
    api = TestClient(create_api(answering, library=served.library(), feedback=FeedbackStore(served.home)))
    added = api.post("/api/documents", files={"files": ("大阪.txt", OSAKA)})
    assert added.status_code == 201
    assert added.headers["location"] == f"/api/documents/{document_id(f'{UPLOADS}/大阪.txt')}"
    assert api.get("/api/documents").json() == api.get(DOCUMENTS).json() == client.get(DOCUMENTS).json()
    assert api.get("/api/documents/").status_code == 404
    large = api.post("/api/documents", content=form(("a.txt", b"x" * 2_000_000)), headers=FORM_HEADERS)
    assert problem(large)[2].startswith("The form has more than the limit of")  # and not: more than JSON may have


def test_every_route_describes_its_statuses(served: Served) -> None:
    answering = Answering(HomeAssistant(served.home))
    paths = create_api(answering, library=served.library(), feedback=FeedbackStore(served.home)).openapi()["paths"]
    common = {"401", "403", "422", "429", "500", "503"}
    assert {
        (method, path.removeprefix(DOCUMENTS)): set(described["responses"]) - common
        for path, methods in paths.items()
        for method, described in methods.items()
        if path.startswith(DOCUMENTS)
    } == {
        ("get", ""): {"200"},
        ("post", ""): {"200", "201", "207", "408", "409", "413", "415"},
        ("get", "/{id}"): {"200", "404"},
        ("delete", "/{id}"): {"200", "404"},
        ("get", "/{id}/text"): {"200", "404"},
        ("post", "/{id}/reindex"): {"200", "404"},
    }
    body = paths[DOCUMENTS]["post"]["requestBody"]["content"]
    assert sorted(body) == ["application/json", "multipart/form-data"]
    assert body["application/json"]["schema"]["examples"][0] == {"url": "https://example.org/lahti"}
