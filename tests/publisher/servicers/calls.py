"""Stubs of publisher's services, called as whomever a test says, and the requests most tests need."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.api.httpbody_pb2 import HttpBody
from igny8.publisher import v1 as publisher

from chassis.identity import Caller
from chassis.ids import new_id
from chassis.testing.callers import person, service
from chassis.testing.serving import Served

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.publisher.v1.pipeline_service_pb2_grpc import PipelineServiceAsyncStub
    from igny8.publisher.v1.planner_service_pb2_grpc import PlannerServiceAsyncStub
    from igny8.publisher.v1.publishing_service_pb2_grpc import PublishingServiceAsyncStub
    from igny8.publisher.v1.site_service_pb2_grpc import SiteServiceAsyncStub
    from igny8.publisher.v1.writer_service_pb2_grpc import WriterServiceAsyncStub

Stub = TypeVar("Stub")
HTML = "<p>" + "Compost feeds the soil. " * 100 + "</p><h2>Start</h2><p>Small.</p><h2>Turn</h2><p>Weekly.</p>"


@dataclass(frozen=True)
class Calls:
    """`calls.sites(caller)` is a stub whose calls come from that caller; by default the account's owner, and the ai
    service acting for the account."""

    served: Served

    def sites(self, caller: Caller | None = None) -> "SiteServiceAsyncStub":
        return self._stub(publisher.SiteServiceStub, caller or person())

    def planner(self, caller: Caller | None = None) -> "PlannerServiceAsyncStub":
        return self._stub(publisher.PlannerServiceStub, caller or person())

    def writer(self, caller: Caller | None = None) -> "WriterServiceAsyncStub":
        return self._stub(publisher.WriterServiceStub, caller or person())

    def publishing(self, caller: Caller | None = None) -> "PublishingServiceAsyncStub":
        return self._stub(publisher.PublishingServiceStub, caller or person())

    def anybody(self) -> "WriterServiceAsyncStub":
        return self.served.stub(publisher.WriterServiceStub, anonymous=True)

    def pipeline(self, caller: Caller | None = None) -> "PipelineServiceAsyncStub":
        return self._stub(publisher.PipelineServiceStub, caller or service())

    # What most tests begin with

    async def site(
        self, name: str = "Garden", *, caller: Caller | None = None, **words: Any
    ) -> publisher.Site:
        request = publisher.CreateSiteRequest(name=name, **words)
        return (await self.sites(caller).CreateSite(request)).site

    async def put_settings(self, site_id: str, **changes: Any) -> publisher.PublishingSettings:
        """The site's settings with some changed."""
        request = publisher.GetPublishingSettingsRequest(site_id=site_id)
        settings = (await self.sites().GetPublishingSettings(request)).settings
        settings.MergeFrom(publisher.PublishingSettings(**changes))
        put = publisher.PutPublishingSettingsRequest(site_id=site_id, settings=settings)
        return (await self.sites().PutPublishingSettings(put)).settings

    async def import_csv(
        self, site_id: str, text: str | bytes, *, sector_id: str = "", caller: Caller | None = None
    ) -> publisher.ImportKeywordsResponse:
        data = text.encode() if isinstance(text, str) else text
        return await self.planner(caller).ImportKeywords(in_parts(site_id, data, sector_id=sector_id))

    async def keywords(self, site_id: str, **filters: Any) -> list[publisher.Keyword]:
        request = publisher.ListKeywordsRequest(site_id=site_id, page_size=200, **filters)
        return list((await self.planner().ListKeywords(request)).keywords)

    async def cluster(self, site_id: str, name: str = "Composting") -> publisher.Cluster:
        """A cluster with one new keyword."""
        word = f"{name} {new_id()}".lower()
        await self.import_csv(site_id, f"keyword\n{word}\n")
        keyword = next(one for one in await self.keywords(site_id) if one.keyword == word)
        saved = await self.save_clusters(site_id, {name: [keyword.id]})
        return saved.clusters[0]

    async def save_clusters(
        self, site_id: str, topics: Mapping[str, Sequence[str]], *, sector_id: str = "", request_id: str = ""
    ) -> publisher.SaveClustersResponse:
        drafts = [publisher.ClusterDraft(name=name, keyword_ids=ids) for name, ids in topics.items()]
        return await self.pipeline().SaveClusters(
            publisher.SaveClustersRequest(
                request_id=request_id or new_id(), site_id=site_id, sector_id=sector_id, clusters=drafts
            )
        )

    async def ideas(self, cluster_id: str, *titles: str) -> list[publisher.Idea]:
        request = publisher.SaveIdeasRequest(
            request_id=new_id(), cluster_id=cluster_id, ideas=[idea_draft(title) for title in titles]
        )
        return list((await self.pipeline().SaveIdeas(request)).ideas)

    async def task(self, site_id: str, title: str = "How to start composting") -> publisher.Task:
        cluster = await self.cluster(site_id, name=f"Composting {new_id()}")
        (idea,) = await self.ideas(cluster.id, title)
        request = publisher.QueueIdeasRequest(request_id=new_id(), idea_ids=[idea.id])
        return (await self.pipeline().QueueIdeas(request)).tasks[0]

    async def content(self, site_id: str, **words: Any) -> publisher.Content:
        """An article of a run of its own, so that it stays a draft."""
        task = await self.task(site_id)
        request = article(task.id, **{"run_id": new_id(), **words})
        return (await self.pipeline().SaveContent(request)).content

    async def images(self, content_id: str, count: int = 2) -> list[publisher.Image]:
        """Pending images: the featured one and others."""
        request = publisher.SaveImagePromptsRequest(
            request_id=new_id(), content_id=content_id, images=[image_draft(place) for place in range(count)]
        )
        return list((await self.pipeline().SaveImagePrompts(request)).images)

    async def upload(
        self, image_id: str, data: bytes, *, caller: Caller | None = None, **words: Any
    ) -> publisher.Image:
        return (await self.pipeline(caller).UploadImage(picture_in_parts(image_id, data, **words))).image

    async def read_content(self, content_id: str) -> publisher.Content:
        request = publisher.GetContentRequest(content_id=content_id)
        return (await self.writer().GetContent(request)).content

    async def stage_inputs(self, site_id: str, stage: int, *, limit: int = 100) -> list[str]:
        request = publisher.ListStageInputsRequest(site_id=site_id, stage=stage, limit=limit)
        return list((await self.pipeline().ListStageInputs(request)).ids)

    async def stats(self, site_id: str, **words: Any) -> publisher.WorkflowStats:
        request = publisher.GetWorkflowStatsRequest(site_id=site_id, **words)
        return (await self.writer().GetWorkflowStats(request)).stats

    def _stub(self, stub: Callable[[grpc.aio.Channel], Stub], caller: Caller) -> Stub:
        return self.served.stub(stub, caller=caller)


