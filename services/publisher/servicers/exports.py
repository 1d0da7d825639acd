"""The lists as CSV files, in PlannerService and WriterService."""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from igny8.publisher import v1 as publisher

from chassis.csv_file import MEDIA_TYPE, cells_of, csv_lines
from chassis.identity import current_caller
from chassis.paging import Page, PageRequest
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.domain.item import PipelineItem
from services.publisher.domain.listing import Wanted
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import planner, writer

ROWS_AT_ONCE: Final = 1_000
"""So many rows are in memory for each reader, however slow."""

_LEFT_OUT: Final = ("account_id", "html", "images", "etag")

Item = TypeVar("Item", bound=PipelineItem)


class PlannerExports:
    """ExportKeywords, ExportClusters and ExportIdeas; PlannerServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]

    async def ExportKeywords(
        self, request: publisher.ExportKeywordsRequest, context: Context
    ) -> AsyncIterator[publisher.ExportKeywordsResponse]:
        async for part in _parts(
            self._transactions,
            planner.list_keywords,
            request.site_id,
            convert.keyword_to_proto,
            publisher.Keyword,
        ):
            yield publisher.ExportKeywordsResponse(file=part)

    async def ExportClusters(
        self, request: publisher.ExportClustersRequest, context: Context
    ) -> AsyncIterator[publisher.ExportClustersResponse]:
        async for part in _parts(
            self._transactions,
            planner.list_clusters,
            request.site_id,
            convert.cluster_to_proto,
            publisher.Cluster,
        ):
            yield publisher.ExportClustersResponse(file=part)

    async def ExportIdeas(
        self, request: publisher.ExportIdeasRequest, context: Context
    ) -> AsyncIterator[publisher.ExportIdeasResponse]:
        async for part in _parts(
            self._transactions, planner.list_ideas, request.site_id, convert.idea_to_proto, publisher.Idea
        ):
            yield publisher.ExportIdeasResponse(file=part)


class WriterExports:
    """ExportTasks, ExportContent and ExportImages; WriterServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]

    async def ExportTasks(
        self, request: publisher.ExportTasksRequest, context: Context
    ) -> AsyncIterator[publisher.ExportTasksResponse]:
        async for part in _parts(
            self._transactions, writer.list_tasks, request.site_id, convert.task_to_proto, publisher.Task
        ):
            yield publisher.ExportTasksResponse(file=part)

    async def ExportContent(
        self, request: publisher.ExportContentRequest, context: Context
    ) -> AsyncIterator[publisher.ExportContentResponse]:
        async for part in _parts(
            self._transactions,
            writer.list_content,
            request.site_id,
            convert.content_to_proto,
            publisher.Content,
        ):
            yield publisher.ExportContentResponse(file=part)

    async def ExportImages(
        self, request: publisher.ExportImagesRequest, context: Context
    ) -> AsyncIterator[publisher.ExportImagesResponse]:
        async for part in _parts(
            self._transactions, writer.list_images, request.site_id, convert.image_to_proto, publisher.Image
        ):
            yield publisher.ExportImagesResponse(file=part)


async def _parts(
    transactions: Transactions[PublisherTransaction],
    listed: Callable[..., Page[Item]],
    site_id: str,
    to_proto: Callable[[Item], Message],
    message: type[Message],
) -> AsyncIterator[HttpBody]:
    """The whole list by its own pages, so that what is added meanwhile is neither missed nor repeated."""
    account_id = current_caller().account()
    page = PageRequest(size=ROWS_AT_ONCE)
    while True:
        items = await transactions.run(
            listed, account_id=account_id, site_id=site_id, wanted=Wanted(sort="created_at"), page=page
        )
        yield _part([to_proto(item) for item in items.items], message, first=page.after is None)
        if not items.next_page_token:
            return
        last = items.items[-1]
        page = PageRequest(size=ROWS_AT_ONCE, after=(last.created_at, last.id))


def _part(rows: list[Message], message: type[Message], *, first: bool) -> HttpBody:
    columns = [field.name for field in message.DESCRIPTOR.fields if field.name not in _LEFT_OUT]
    data = csv_lines(columns, (cells_of(row, columns) for row in rows), with_header=first)
    return HttpBody(content_type=MEDIA_TYPE if first else "", data=data)
