"""The editing actions of PlannerService: clusters and ideas by hand."""

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.domain.cluster import Cluster
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea, IdeaText
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import planner_edits


class PlannerEdits:
    """Making, editing and changing many; PlannerServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock

    async def CreateCluster(
        self, request: publisher.CreateClusterRequest, context: Context
    ) -> publisher.CreateClusterResponse:
        return await self._transactions.run_once(
            planner_edits.create_cluster,
            request_id=request.request_id,
            scope="CreateCluster",
            request=request,
            response=publisher.CreateClusterResponse,
            pack=_cluster_made,
            account_id=current_caller().account(),
            site_id=request.site_id,
            sector_id=request.sector_id or None,
            name=_line(request.text.name),
            description=request.text.description.strip(),
            now=self._clock.now(),
        )

    async def PutCluster(
        self, request: publisher.PutClusterRequest, context: Context
    ) -> publisher.PutClusterResponse:
        cluster = await self._transactions.run(
            planner_edits.put_cluster,
            account_id=current_caller().account(),
            cluster_id=request.cluster_id,
            name=_line(request.text.name),
            description=request.text.description.strip(),
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutClusterResponse(cluster=convert.cluster_to_proto(cluster))

    async def ChangeClusters(
        self, request: publisher.ChangeClustersRequest, context: Context
    ) -> publisher.ChangeClustersResponse:
        # There is one action, and the rules let no other through.
        changed = await self._transactions.run(
            planner_edits.delete_clusters,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
            now=self._clock.now(),
        )
        return publisher.ChangeClustersResponse(changed=changed)

    async def CreateIdea(
        self, request: publisher.CreateIdeaRequest, context: Context
    ) -> publisher.CreateIdeaResponse:
        return await self._transactions.run_once(
            planner_edits.create_idea,
            request_id=request.request_id,
            scope="CreateIdea",
            request=request,
            response=publisher.CreateIdeaResponse,
            pack=_idea_made,
            account_id=current_caller().account(),
            site_id=request.site_id,
            cluster_id=request.cluster_id,
            text=_idea_text(request.text),
            now=self._clock.now(),
        )

    async def PutIdea(self, request: publisher.PutIdeaRequest, context: Context) -> publisher.PutIdeaResponse:
        idea = await self._transactions.run(
            planner_edits.put_idea,
            account_id=current_caller().account(),
            idea_id=request.idea_id,
            text=_idea_text(request.text),
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutIdeaResponse(idea=convert.idea_to_proto(idea))

    async def ChangeIdeas(
        self, request: publisher.ChangeIdeasRequest, context: Context
    ) -> publisher.ChangeIdeasResponse:
        action = publisher.ChangeIdeasRequest.Action.Name(request.action).removeprefix("ACTION_")
        changed = await self._transactions.run(
            planner_edits.change_ideas,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
            action=planner_edits.IdeaAction[action],
            now=self._clock.now(),
        )
        return publisher.ChangeIdeasResponse(changed=changed)


def _cluster_made(cluster: Cluster) -> publisher.CreateClusterResponse:
    return publisher.CreateClusterResponse(cluster=convert.cluster_to_proto(cluster))


def _idea_made(idea: Idea) -> publisher.CreateIdeaResponse:
    return publisher.CreateIdeaResponse(idea=convert.idea_to_proto(idea))


def _idea_text(text: publisher.IdeaText) -> IdeaText:
    return IdeaText(
        title=_line(text.title),
        description=text.description.strip(),
        content_type=ContentType(text.content_type or ContentType.POST),
        content_structure=ContentStructure(text.content_structure or ContentStructure.ARTICLE),
        target_keywords=tuple(text.target_keywords),
        estimated_word_count=text.estimated_word_count,
    )


def _line(text: str) -> str:
    return " ".join(text.split())
