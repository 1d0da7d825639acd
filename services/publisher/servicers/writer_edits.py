"""The editing actions of WriterService beside texts: tasks and content by hand."""

import asyncio
from collections.abc import Callable

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.domain.content import Content
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.task import Task, TaskText
from services.publisher.servicers import Context
from services.publisher.servicers.editing import text_from_proto
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import writer_edits


class WriterEdits:
    """Making, editing and changing many; WriterServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock
    _wake_scheduler: Callable[[], None]

    async def CreateTask(
        self, request: publisher.CreateTaskRequest, context: Context
    ) -> publisher.CreateTaskResponse:
        return await self._transactions.run_once(
            writer_edits.create_task,
            request_id=request.request_id,
            scope="CreateTask",
            request=request,
            response=publisher.CreateTaskResponse,
            pack=_task_made,
            account_id=current_caller().account(),
            site_id=request.site_id,
            sector_id=request.sector_id or None,
            text=_task_text(request.text),
            now=self._clock.now(),
        )

    async def PutTask(self, request: publisher.PutTaskRequest, context: Context) -> publisher.PutTaskResponse:
        task = await self._transactions.run(
            writer_edits.put_task,
            account_id=current_caller().account(),
            task_id=request.task_id,
            text=_task_text(request.text),
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutTaskResponse(task=convert.task_to_proto(task))

    async def ChangeTasks(
        self, request: publisher.ChangeTasksRequest, context: Context
    ) -> publisher.ChangeTasksResponse:
        action = publisher.ChangeTasksRequest.Action.Name(request.action).removeprefix("ACTION_")
        changed = await self._transactions.run(
            writer_edits.change_tasks,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
            action=writer_edits.TaskAction[action],
            now=self._clock.now(),
        )
        return publisher.ChangeTasksResponse(changed=changed)

    async def CreateContent(
        self, request: publisher.CreateContentRequest, context: Context
    ) -> publisher.CreateContentResponse:
        return await self._transactions.run_once(
            writer_edits.create_content,
            request_id=request.request_id,
            scope="CreateContent",
            request=request,
            response=publisher.CreateContentResponse,
            pack=_content_made,
            account_id=current_caller().account(),
            site_id=request.site_id,
            sector_id=request.sector_id or None,
            text=await asyncio.to_thread(text_from_proto, request.text),
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def ChangeContent(
        self, request: publisher.ChangeContentRequest, context: Context
    ) -> publisher.ChangeContentResponse:
        action = publisher.ChangeContentRequest.Action.Name(request.action).removeprefix("ACTION_")
        changed = await self._transactions.run(
            writer_edits.change_content,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
            action=writer_edits.ContentAction[action],
            actor=current_caller().actor,
            now=self._clock.now(),
        )
        # Some of it may have got a time; waking for nothing costs nothing.
        self._wake_scheduler()
        return publisher.ChangeContentResponse(
            changed=changed.count,
            unscheduled=[
                publisher.UnscheduledContent(content_id=id, because=because)
                for id, because in changed.unscheduled.items()
            ],
        )


def _task_made(task: Task) -> publisher.CreateTaskResponse:
    return publisher.CreateTaskResponse(task=convert.task_to_proto(task))


def _content_made(content: Content) -> publisher.CreateContentResponse:
    return publisher.CreateContentResponse(content=convert.content_to_proto(content))


def _task_text(text: publisher.TaskText) -> TaskText:
    return TaskText(
        title=" ".join(text.title.split()),
        brief=text.brief.strip(),
        content_type=ContentType(text.content_type or ContentType.POST),
        content_structure=ContentStructure(text.content_structure or ContentStructure.ARTICLE),
        target_keywords=tuple(text.target_keywords),
        word_count=text.word_count,
    )
