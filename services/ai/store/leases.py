"""Leases on jobs: who is at a task or run item, until when, with a fencing epoch. Only the database's clock counts."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.prepared import prepared
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


# Each in one order, so that two who want the same do not wait for each other.
_CLAIM: Final = (
    "INSERT INTO job_lease (subject_id, owner, until)"
    " SELECT wanted, %(owner)s, clock_timestamp() + %(seconds)s * interval '1 second'"
    " FROM unnest(%(subject_ids)s) AS wanted ORDER BY wanted"
    " ON CONFLICT (subject_id) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, until = excluded.until"
    " WHERE job_lease.until < clock_timestamp() RETURNING subject_id, epoch"
)
_HOLD: Final = (
    "SELECT subject_id, epoch FROM job_lease WHERE subject_id = ANY(%(subject_ids)s)"
    " ORDER BY subject_id FOR UPDATE"
)
_END: Final = "DELETE FROM job_lease WHERE subject_id = ANY(%(subject_ids)s)"
_CLAIM_TYPES: Final = {"subject_ids": "uuid[]", "owner": "text", "seconds": "integer"}
_HOLD_TYPES: Final = {"subject_ids": "uuid[]"}

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

    def claim_all(self, subject_ids: Collection[str], *, owner: str) -> dict[str, Lease]:
        """As `claim`, for several subjects: the leases that were taken, by subject."""
        if not subject_ids:
            return {}
        parameters = {"subject_ids": sorted(subject_ids), "owner": owner, "seconds": LEASE_SECONDS}
        taken = self._connection.exec_driver_sql(prepared(self._connection, _CLAIM, _CLAIM_TYPES), parameters)
        return {str(id): Lease(subject_id=str(id), epoch=epoch) for id, epoch in taken}

    def hold_all(self, leases: Collection[Lease]) -> set[Lease]:
        """As `hold`, for those of several leases that are not lost. Gives those."""
        parameters = {"subject_ids": sorted({lease.subject_id for lease in leases})}
        found = self._connection.exec_driver_sql(prepared(self._connection, _HOLD, _HOLD_TYPES), parameters)
        return {Lease(subject_id=str(id), epoch=epoch) for id, epoch in found} & set(leases)

    def give_up_all(self, leases: Collection[Lease]) -> None:
        """As `give_up`, for leases that this transaction holds."""
        if leases:
            parameters = {"subject_ids": sorted({lease.subject_id for lease in leases})}
            self._connection.exec_driver_sql(prepared(self._connection, _END, _HOLD_TYPES), parameters)

    def give_up(self, lease: Lease) -> None:
        """Ends the lease. Giving up a lost one changes nothing."""
        self._connection.execute(delete(job_lease).where(*_is(lease)))


def _is(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (job_lease.c.subject_id == lease.subject_id, job_lease.c.epoch == lease.epoch)
