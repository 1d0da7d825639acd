"""Leases on jobs: who is at a task or run item, until when, with a fencing epoch. Only the database's clock counts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.refusal import StateConflict
from services.ai.store.tables import job_lease

LEASE_SECONDS: Final = 15
"""A worker that did not renew its lease for so long is taken to be dead; renewed every third of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one subject; every write made under it names its epoch."""

    subject_id: str
    epoch: int


class LeaseLost(StateConflict):
    """Another worker has taken the subject over; what this one still wants to write is refused."""

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "Another worker has taken this job over.", metadata={"kind": "lease", "subject_id": subject_id}
        )


_until = func.clock_timestamp() + text(f"interval '{LEASE_SECONDS} seconds'")


class Leases:
    """Claims, renewals and the fence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, subject_id: str, *, owner: str) -> Lease | None:
        """Takes the subject when nobody is at it, or whoever was has not renewed. None while somebody is."""
        fresh = insert(job_lease)
        statement = (
            fresh.values(subject_id=subject_id, owner=owner, until=_until)
            .on_conflict_do_update(
                index_elements=[job_lease.c.subject_id],
                set_={"owner": owner, "epoch": fresh.excluded.epoch, "until": _until},
                where=job_lease.c.until < func.clock_timestamp(),
            )
            .returning(job_lease.c.epoch)
        )
        epoch = self._connection.execute(statement).scalar()
        return None if epoch is None else Lease(subject_id=subject_id, epoch=epoch)

    def renew(self, lease: Lease) -> bool:
        """Keeps the lease for another 15 s. False when it is lost."""
        statement = update(job_lease).where(*_is(lease)).values(until=_until)
        return self._connection.execute(statement).rowcount == 1

    def hold(self, lease: Lease) -> None:
        """Fences this transaction: nobody takes the subject over before it ends. Raises LeaseLost."""
        statement = select(job_lease.c.epoch).where(*_is(lease)).with_for_update()
        if self._connection.execute(statement).first() is None:
            raise LeaseLost(lease.subject_id)

    def hold_all(self, leases: Collection[Lease]) -> set[Lease]:
        """As `hold`, for those of several leases that are not lost. Gives those."""
        wanted = {lease.subject_id: lease for lease in leases}
        statement = (
            select(job_lease.c.subject_id, job_lease.c.epoch)
            .where(job_lease.c.subject_id.in_(wanted))
            .order_by(job_lease.c.subject_id)
            .with_for_update()
        )
        found = {Lease(subject_id=id, epoch=epoch) for id, epoch in self._connection.execute(statement)}
        return found & set(leases)

    def give_up(self, lease: Lease) -> None:
        """Ends the lease. Giving up a lost one changes nothing."""
        self._connection.execute(delete(job_lease).where(*_is(lease)))


def _is(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (job_lease.c.subject_id == lease.subject_id, job_lease.c.epoch == lease.epoch)
