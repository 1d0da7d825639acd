"""Reservations."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.reservation import Reservation, Status
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_reservation = tables.reservation


class Reservations:
    """Reservations in the schema `billing`. Locked after the account's row, never before."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, reservation: Reservation) -> None:
        self._connection.execute(insert(_reservation).values(to_row(reservation)))

    def lock(self, reservation_id: str, *, account_id: str) -> Reservation:
        """Raises NotFound, for reservations of other accounts too."""
        row = self._connection.execute(
            select(_reservation)
            .where(_reservation.c.id == reservation_id, _reservation.c.account_id == account_id)
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(kind="reservation", id=reservation_id)
        return _of(row)

    def lock_due(self, *, account_id: str, now: datetime) -> list[Reservation]:
        """The account's holds whose time has ended and that nobody has booked yet, oldest end first."""
        query = (
            select(_reservation)
            .where(
                _reservation.c.account_id == account_id,
                _reservation.c.status == Status.ACTIVE.value,
                _reservation.c.expires_at <= now,
            )
            .order_by(_reservation.c.expires_at, _reservation.c.id)
            .with_for_update()
        )
        return [_of(row) for row in self._connection.execute(query)]

    def newest(self, *, account_id: str, status: Status | None, page: PageRequest) -> Page[Reservation]:
        """Reservations of the account, newest first."""
        query = select(_reservation).where(_reservation.c.account_id == account_id)
        if status is not None:
            query = query.where(_reservation.c.status == status.value)
        return read_page(self._connection, query, page, by=[_reservation.c.id.desc()], to=_of)

    def save(self, reservation: Reservation) -> None:
        """Writes what moves in a reservation's life."""
        self._connection.execute(
            update(_reservation)
            .where(_reservation.c.id == reservation.id)
            .values(
                captured=reservation.captured,
                released=reservation.released,
                status=reservation.status.value,
            )
        )


def _of(row: Row[Any]) -> Reservation:
    return from_row(Reservation, row, status=Status)
