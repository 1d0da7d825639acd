"""PipelineService: what the ai service reads to work on, and where its outputs go."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.refusal import FieldFault, Refusal, RequestInvalid
from chassis.together import ORDERS_MAX, Together
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.domain.content import Content
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea
from services.publisher.domain.image import Image
from services.publisher.domain.picture import PICTURE_BYTES_MAX
from services.publisher.domain.task import Task
from services.publisher.pictures import read_picture, too_many_bytes
from services.publisher.servicers import Context
from services.publisher.store.stages import Stage
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import images, planning, writer, writing

DECODING_AT_ONCE_MAX: Final = 2
"""A picture of 40 million pixels takes 160 MB while it is looked into."""


class PipelineServicer(publisher.PipelineServiceServicer):
    """The inventory, for services that act for the account."""

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
        self._decoding = asyncio.Semaphore(DECODING_AT_ONCE_MAX)
        self._underway = 0
        # Those of an execution come within a moment, but each is counted only when it is here; one alone waits for none.
        self._uploads = Together[images.Upload, Image](
            self._write_uploads, underway=lambda: ORDERS_MAX if self._underway > 1 else 1
        )

    async def ListStageInputs(
        self, request: publisher.ListStageInputsRequest, context: Context
    ) -> publisher.ListStageInputsResponse:
        inputs = await self._transactions.run(
            writer.list_stage_inputs,
            account_id=current_caller().account(),
            site_id=request.site_id,
            stage=Stage(request.stage),
            limit=request.limit,
        )
        return publisher.ListStageInputsResponse(ids=inputs.ids, total=inputs.total)

    async def SaveClusters(
        self, request: publisher.SaveClustersRequest, context: Context
    ) -> publisher.SaveClustersResponse:
        return await self._transactions.run_once(
            planning.save_clusters,
            request_id=request.request_id,
            scope="SaveClusters",
            request=request,
            response=publisher.SaveClustersResponse,
            pack=_clusters_saved,
            account_id=current_caller().account(),
            site_id=request.site_id,
            sector_id=request.sector_id or None,
            drafts=[
                planning.ClusterDraft(
                    name=draft.name, description=draft.description, keyword_ids=draft.keyword_ids
                )
                for draft in request.clusters
            ],
            now=self._clock.now(),
        )

    async def SaveIdeas(
        self, request: publisher.SaveIdeasRequest, context: Context
    ) -> publisher.SaveIdeasResponse:
        return await self._transactions.run_once(
            planning.save_ideas,
            request_id=request.request_id,
            scope="SaveIdeas",
            request=request,
            response=publisher.SaveIdeasResponse,
            pack=_ideas_saved,
            account_id=current_caller().account(),
            cluster_id=request.cluster_id,
            drafts=[
                planning.IdeaDraft(
                    title=draft.title,
                    description=draft.description,
                    content_type=ContentType(draft.content_type),
                    content_structure=ContentStructure(draft.content_structure),
                    target_keywords=tuple(draft.target_keywords),
                    estimated_word_count=draft.estimated_word_count,
                )
                for draft in request.ideas
            ],
            now=self._clock.now(),
        )

    async def QueueIdeas(
        self, request: publisher.QueueIdeasRequest, context: Context
    ) -> publisher.QueueIdeasResponse:
        return await self._transactions.run_once(
            planning.queue_ideas,
            request_id=request.request_id,
            scope="QueueIdeas",
            request=request,
            response=publisher.QueueIdeasResponse,
            pack=_ideas_queued,
            account_id=current_caller().account(),
            idea_ids=request.idea_ids,
            now=self._clock.now(),
        )

    async def StartTask(
        self, request: publisher.StartTaskRequest, context: Context
    ) -> publisher.StartTaskResponse:
        task = await self._transactions.run_repeatable(
            writing.start_task,
            account_id=current_caller().account(),
            task_id=request.task_id,
            now=self._clock.now(),
        )
        return publisher.StartTaskResponse(task=convert.task_to_proto(task))

    async def FailTask(
        self, request: publisher.FailTaskRequest, context: Context
    ) -> publisher.FailTaskResponse:
        task = await self._transactions.run_repeatable(
            writing.fail_task,
            account_id=current_caller().account(),
            task_id=request.task_id,
            error=request.error,
            now=self._clock.now(),
        )
        return publisher.FailTaskResponse(task=convert.task_to_proto(task))

    async def SaveContent(
        self, request: publisher.SaveContentRequest, context: Context
    ) -> publisher.SaveContentResponse:
        caller = current_caller()
        response = await self._transactions.run_once(
            writing.save_content,
            request_id=request.request_id,
            scope="SaveContent",
            request=request,
            response=publisher.SaveContentResponse,
            pack=_content_saved,
            account_id=caller.account(),
            task_id=request.task_id,
            article=writing.Article(
                title=request.title,
                slug=request.slug,
                html=request.html,
                excerpt=request.excerpt,
                meta_title=request.meta_title,
                meta_description=request.meta_description,
                primary_keyword=request.primary_keyword,
                categories=tuple(request.categories),
                tags=tuple(request.tags),
                model_name=request.model_name,
                prompt_version=request.prompt_version,
                run_id=request.run_id or None,
                images_wanted=request.images_wanted,
                ai_task_id=request.ai_task_id or None,
            ),
            actor=caller.actor,
            now=self._clock.now(),
        )
        # It may have got a time at once; waking for nothing costs nothing.
        self._wake_scheduler()
        return response

    async def SaveImagePrompts(
        self, request: publisher.SaveImagePromptsRequest, context: Context
    ) -> publisher.SaveImagePromptsResponse:
        return await self._transactions.run_once(
            writing.save_image_prompts,
            request_id=request.request_id,
            scope="SaveImagePrompts",
            request=request,
            response=publisher.SaveImagePromptsResponse,
            pack=_image_prompts_saved,
            account_id=current_caller().account(),
            content_id=request.content_id,
            drafts=[
                writing.ImageDraft(
                    image_type=convert.image_type_from_proto(draft.image_type),
                    position=draft.position,
                    prompt=draft.prompt,
                    alt_text=draft.alt_text,
                )
                for draft in request.images
            ],
            ai_task_id=request.ai_task_id or None,
            model_name=request.model_name,
            prompt_version=request.prompt_version,
            now=self._clock.now(),
        )

    async def UploadImage(
        self, requests: AsyncIterator[publisher.UploadImageRequest], context: Context
    ) -> publisher.UploadImageResponse:
        first = await anext(requests, None)
        if first is None or not first.image_id:
            raise RequestInvalid(FieldFault("image_id", "must not be empty"))
        self._underway += 1
        try:
            image = await self._upload(first, requests)
        finally:
            self._underway -= 1
        return publisher.UploadImageResponse(image=convert.image_to_proto(image))

    async def _upload(
        self, first: publisher.UploadImageRequest, rest: AsyncIterator[publisher.UploadImageRequest]
    ) -> Image:
        caller = current_caller()
        data = first.chunk
        if (second := await anext(rest, None)) is not None:
            # Before many bytes are taken in, so that nobody fills the memory for an image that is not theirs.
            await self._transactions.run(
                images.get_image, account_id=caller.account(), image_id=first.image_id
            )
            data = await _whole(data + second.chunk, rest)
        async with self._decoding:
            picture = await asyncio.to_thread(read_picture, data, media_type=first.media_type)
        return await self._uploads.submit(
            images.Upload(
                account_id=caller.account(),
                image_id=first.image_id,
                picture=picture,
                model_name=first.model_name,
                actor=caller.actor,
                ai_task_id=first.ai_task_id or None,
            )
        )

    async def _write_uploads(self, uploads: Sequence[images.Upload]) -> Sequence[Image | Refusal]:
        uploaded = await self._transactions.run_repeatable(
            images.upload_images, uploads=uploads, now=self._clock.now()
        )
        if uploaded.reviewed:
            self._wake_scheduler()
        return uploaded.results

    async def FailImage(
        self, request: publisher.FailImageRequest, context: Context
    ) -> publisher.FailImageResponse:
        caller = current_caller()
        image = await self._transactions.run_repeatable(
            images.fail_image,
            account_id=caller.account(),
            image_id=request.image_id,
            error=request.error,
            actor=caller.actor,
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return publisher.FailImageResponse(image=convert.image_to_proto(image))


async def _whole(begun: bytes, rest: AsyncIterator[publisher.UploadImageRequest]) -> bytes:
    """The bytes of all messages. Raises PayloadTooLarge as soon as they are too many."""
    data = bytearray(begun)
    async for request in rest:
        data += request.chunk
        if len(data) > PICTURE_BYTES_MAX:
            raise too_many_bytes()
    return bytes(data)


def _clusters_saved(saved: planning.SavedClusters) -> publisher.SaveClustersResponse:
    return publisher.SaveClustersResponse(
        clusters=map(convert.cluster_to_proto, saved.clusters), keywords_mapped=saved.keywords_mapped
    )


def _ideas_saved(ideas: list[Idea]) -> publisher.SaveIdeasResponse:
    return publisher.SaveIdeasResponse(ideas=map(convert.idea_to_proto, ideas))


def _ideas_queued(tasks: list[Task]) -> publisher.QueueIdeasResponse:
    return publisher.QueueIdeasResponse(tasks=map(convert.task_to_proto, tasks))


def _content_saved(content: Content) -> publisher.SaveContentResponse:
    return publisher.SaveContentResponse(content=convert.content_to_proto(content))


def _image_prompts_saved(saved: list[Image]) -> publisher.SaveImagePromptsResponse:
    return publisher.SaveImagePromptsResponse(images=map(convert.image_to_proto, saved))
