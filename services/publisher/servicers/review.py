"""The review actions of WriterService."""

from collections.abc import Callable

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.transaction import Transactions
from services.publisher.convert import content_to_proto
from services.publisher.domain.content import Content
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import review


class ReviewActions:
    """SubmitForReview, ApproveContent and ReturnContent; WriterServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock
    _wake_scheduler: Callable[[], None]

    async def SubmitForReview(
        self, request: publisher.SubmitForReviewRequest, context: Context
    ) -> publisher.SubmitForReviewResponse:
        caller = current_caller()
        outcome = await self._transactions.run(
            review.submit_for_review,
            content_id=request.content_id,
            account_id=caller.account(),
            actor=caller.actor,
            now=self._clock.now(),
        )
        return publisher.SubmitForReviewResponse(
            content=self._planned(outcome.content), unscheduled_because=outcome.unscheduled_because
        )

    async def ApproveContent(
        self, request: publisher.ApproveContentRequest, context: Context
    ) -> publisher.ApproveContentResponse:
        caller = current_caller()
        outcome = await self._transactions.run(
            review.approve_content,
            content_id=request.content_id,
            account_id=caller.account(),
            etag=request.etag,
            actor=caller.actor,
            now=self._clock.now(),
        )
        return publisher.ApproveContentResponse(
            content=self._planned(outcome.content), unscheduled_because=outcome.unscheduled_because
        )

    async def ReturnContent(
        self, request: publisher.ReturnContentRequest, context: Context
    ) -> publisher.ReturnContentResponse:
        content = await self._transactions.run(
            review.return_content,
            content_id=request.content_id,
            account_id=current_caller().account(),
            note=request.note,
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.ReturnContentResponse(content=content_to_proto(content))

    def _planned(self, content: Content) -> publisher.Content:
        if content.scheduled_publish_at is not None:
            self._wake_scheduler()
        return content_to_proto(content)
