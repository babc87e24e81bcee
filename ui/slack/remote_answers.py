"""Answers from another Footnote server, over its HTTP API."""

from collections.abc import AsyncIterator, Sequence

from index.filters import DocumentFilter
from rag.answers import Answer, Event, Turn
from ui.client import AsyncClient, KeyRefusedError

# In the name of no document: the list that is asked for to see whether the key is good is empty.
_NO_DOCUMENT = "\u2603\u2603\u2603"


class RemoteAnswers:
    """Asks a server.

    Args:
        url: The address of its page.
        api_key: A key that may read, if it wants one.
    """

    def __init__(self, url: str, *, api_key: str | None) -> None:
        self._client = AsyncClient(url, api_key=api_key)

    async def check(self) -> None:
        """Ask whether the key is good.

        Raises:
            FootnoteError: If it is not, or nothing answers.
        """
        try:
            await self._client.documents(_NO_DOCUMENT)
        except KeyRefusedError as error:
            raise KeyRefusedError(
                f"The server refuses FOOTNOTE_API_KEY: {error} Make one there with: footnote keys create slack",
                status=error.status,
            ) from error

    def stream(
        self, question: str, *, history: Sequence[Turn], within: DocumentFilter, interface: str | None
    ) -> AsyncIterator[Event]:
        """Answer a question there."""
        return self._client.stream(question, history=history, within=within, interface=interface)

    async def save_feedback(self, answer: Answer, *, answer_id: str, rating: str) -> None:
        """Keep a rating there."""
        await self._client.send_feedback(answer, rating=rating, answer_id=answer_id)

    async def close(self) -> None:
        """End the connections."""
        await self._client.close()
