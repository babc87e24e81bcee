"""The documents' part of the API in shapes: what is sent and what comes back, with examples."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from index.catalog import DocumentRecord
from index.documents import Document
from index.runs import Outcome, State
from ui.api.schemas import Asked
from ui.document_ids import document_id
from ui.schemas import documents_dict

FORM, JSON = "multipart/form-data", "application/json"
REPLAYED_HEADER = "Idempotency-Replayed"
MOST_PAGES = 20
"""Addresses in one request: each may take half a minute."""

_SOURCE = "seeds/fi/lahti.md"
EXAMPLE_ID = document_id(_SOURCE)
_ADDRESS = "https://example.org/lahti"

Id = Annotated[
    str, Field(description="Stands for the document in paths: its source in base64url.", examples=[EXAMPLE_ID])
]
Source = Annotated[
    str, Field(description="The document's source: a path, or the address of a page.", examples=[_SOURCE])
]
Reason = Annotated[str | None, Field(description="Why it failed, or what was noticed about it; in English.")]


class DocumentItem(BaseModel):
    """A document and its state."""

    id: Id
    document: Source
    title: Annotated[str, Field(examples=["Lahti"])]
    language: Annotated[str, Field(description="ISO 639 code, `und` if unknown.", examples=["fi"])]
    date: Annotated[str | None, Field(description="ISO 8601, if the document states one.", examples=["2024-05-01"])]
    state: Annotated[
        Literal["indexed", "failed"],
        Field(description="A failed document with chunks is still searched in its last good version."),
    ]
    reason: Reason
    chunks: Annotated[int, Field(description="Pieces that are searched.", examples=[12])]
    changed_at: Annotated[str, Field(description="UTC, ISO 8601.", examples=["2026-01-31T09:30:00+00:00"])]
    uploaded: Annotated[bool, Field(description="Whether it was uploaded: removing it deletes its file.")]

    @classmethod
    def of(cls, record: DocumentRecord, *, uploaded: bool) -> Self:
        """Describe a document of the catalog."""
        return cls.model_validate(_facts(record, uploaded=uploaded))


class DocumentDetails(DocumentItem):
    """A document with its text."""

    length: Annotated[int | None, Field(description="Of the text, in Unicode code points; null without a text.")]
    content_hash: Annotated[str | None, Field(description="SHA-256 of the bytes it was loaded from.")]
    metadata: Annotated[dict[str, str], Field(description="What else it states about itself.")]
    text: Annotated[str | None, Field(description="The text that offsets point into; null if not asked for, or none.")]

    @classmethod
    def of_document(cls, record: DocumentRecord, document: Document | None, *, uploaded: bool, with_text: bool) -> Self:
        """Describe a document of the catalog with the version of it that is searched, if there is one."""
        return cls.model_validate(
            {
                **_facts(record, uploaded=uploaded),
                "length": len(document.text) if document else None,
                "content_hash": document.content_hash if document else None,
                "metadata": document.metadata if document else {},
                "text": document.text if document and with_text else None,
            }
        )


class DocumentList(BaseModel):
    """A page of the documents, by source."""

    documents: list[DocumentItem]
    total: Annotated[int, Field(description="How many documents the query leaves, on all pages.", examples=[1])]
    next_cursor: Annotated[str | None, Field(description="Gives the next page; null on the last one.")]


class AddedDocument(BaseModel):
    """What became of one file or page that was sent."""

    name: Annotated[str, Field(description="The file's name or the address as sent.", examples=["lahti.md"])]
    id: Annotated[Id | None, Field(description="Null if there is no such document.")]
    document: Annotated[
        str,
        Field(description="Its source; the clean name of a file that failed.", examples=["home/uploads/lahti.md"]),
    ]
    state: Annotated[
        Literal["indexed", "changed", "unchanged", "failed"],
        Field(description="`changed`: a page that was there has a new version. `unchanged`: the same bytes were."),
    ]
    reason: Reason
    chunks: Annotated[int, Field(description="Pieces that are searched now.", examples=[12])]

    @classmethod
    def of(cls, outcome: Outcome, *, name: str) -> Self:
        """Describe an outcome."""
        known = None if outcome.state is State.FAILED else document_id(outcome.source)
        return cls.model_validate({"name": name, "id": known, **_outcome(outcome)})


class AddedDocuments(BaseModel):
    """What became of each, in the order sent."""

    documents: list[AddedDocument]


class ChangedDocument(BaseModel):
    """What became of a document."""

    id: Id
    document: Source
    state: Literal["indexed", "changed", "unchanged", "failed", "removed"]
    reason: Reason
    chunks: int

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Describe an outcome."""
        return cls.model_validate({"id": document_id(outcome.source), **_outcome(outcome)})


class TextRange(BaseModel):
    """A stretch of a document's text."""

    id: Id
    document: Source
    start: Annotated[int, Field(description="Unicode code points from the start of the text.", examples=[0])]
    end: Annotated[int, Field(description="The first character after it.", examples=[23])]
    text: Annotated[str, Field(examples=["Lahti on kaupunki Suomessa."[:23]])]
    total: Annotated[int, Field(description="Length of the whole text.", examples=[1048])]


class PagesToAdd(Asked):
    """Pages of the web to add: `url` for one, `urls` for several."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": _ADDRESS}, {"urls": [_ADDRESS, "https://example.org/osaka"]}]}
    )

    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    urls: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=2000)]] | None, Field(min_length=1, max_length=MOST_PAGES)
    ] = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.url is None) == (self.urls is None):
            raise PydanticCustomError("one_of", "Give either 'url' or 'urls'.")
        return self

    @property
    def addresses(self) -> list[str]:
        """All of them."""
        return self.urls or [self.url or ""]


# What FastAPI cannot tell from the handler, which reads the body itself and builds its responses.
ADDING_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "files": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "Markdown, text or HTML files, each with its file name.",
                    }
                },
            }
        },
        JSON: {"schema": PagesToAdd.model_json_schema()},
    },
}
"""The body of `POST /documents`, for the OpenAPI document."""
ADDED_HEADERS = {
    "Location": {"description": "Of a single document.", "schema": {"type": "string"}},
    REPLAYED_HEADER: {"description": "`true`: this is an earlier response.", "schema": {"type": "string"}},
}
"""The headers of its responses."""


def _facts(record: DocumentRecord, *, uploaded: bool) -> dict[str, Any]:
    (fields,) = documents_dict([record])["documents"]  # as `footnote documents --json` has them
    return {"id": document_id(record.source), **fields, "uploaded": uploaded}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "document": outcome.source,
        "state": outcome.state.value,
        "reason": outcome.reason or None,
        "chunks": outcome.chunks,
    }
