"""Planned runs in the database; one row for each planned instant of a site."""

from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.paging import Page, PageRequest, read_page
from services.ai.domain.planned_run import PlannedRun, PlannedStatus
from services.ai.store.tables import job_lease, planned_run


class PlannedRuns:
    """The planned runs of all accounts; what a person asks for is filtered by the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, planned: PlannedRun) -> bool:
        """Writes the row down. False when the site's planned instant has one already: the unique index decides."""
        statement = (
            insert(planned_run)
            .values(**to_row(planned))
            .on_conflict_do_nothing(index_elements=[planned_run.c.site_id, planned_run.c.planned_at])
        )
        return self._connection.execute(statement).rowcount == 1

    def lock(self, planned_run_id: str) -> PlannedRun:
        statement = select(planned_run).where(planned_run.c.id == planned_run_id).with_for_update()
        return from_row(self._connection.execute(statement).mappings().one())

    def save(self, planned: PlannedRun) -> None:
        self._connection.execute(
            update(planned_run).where(planned_run.c.id == planned.id).values(**to_row(planned))
        )

    def waiting(self, *, limit: int) -> list[PlannedRun]:
        """Claimed instants that no process is at, oldest first."""
        statement = (
            select(planned_run)
            .where(
                planned_run.c.status == PlannedStatus.WAITING,
                ~select(job_lease)
                .where(job_lease.c.subject_id == planned_run.c.id, job_lease.c.until > func.clock_timestamp())
                .exists(),
            )
            .order_by(planned_run.c.planned_at)
            .limit(limit)
        )
        return [from_row(row) for row in self._connection.execute(statement).mappings()]

    def waiting_of(self, site_id: str) -> list[PlannedRun]:
        """Those of a site that wait, held until the transaction ends."""
        statement = (
            select(planned_run)
            .where(planned_run.c.site_id == site_id, planned_run.c.status == PlannedStatus.WAITING)
            .with_for_update()
        )
        return [from_row(row) for row in self._connection.execute(statement).mappings()]

    def page(self, page: PageRequest, *, account_id: str, site_id: str) -> Page[PlannedRun]:
        """A site's planned runs, newest first."""
        statement = select(planned_run).where(
            planned_run.c.account_id == account_id, planned_run.c.site_id == site_id
        )
        newest_first = [planned_run.c.planned_at.desc(), planned_run.c.id.desc()]
        return read_page(
            self._connection, statement, page, by=newest_first, to=lambda row: from_row(row._mapping)
        )


def to_row(planned: PlannedRun) -> dict[str, Any]:
    return {
        "id": planned.id,
        "account_id": planned.account_id,
        "site_id": planned.site_id,
        "planned_at": planned.planned_at,
        "missed": planned.missed,
        "status": planned.status.value,
        "run_id": planned.run_id,
        "reason": planned.reason,
        "detail": planned.detail,
        "created_at": planned.created_at,
        "updated_at": planned.updated_at,
    }


def from_row(row: RowMapping) -> PlannedRun:
    values = dict(row)
    values["status"] = PlannedStatus(values["status"])
    return PlannedRun(**values)
