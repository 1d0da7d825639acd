"""The ai service's road to publisher: what a function reads there, and where its outputs go."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

from igny8.publisher import v1 as publisher

from services.ai.domain.stages import Output, Stage

CHUNK_BYTES: Final = 1024 * 1024
IDS_MAX: Final = 1000
PAGE_SIZE: Final = 200


class Inventory:
    """Publisher, as AI functions and runs need it. Reads are complete; writes are idempotent."""

    def __init__(
        self,
        *,
        sites: "publisher.SiteServiceAsyncStub",
        planner: "publisher.PlannerServiceAsyncStub",
        writer: "publisher.WriterServiceAsyncStub",
        pipeline: "publisher.PipelineServiceAsyncStub",
    ) -> None:
        self._sites = sites
        self._planner = planner
        self._writer = writer
        self.pipeline = pipeline

    async def site(self, site_id: str) -> publisher.Site:
        """Raises NOT_FOUND, also for a site of another account."""
        return (await self._sites.GetSite(publisher.GetSiteRequest(site_id=site_id))).site

    async def publishing_settings(self, site_id: str) -> publisher.PublishingSettings:
        request = publisher.GetPublishingSettingsRequest(site_id=site_id)
        return (await self._sites.GetPublishingSettings(request)).settings

    async def sector_name(self, site_id: str, sector_id: str) -> str:
        """Empty when the sector is gone."""
        request = publisher.ListSectorsRequest(site_id=site_id, page_size=PAGE_SIZE)
        while True:
            response = await self._sites.ListSectors(request)
            for sector in response.sectors:
                if sector.id == sector_id:
                    return sector.name
            if not response.next_page_token:
                return ""
            request.page_token = response.next_page_token

    async def keywords(self, site_id: str, ids: Sequence[str]) -> list[publisher.Keyword]:
        """The keywords with these ids, in that order; those of other sites are left out."""
        found: list[publisher.Keyword] = []
        for request in _by_ids(publisher.ListKeywordsRequest, site_id, ids):
            while True:
                response = await self._planner.ListKeywords(request)
                found.extend(response.keywords)
                if not response.next_page_token:
                    break
                request.page_token = response.next_page_token
        return _in_order(found, ids)

    async def keywords_of_cluster(self, site_id: str, cluster_id: str) -> list[publisher.Keyword]:
        """The most searched keywords of a cluster, at most 200."""
        request = publisher.ListKeywordsRequest(site_id=site_id, cluster_id=cluster_id, page_size=PAGE_SIZE)
        return list((await self._planner.ListKeywords(request)).keywords)

    async def cluster_names(self, site_id: str) -> list[str]:
        """Names of the most searched clusters, at most 200."""
        request = publisher.ListClustersRequest(site_id=site_id, page_size=PAGE_SIZE)
        return [cluster.name for cluster in (await self._planner.ListClusters(request)).clusters]

    async def clusters(self, site_id: str, ids: Sequence[str]) -> list[publisher.Cluster]:
        """The clusters with these ids, in that order; those of other sites are left out."""
        found: list[publisher.Cluster] = []
        for request in _by_ids(publisher.ListClustersRequest, site_id, ids):
            while True:
                response = await self._planner.ListClusters(request)
                found.extend(response.clusters)
                if not response.next_page_token:
                    break
                request.page_token = response.next_page_token
        return _in_order(found, ids)

    async def tasks(self, site_id: str, ids: Sequence[str]) -> list[publisher.Task]:
        """The tasks with these ids, in that order; those of other sites are left out."""
        found: list[publisher.Task] = []
        for request in _by_ids(publisher.ListTasksRequest, site_id, ids):
            while True:
                response = await self._writer.ListTasks(request)
                found.extend(response.tasks)
                if not response.next_page_token:
                    break
                request.page_token = response.next_page_token
        return _in_order(found, ids)

    async def contents(self, site_id: str, ids: Sequence[str]) -> list[publisher.Content]:
        """The articles with these ids, in that order, without their texts; those of other sites are left out."""
        found: list[publisher.Content] = []
        for request in _by_ids(publisher.ListContentRequest, site_id, ids):
            while True:
                response = await self._writer.ListContent(request)
                found.extend(response.content)
                if not response.next_page_token:
                    break
                request.page_token = response.next_page_token
        return _in_order(found, ids)

    async def content(self, content_id: str) -> publisher.Content:
        """One article, whole. Raises NOT_FOUND."""
        request = publisher.GetContentRequest(content_id=content_id)
        return (await self._writer.GetContent(request)).content

    async def published(self, site_id: str) -> list[publisher.Content]:
        """The newest published articles of a site with their addresses, at most 200; without their texts."""
        request = publisher.ListContentRequest(
            site_id=site_id,
            site_status=publisher.Content.SITE_STATUS_PUBLISHED,
            page_size=PAGE_SIZE,
        )
        return list((await self._writer.ListContent(request)).content)

    async def planned_titles(self, site_id: str) -> list[str]:
        """Titles of the newest tasks of a site, written or not, at most 200."""
        request = publisher.ListTasksRequest(site_id=site_id, page_size=PAGE_SIZE)
        return [task.title for task in (await self._writer.ListTasks(request)).tasks]

    async def images_to_make(
        self, site_id: str, content_id: str, *, failed_too: bool = False
    ) -> list[publisher.Image]:
        """The pending images of an article, in their order in it; with those that failed where somebody asks again."""
        wanted = {publisher.Image.STATUS_PENDING}
        if failed_too:
            wanted.add(publisher.Image.STATUS_FAILED)
        request = publisher.ListImagesRequest(site_id=site_id, content_id=content_id, page_size=PAGE_SIZE)
        images = (await self._writer.ListImages(request)).images
        return sorted((image for image in images if image.status in wanted), key=lambda image: image.position)

    async def submit_for_review(self, content_id: str) -> publisher.Content:
        """Asks publisher to take an article into review; its one use case decides what comes of it."""
        request = publisher.SubmitForReviewRequest(content_id=content_id)
        return (await self._writer.SubmitForReview(request)).content

    async def stage_inputs(self, site_id: str, stage: Stage, *, limit: int) -> list[Output]:
        """What waits in the inventory for a stage, oldest first."""
        request = publisher.ListStageInputsRequest(site_id=site_id, stage=int(stage), limit=limit)
        response = await self.pipeline.ListStageInputs(request)
        return [Output(id=id, label="") for id in response.ids]

    async def count_stage_inputs(self, site_id: str, stage: Stage) -> int:
        """How much waits in the inventory for a stage."""
        request = publisher.ListStageInputsRequest(site_id=site_id, stage=int(stage), limit=1)
        return (await self.pipeline.ListStageInputs(request)).total

    async def upload_image(
        self, image_id: str, *, model_name: str, ai_task_id: str, data: bytes
    ) -> publisher.Image:
        """Stores an image's bytes, in parts."""

        async def parts() -> AsyncIterator[publisher.UploadImageRequest]:
            first = publisher.UploadImageRequest(
                image_id=image_id, model_name=model_name, ai_task_id=ai_task_id
            )
            for start in range(0, len(data), CHUNK_BYTES):
                first.chunk = data[start : start + CHUNK_BYTES]
                yield first
                first = publisher.UploadImageRequest()

        return (await self.pipeline.UploadImage(parts())).image


Request = TypeVar(
    "Request",
    publisher.ListKeywordsRequest,
    publisher.ListClustersRequest,
    publisher.ListTasksRequest,
    publisher.ListContentRequest,
)
Identified = TypeVar("Identified", publisher.Keyword, publisher.Cluster, publisher.Task, publisher.Content)


def _by_ids(request: type[Request], site_id: str, ids: Sequence[str]) -> list[Request]:
    return [
        request(site_id=site_id, page_size=PAGE_SIZE, ids=ids[start : start + IDS_MAX])
        for start in range(0, len(ids), IDS_MAX)
    ]


def _in_order(found: Sequence[Identified], ids: Sequence[str]) -> list[Identified]:
    by_id = {noun.id: noun for noun in found}
    return [by_id[id] for id in ids if id in by_id]
