"""Editing articles: each save is a version, and versions can be read and compared."""

from dataclasses import dataclass
from datetime import datetime

from chassis.paging import Page, PageRequest
from services.publisher.domain.comparison import Change, compare
from services.publisher.domain.content import Content, ContentStatus
from services.publisher.domain.content_text import ContentText, ContentVersion
from services.publisher.domain.history import Action, HistoryEntry, Origin
from services.publisher.store.transaction import PublisherTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions of a content and the fields that differ."""

    from_version: int
    to_version: int
    changes: list[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The AI tasks that made a content and its pictures, in order, its run, and who approved it last."""

    made: list[Origin]
    run_id: str | None
    approved_by: str


def put_text(
    tx: PublisherTransaction,
    *,
    content_id: str,
    account_id: str,
    text: ContentText,
    etag: str,
    actor: str,
    now: datetime,
) -> Content:
    """Save a clean text as the next version; the same text again is none.

    Raises NotFound, StaleEtag when another was saved since `etag` was read, StateConflict while it is on its way.
    """
    before = tx.content.lock(content_id, account_id=account_id)
    if before.text == text:
        return before
    edited = before.edit(text, etag=etag, now=now)
    tx.content.save(edited)
    tx.content.add_version(edited.current_version(edited_by=actor))
    tx.note(edited, Action.EDITED, version=edited.version, actor=actor, now=now)
    return edited


def list_versions(
    tx: PublisherTransaction, *, content_id: str, account_id: str, page: PageRequest
) -> Page[ContentVersion]:
    """The saved texts, newest first, without their HTML. Raises NotFound."""
    tx.content.check(content_id, account_id=account_id)
    return tx.content.versions(content_id, page=page)


def list_history(
    tx: PublisherTransaction, *, content_id: str, account_id: str, page: PageRequest
) -> Page[HistoryEntry]:
    """What was done with a content, newest first. Raises NotFound."""
    tx.content.check(content_id, account_id=account_id)
    return tx.histories.entries(content_id, page=page)


def get_origins(tx: PublisherTransaction, *, content_id: str, account_id: str) -> Origins:
    """Where a content came from and who approved it. Raises NotFound."""
    content = tx.content.get(content_id, account_id=account_id)
    approved_by = tx.histories.approved_by(content_id) if content.status is ContentStatus.APPROVED else ""
    return Origins(made=tx.histories.origins(content_id), run_id=content.run_id, approved_by=approved_by)


def get_version(
    tx: PublisherTransaction, *, content_id: str, account_id: str, version: int
) -> ContentVersion:
    """One saved text. Raises NotFound for the content and for a version it does not have."""
    tx.content.check(content_id, account_id=account_id)
    return tx.content.version(content_id, version)


def compare_versions(
    tx: PublisherTransaction, *, content_id: str, account_id: str, from_version: int, to_version: int
) -> Compared:
    """What two saved texts have differently; 0 is the newest, and for `from_version` the one before `to_version`.

    Raises NotFound for the content and for versions it does not have.
    """
    newest = tx.content.get(content_id, account_id=account_id).version
    to_version = to_version or newest
    from_version = from_version or max(1, to_version - 1)
    earlier, later = (tx.content.version(content_id, number) for number in (from_version, to_version))
    return Compared(
        from_version=from_version, to_version=to_version, changes=compare(earlier.text, later.text)
    )
