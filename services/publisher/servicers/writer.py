"""WriterService: tasks, content and images as people see them, review, and how far a site is."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from google.api.httpbody_pb2 import HttpBody
from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.servicers import Context
from services.publisher.servicers.editing import EditingActions
from services.publisher.servicers.exports import WriterExports
from services.publisher.servicers.image_edits import ImageEdits
from services.publisher.servicers.review import ReviewActions
from services.publisher.servicers.wanted import wanted_of
from services.publisher.servicers.writer_edits import WriterEdits
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import images, writer

CHUNK_BYTES: Final = 256 * 1024
READ_BYTES: Final = 4 * CHUNK_BYTES
"""So many bytes of a picture are in memory for each reader, however slow."""

FOR_EVER: Final = "public, max-age=31536000, immutable"
"""Behind an address that is a hash there is never anything else."""


class WriterServicer(
    ReviewActions, EditingActions, WriterEdits, ImageEdits, WriterExports, publisher.WriterServiceServicer
):
    """What is being written; editing and review are in files of their own."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        wake_scheduler: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._wake_scheduler = wake_scheduler

    async def ListTasks(
        self, request: publisher.ListTasksRequest, context: Context
    ) -> publisher.ListTasksResponse:
        page = await self._transactions.run(
            writer.list_tasks,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListTasksResponse(
            tasks=map(convert.task_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetTask(self, request: publisher.GetTaskRequest, context: Context) -> publisher.GetTaskResponse:
        task = await self._transactions.run(
            writer.get_task, account_id=current_caller().account(), task_id=request.task_id
        )
        return publisher.GetTaskResponse(task=convert.task_to_proto(task))

    async def ListContent(
        self, request: publisher.ListContentRequest, context: Context
    ) -> publisher.ListContentResponse:
        page = await self._transactions.run(
            writer.list_content,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListContentResponse(
            content=map(convert.content_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetContent(
        self, request: publisher.GetContentRequest, context: Context
    ) -> publisher.GetContentResponse:
        content, pictures = await self._transactions.run(
            writer.get_content, account_id=current_caller().account(), content_id=request.content_id
        )
        return publisher.GetContentResponse(content=convert.content_to_proto(content, images=pictures))

    async def ListImages(
        self, request: publisher.ListImagesRequest, context: Context
    ) -> publisher.ListImagesResponse:
        page = await self._transactions.run(
            writer.list_images,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListImagesResponse(
            images=map(convert.image_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetImageBytes(
        self, request: publisher.GetImageBytesRequest, context: Context
    ) -> AsyncIterator[publisher.GetImageBytesResponse]:
        blob = await self._transactions.run(images.get_blob, sha256=request.sha256)
        await context.send_initial_metadata(
            (("x-http-etag", f'"{blob.sha256}"'), ("x-http-cache-control", FOR_EVER))
        )
        media_type = blob.media_type
        for start in range(0, blob.size, READ_BYTES):
            part = await self._transactions.run(
                images.read_blob, sha256=blob.sha256, start=start, size=READ_BYTES
            )
            for begin in range(0, len(part), CHUNK_BYTES):
                body = HttpBody(content_type=media_type, data=part[begin : begin + CHUNK_BYTES])
                yield publisher.GetImageBytesResponse(body=body)
                media_type = ""

    async def GetWorkflowStats(
        self, request: publisher.GetWorkflowStatsRequest, context: Context
    ) -> publisher.GetWorkflowStatsResponse:
        stats = await self._transactions.run(
            writer.get_workflow_stats,
            account_id=current_caller().account(),
            site_id=request.site_id,
            period=convert.period_from_proto(request.period),
            now=self._clock.now(),
        )
        return publisher.GetWorkflowStatsResponse(stats=convert.stats_to_proto(stats))
