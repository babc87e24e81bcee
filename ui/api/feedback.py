"""What somebody thinks of an answer, over HTTP.

Nothing is kept between an answer and its rating: who rates sends the answer along, as the page does.
"""

from anyio import to_thread
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from ui.api.refusals import documented
from ui.api.schemas import FeedbackBody
from ui.feedback import Feedback, FeedbackStore
from ui.problems import Problem
from ui.schemas import answer_from_dict


def feedback_router(store: FeedbackStore) -> APIRouter:
    """Make the route that takes feedback.

    Args:
        store: Where it goes.
    """
    router = APIRouter(tags=["Asking"])

    @router.post(
        "/feedback",
        status_code=204,
        response_class=Response,
        summary="Rate an answer",
        responses=documented(Problem.UNAVAILABLE, has_body=True),
    )
    async def give_feedback(given: FeedbackBody) -> Response:
        try:
            answer = answer_from_dict(given.answer)
        except ValueError as error:
            where = {"type": "value_error", "loc": ("body", "answer"), "msg": str(error)}
            raise RequestValidationError([where]) from error
        feedback = Feedback.of(
            answer, answer_id=str(given.id), rating=given.rating, comment=given.comment, channel="api"
        )
        await to_thread.run_sync(store.save, feedback)
        return Response(status_code=204)

    return router