def idea_draft(title: str) -> publisher.IdeaDraft:
    return publisher.IdeaDraft(
        title=title,
        description="What a beginner needs",
        content_type="post",
        content_structure="guide",
        target_keywords=["composting", "compost heap"],
        estimated_word_count=1200,
    )


def image_draft(position: int, **words: Any) -> publisher.ImageDraft:
    kind = publisher.Image.TYPE_IN_ARTICLE if position else publisher.Image.TYPE_FEATURED
    given = {"image_type": kind, "position": position, "prompt": "A heap", "alt_text": "A heap of leaves"}
    return publisher.ImageDraft(**{**given, **words})


def article(task_id: str, **words: Any) -> publisher.SaveContentRequest:
    """An article that passes every quality gate."""
    given: dict[str, Any] = {
        "request_id": new_id(),
        "task_id": task_id,
        "title": "How to start composting",
        "html": HTML,
        "meta_title": "How to start composting",
        "meta_description": "A first heap in an afternoon.",
        "primary_keyword": "composting",
        "categories": ["Soil"],
        "tags": ["compost", "heap"],
        "model_name": "offline-1",
        "prompt_version": "generate_content/v1",
    }
    return publisher.SaveContentRequest(**{**given, **words})


async def in_parts(
    site_id: str, data: bytes, *, sector_id: str = "", size: int = 256 * 1024
) -> AsyncIterator[publisher.ImportKeywordsRequest]:
    first = publisher.ImportKeywordsRequest(site_id=site_id, sector_id=sector_id)
    first.file.content_type = "text/csv"
    yield first
    for part in _parts(data, size):
        yield publisher.ImportKeywordsRequest(file=HttpBody(data=part))


async def picture_in_parts(
    image_id: str, data: bytes, *, size: int = 1024 * 1024, **words: Any
) -> AsyncIterator[publisher.UploadImageRequest]:
    request = publisher.UploadImageRequest(image_id=image_id, model_name="offline-image-1", **words)
    for part in _parts(data, size):
        request.chunk = part
        yield request
        request = publisher.UploadImageRequest()


def _parts(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))
