"""Notifications in the database, always of one account."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.notifications.domain.draft import NotificationType, RelatedType
from services.notifications.domain.notification import Notification
from services.notifications.domain.words import Severity
from services.notifications.store.tables import notification as _table


class Notifications:
    """Whoever changes one holds the account's unread counter, so that there is one writer per account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notification: Notification) -> None:
        self._connection.execute(insert(_table).values(to_row(notification)))

    def save(self, notification: Notification) -> None:
        values = to_row(notification)
        self._connection.execute(update(_table).where(_table.c.id == values.pop("id")).values(values))

    def get(self, notification_id: str, *, account_id: str) -> Notification:
        """Raises NotFound, for notifications of other accounts too."""
        row = self._connection.execute(
            select(_table).where(_table.c.id == notification_id, _table.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="notification", id=notification_id)
        return from_row(row)

    def counting(
        self, account_id: str, run_id: str, notification_type: NotificationType
    ) -> Notification | None:
        """The one that counts the events of this type in this run."""
        row = self._connection.execute(
            select(_table).where(
                _table.c.account_id == account_id,
                _table.c.run_id == run_id,
                _table.c.notification_type == notification_type.value,
            )
        ).one_or_none()
        return None if row is None else from_row(row)

    def newest(
        self, *, account_id: str, unread_only: bool, notification_type: str | None, page: PageRequest
    ) -> Page[Notification]:
        """Those with the latest event first; an unknown type has none."""
        query = select(_table).where(_table.c.account_id == account_id)
        if unread_only:
            query = query.where(_table.c.read_at.is_(None))
        if notification_type is not None:
            query = query.where(_table.c.notification_type == notification_type)
        newest_first = [_table.c.updated_at.desc(), _table.c.id.desc()]
        return read_page(self._connection, query, page, by=newest_first, to=from_row)

    def mark_all_read(self, account_id: str, *, now: datetime) -> int:
        """How many were marked."""
        return self._connection.execute(
            update(_table)
            .where(_table.c.account_id == account_id, _table.c.read_at.is_(None))
            .values(read_at=now)
        ).rowcount


def to_row(notification: Notification) -> dict[str, Any]:
    """A notification's fields are the columns, by the same names."""
    return {field.name: _plain(getattr(notification, field.name)) for field in fields(notification)}


def from_row(row: Row[Any]) -> Notification:
    values = dict(row._mapping)
    return Notification(
        **{
            **values,
            "notification_type": NotificationType(values["notification_type"]),
            "severity": Severity(values["severity"]),
            "related_type": RelatedType(values["related_type"]),
        }
    )


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case Mapping():
            return dict(value)
        case _:
            return value
