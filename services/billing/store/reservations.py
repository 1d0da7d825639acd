"""Reservations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from services.billing.domain.reservation import Reservation, Status
from services.billing.store import tables
from services.billing.store.rows import from_row

_reservation = tables.reservation


class Reservations:
    """Reservations in the schema `billing`. Whoever moves one holds the lock on its account's row."""

    def __init__(self, connection: Connection, writes: Writes) -> None:
        self._connection = connection
        self._writes = writes

    def newest(self, *, account_id: str, status: Status | None, page: PageRequest) -> Page[Reservation]:
        """Reservations of the account, newest first."""
        query = select(_reservation).where(_reservation.c.account_id == account_id)
        if status is not None:
            query = query.where(_reservation.c.status == status.value)
        return read_page(self._connection, query, page, by=[_reservation.c.id.desc()], to=_of)

    def add(self, reservations: Sequence[Reservation]) -> None:
        self._writes.insert(_reservation, reservations)

    def save(self, reservations: Sequence[Reservation]) -> None:
        """Writes what moves in a reservation's life."""
        columns = ("captured", "released", "captured_late", "status", "expires_at")
        self._writes.update(_reservation, reservations, columns=columns)


def _of(row: Row[Any]) -> Reservation:
    return from_row(Reservation, row, status=Status)
