"""PlannerService: keyword files, and the lists of keywords, clusters and ideas."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Final

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.idempotency import RequestKey
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.refusal import Contention, FieldFault, Refusal, RequestInvalid
from chassis.together import Together
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.domain.csv_dialects import FILE_BYTES_MAX
from services.publisher.domain.import_refusals import TooManyBytes
from services.publisher.domain.keyword_import import read_keywords
from services.publisher.servicers import Context
from services.publisher.servicers.exports import PlannerExports
from services.publisher.servicers.planner_edits import PlannerEdits
from services.publisher.servicers.wanted import wanted_of
from services.publisher.store.keyword_creation import Creation
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import keywords, planner

IMPORT_SECONDS_MAX: Final = 60.0
READING_AT_ONCE_MAX: Final = 2
"""A file of 20 MB takes some 200 MB while it is read."""
TOGETHER_LOCK_SECONDS_MAX: Final = 0.05
"""Keywords that are made together wait so long for an import that has the same, before each is made by itself."""


class PlannerServicer(PlannerEdits, PlannerExports, publisher.PlannerServiceServicer):
    """What people search for and what could be written."""

    def __init__(self, transactions: Transactions[PublisherTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        self._reading = asyncio.Semaphore(READING_AT_ONCE_MAX)
        # As many as come while the last ones are written; nobody waits for company.
        self._creations = Together[Creation, bytes](
            self._create_together, underway=lambda: 1, linger_seconds=0
        )

    async def ImportKeywords(
        self, requests: AsyncIterator[publisher.ImportKeywordsRequest], context: Context
    ) -> publisher.ImportKeywordsResponse:
        account_id = current_caller().account()
        first = await anext(requests, None)
        if first is None or not first.site_id:
            raise RequestInvalid(FieldFault("site_id", "must not be empty"))
        sector_id = first.sector_id or None
        # Before the file is taken in, so that nobody fills the memory for a site that is not theirs.
        await self._transactions.run(
            planner.check_place, account_id=account_id, site_id=first.site_id, sector_id=sector_id
        )
        data = await _whole(first, requests)
        async with self._reading:
            file = await asyncio.to_thread(read_keywords, data)
        counts = await self._transactions.within(seconds=IMPORT_SECONDS_MAX).run(
            planner.import_keywords,
            account_id=account_id,
            site_id=first.site_id,
            sector_id=sector_id,
            file=file,
            now=self._clock.now(),
        )
        return publisher.ImportKeywordsResponse(
            imported=counts.imported,
            updated=counts.updated,
            skipped=counts.skipped,
            errors=map(convert.import_error_to_proto, file.errors),
            format=file.format.value,
            unknown_columns=file.unknown_columns,
        )

    async def CreateKeyword(
        self, request: publisher.CreateKeywordRequest, context: Context
    ) -> publisher.CreateKeywordResponse:
        account_id = current_caller().account()
        keyword = keywords.new_keyword(
            account_id=account_id,
            site_id=request.site_id,
            sector_id=request.sector_id or None,
            text=request.keyword,
            facts=keywords.KeywordFacts(
                volume=request.volume if request.HasField("volume") else None,
                difficulty=request.difficulty if request.HasField("difficulty") else None,
                cpc=Decimal(request.cpc) if request.cpc else None,
                currency=request.cpc_currency or None,
                intent=convert.intent_from_proto(request.intent),
                country=request.country or None,
            ),
            now=self._clock.now(),
        )
        response = publisher.CreateKeywordResponse(keyword=convert.keyword_to_proto(keyword))
        key = RequestKey.of(
            request, account_id=account_id, scope="CreateKeyword", request_id=request.request_id
        )
        creation = Creation(
            keyword=keyword, key=key if request.request_id else None, answer=response.SerializeToString()
        )
        return publisher.CreateKeywordResponse.FromString(await self._create(creation))

    async def _create(self, creation: Creation) -> bytes:
        """Together with those that come meanwhile. Raises what the one is refused for."""
        try:
            return await self._creations.submit(creation)
        except Contention:
            # Somebody keeps what one of them asks for: who waits for that is not to keep the others waiting.
            (result,) = await self._transactions.run_repeatable(
                keywords.create_keywords, creations=[creation]
            )
            if isinstance(result, Refusal):
                raise result from None
            return result

    async def _create_together(self, creations: Sequence[Creation]) -> Sequence[bytes | Refusal]:
        return await self._transactions.run_repeatable(
            keywords.create_keywords, creations=creations, lock_seconds_max=TOGETHER_LOCK_SECONDS_MAX
        )

    async def ChangeKeywords(
        self, request: publisher.ChangeKeywordsRequest, context: Context
    ) -> publisher.ChangeKeywordsResponse:
        action = publisher.ChangeKeywordsRequest.Action.Name(request.action).removeprefix("ACTION_")
        changed = await self._transactions.run(
            keywords.change_keywords,
            account_id=current_caller().account(),
            site_id=request.site_id,
            ids=request.ids,
            action=keywords.KeywordAction[action],
            cluster_id=request.cluster_id or None,
            now=self._clock.now(),
        )
        return publisher.ChangeKeywordsResponse(changed=changed)

    async def ListKeywords(
        self, request: publisher.ListKeywordsRequest, context: Context
    ) -> publisher.ListKeywordsResponse:
        page = await self._transactions.run(
            planner.list_keywords,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListKeywordsResponse(
            keywords=map(convert.keyword_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetKeyword(
        self, request: publisher.GetKeywordRequest, context: Context
    ) -> publisher.GetKeywordResponse:
        keyword = await self._transactions.run(
            planner.get_keyword, account_id=current_caller().account(), keyword_id=request.keyword_id
        )
        return publisher.GetKeywordResponse(keyword=convert.keyword_to_proto(keyword))

    async def ListClusters(
        self, request: publisher.ListClustersRequest, context: Context
    ) -> publisher.ListClustersResponse:
        page = await self._transactions.run(
            planner.list_clusters,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListClustersResponse(
            clusters=map(convert.cluster_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetCluster(
        self, request: publisher.GetClusterRequest, context: Context
    ) -> publisher.GetClusterResponse:
        cluster = await self._transactions.run(
            planner.get_cluster, account_id=current_caller().account(), cluster_id=request.cluster_id
        )
        return publisher.GetClusterResponse(cluster=convert.cluster_to_proto(cluster))

    async def ListIdeas(
        self, request: publisher.ListIdeasRequest, context: Context
    ) -> publisher.ListIdeasResponse:
        page = await self._transactions.run(
            planner.list_ideas,
            account_id=current_caller().account(),
            site_id=request.site_id,
            wanted=wanted_of(request),
            page=PageRequest.of(request),
        )
        return publisher.ListIdeasResponse(
            ideas=map(convert.idea_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetIdea(self, request: publisher.GetIdeaRequest, context: Context) -> publisher.GetIdeaResponse:
        idea = await self._transactions.run(
            planner.get_idea, account_id=current_caller().account(), idea_id=request.idea_id
        )
        return publisher.GetIdeaResponse(idea=convert.idea_to_proto(idea))


async def _whole(
    first: publisher.ImportKeywordsRequest, rest: AsyncIterator[publisher.ImportKeywordsRequest]
) -> bytes:
    """The file of all messages. Raises TooManyBytes as soon as it is too large."""
    data = bytearray(first.file.data)
    async for request in rest:
        data += request.file.data
        if len(data) > FILE_BYTES_MAX:
            break
    if len(data) > FILE_BYTES_MAX:
        raise TooManyBytes(FILE_BYTES_MAX)
    return bytes(data)
