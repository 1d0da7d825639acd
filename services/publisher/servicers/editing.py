"""The editing actions of WriterService."""

import asyncio
from collections.abc import Iterable

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.plain import instant_to_proto
from chassis.transaction import Transactions
from services.publisher.convert import content_to_proto
from services.publisher.convert_history import entry_to_proto, origin_to_proto
from services.publisher.domain.comparison import Change
from services.publisher.domain.content_text import ContentText, ContentVersion
from services.publisher.html import clean_html
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import editing


class EditingActions:
    """PutContentText and what reads versions; WriterServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock

    async def PutContentText(
        self, request: publisher.PutContentTextRequest, context: Context
    ) -> publisher.PutContentTextResponse:
        caller = current_caller()
        text = await asyncio.to_thread(text_from_proto, request.text)
        content = await self._transactions.run(
            editing.put_text,
            content_id=request.content_id,
            account_id=caller.account(),
            text=text,
            etag=request.etag,
            actor=caller.actor,
            now=self._clock.now(),
        )
        return publisher.PutContentTextResponse(content=content_to_proto(content))

    async def ListContentVersions(
        self, request: publisher.ListContentVersionsRequest, context: Context
    ) -> publisher.ListContentVersionsResponse:
        page = await self._transactions.run(
            editing.list_versions,
            content_id=request.content_id,
            account_id=current_caller().account(),
            page=PageRequest.of(request),
        )
        return publisher.ListContentVersionsResponse(
            versions=map(_version_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def ListContentHistory(
        self, request: publisher.ListContentHistoryRequest, context: Context
    ) -> publisher.ListContentHistoryResponse:
        page = await self._transactions.run(
            editing.list_history,
            content_id=request.content_id,
            account_id=current_caller().account(),
            page=PageRequest.of(request),
        )
        return publisher.ListContentHistoryResponse(
            entries=map(entry_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetContentOrigins(
        self, request: publisher.GetContentOriginsRequest, context: Context
    ) -> publisher.GetContentOriginsResponse:
        origins = await self._transactions.run(
            editing.get_origins, content_id=request.content_id, account_id=current_caller().account()
        )
        return publisher.GetContentOriginsResponse(
            origins=map(origin_to_proto, origins.made),
            run_id=origins.run_id or "",
            approved_by=origins.approved_by,
        )

    async def GetContentVersion(
        self, request: publisher.GetContentVersionRequest, context: Context
    ) -> publisher.GetContentVersionResponse:
        version = await self._transactions.run(
            editing.get_version,
            content_id=request.content_id,
            account_id=current_caller().account(),
            version=request.version,
        )
        return publisher.GetContentVersionResponse(version=_version_to_proto(version))

    async def CompareContentVersions(
        self, request: publisher.CompareContentVersionsRequest, context: Context
    ) -> publisher.CompareContentVersionsResponse:
        compared = await self._transactions.run(
            editing.compare_versions,
            content_id=request.content_id,
            account_id=current_caller().account(),
            from_version=request.from_version,
            to_version=request.to_version,
        )
        return publisher.CompareContentVersionsResponse(
            from_version=compared.from_version,
            to_version=compared.to_version,
            changes=map(_change_to_proto, compared.changes),
        )


def text_from_proto(text: publisher.ContentText) -> ContentText:
    """The text with clean HTML, and every other field as plain words."""
    return ContentText(
        title=" ".join(text.title.split()),
        html=clean_html(text.html),
        excerpt=text.excerpt.strip(),
        meta_title=" ".join(text.meta_title.split()),
        meta_description=" ".join(text.meta_description.split()),
        primary_keyword=" ".join(text.primary_keyword.split()),
        categories=_names(text.categories),
        tags=_names(text.tags),
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in names if (name := " ".join(each.split()))))


def _version_to_proto(version: ContentVersion) -> publisher.ContentVersion:
    text = version.text
    return publisher.ContentVersion(
        content_id=version.content_id,
        version=version.version,
        text=publisher.ContentText(
            title=text.title,
            html=text.html,
            excerpt=text.excerpt,
            meta_title=text.meta_title,
            meta_description=text.meta_description,
            primary_keyword=text.primary_keyword,
            categories=text.categories,
            tags=text.tags,
        ),
        edited_by=version.edited_by,
        created_at=instant_to_proto(version.created_at),
    )


def _change_to_proto(change: Change) -> publisher.ContentChange:
    return publisher.ContentChange(
        field=change.field,
        parts=[
            publisher.ContentChangePart(
                kind=publisher.ContentChangePart.Kind.Value(f"KIND_{part.kind.name}"), text=part.text
            )
            for part in change.parts
        ],
    )
