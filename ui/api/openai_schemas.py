"""OpenAI's chat completions in shapes: what of a request has a meaning here, and what comes back, with examples."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ui.api.schemas import AnswerBody, Asked, FilterBody

MODEL = "footnote"
"""The model that answers from all documents; `footnote/<folder>` answers from those below a folder."""

# What is longer is refused, and at the first wrong entry (`fail_fast`): with an error for each, a request of 1 MiB
# would keep everybody waiting for seconds. Chat programs send a whole conversation each time.
_MOST_MESSAGES = 1000
_MOST_PARTS = 1000
_MOST_MODALITIES = 10  # OpenAI's protocol has two
_CONTENT = "Lahdessa asuu 121 000 ihmistä [1].\n\n[1] Lahti: “Lahti has 121,000 inhabitants.”"
_LINK = "https://docs.example.org/?document=docs%2Flahti.md&start=120&end=151"


class ContentPart(BaseModel):
    """A part of a message. Only text is understood."""

    type: Annotated[str, Field(examples=["text"])]
    text: str | None = None


class Message(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[ContentPart], Field(max_length=_MOST_PARTS, fail_fast=True)] | None = None


class StreamOptions(BaseModel):
    """What a stream carries beside the text."""

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """How the answer is to be written. Only `text` can be had."""

    type: str


class FootnoteOptions(Asked):
    """What OpenAI's protocol has no field for; send it as `footnote`, with the official client in `extra_body`."""

    footnotes: Annotated[bool, Field(description="Whether footnotes stand below the text.")] = True
    markdown: Annotated[
        bool,
        Field(
            description="Whether the text may be shown as Markdown: a backslash then keeps words of documents from "
            "becoming links, images or HTML. Without it the text is `footnote.answer`, character by character."
        ),
    ] = True
    filter: Annotated[FilterBody, Field(description="Which documents to answer from.")] = FilterBody()
    explain: Annotated[bool, Field(description="Whether `footnote.explanation` says what was found.")] = False
    interface: Annotated[
        str | None,
        Field(
            description="The reader's language, for questions whose own cannot be told.",
            max_length=35,
            examples=["fi"],
        ),
    ] = None


class ChatRequest(BaseModel):
    """A conversation to go on with. Fields of OpenAI's that are not named here are accepted and have no effect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": MODEL, "messages": [{"role": "user", "content": "Montako asukasta Lahdessa on?"}]}]
        }
    )

    model: Annotated[str, Field(description="`footnote`, or `footnote/<folder>`.", examples=[MODEL])]
    messages: Annotated[
        list[Message],
        Field(
            min_length=1,
            max_length=_MOST_MESSAGES,
            fail_fast=True,
            description="The last one is the user's question. Earlier ones of user and assistant are what it may refer "
            "to; those of system and developer are not obeyed: answers come from the documents alone.",
        ),
    ]
    stream: Annotated[bool | None, Field(description="Whether the answer comes as Server-Sent Events.")] = None
    stream_options: StreamOptions | None = None
    n: Annotated[int | None, Field(description="There is one answer: nothing but 1 can be had.", examples=[1])] = None
    response_format: ResponseFormat | None = None
    modalities: Annotated[
        Annotated[list[str], Field(max_length=_MOST_MODALITIES, fail_fast=True)] | None,
        Field(description="Only `text` can be had.", examples=[["text"]]),
    ] = None
    tool_choice: Annotated[
        Any,
        Field(description="Tools are never called: `required`, or the name of one, is an error.", examples=["auto"]),
    ] = None
    function_call: Annotated[Any, Field(description="The same, as it was before.", examples=["auto"])] = None
    footnote: FootnoteOptions | None = None


class UrlCitation(BaseModel):
    """Where a mark in the text leads."""

    start_index: Annotated[int, Field(description="Of the mark in `content`, in Unicode code points.", examples=[30])]
    end_index: Annotated[int, Field(description="The first character after the mark.", examples=[33])]
    title: Annotated[str, Field(description="The document's title.", examples=["Lahti"])]
    url: Annotated[str, Field(description="Shows the cited words in their document.", examples=[_LINK])]


class Annotation(BaseModel):
    """A footnote mark."""

    type: Literal["url_citation"]
    url_citation: UrlCitation


class CompletionMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"]
    content: Annotated[str, Field(description="The answer, and below it the footnotes.", examples=[_CONTENT])]
    refusal: None
    annotations: list[Annotation]


class Choice(BaseModel):
    """The only choice."""

    index: Literal[0]
    message: CompletionMessage
    logprobs: None
    finish_reason: Annotated[Literal["stop"], Field(description="Also when the documents do not answer.")]


class Usage(BaseModel):
    """About how many tokens the texts of request and answer are: an estimate by script, not what a model counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """A whole answer."""

    id: Annotated[str, Field(examples=["chatcmpl-6f1c7d1e3b1a4a539a0e0d6a5f2f9b11"])]
    object: Literal["chat.completion"]
    created: Annotated[int, Field(description="Seconds since 1970.")]
    model: str
    choices: Annotated[list[Choice], Field(min_length=1, max_length=1)]
    usage: Usage
    footnote: Annotated[AnswerBody, Field(description="The answer as `POST /api/v1/ask` gives it.")]


class Model(BaseModel):
    """Something that can be asked."""

    id: Annotated[str, Field(examples=[MODEL])]
    object: Literal["model"]
    created: Annotated[int, Field(description="When the server started: seconds since 1970.")]
    owned_by: Annotated[str, Field(examples=["footnote"])]


class ModelList(BaseModel):
    """What can be asked: all documents, and the folders in which they are."""

    object: Literal["list"]
    data: list[Model]


class ErrorDetails(BaseModel):
    """What went wrong."""

    message: str
    type: Annotated[str, Field(examples=["invalid_request_error"])]
    param: Annotated[str | None, Field(examples=["messages"])]
    code: Annotated[str | None, Field(examples=["model_not_found"])]


class ErrorBody(BaseModel):
    """An error in OpenAI's shape."""

    error: ErrorDetails
