"""Executions by hand that wait for a worker, and how many jobs of an account do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('by_hand:' || :account_id, 0))")

_WAITING: Final = text(
    """
    SELECT (SELECT count(*) FROM run_item
            WHERE status = 'queued' AND dispatched AND run_id IN (
                SELECT id FROM automation_run
                WHERE account_id = CAST(:account_id AS uuid) AND status = 'running')) AS of_runs,
           (SELECT count(*) FROM igny8_ai_task_logs
            WHERE account_id = CAST(:account_id AS uuid) AND status = 'pending' AND run_id IS NULL
              AND attempts = 0 AND handed_out_at IS NOT NULL) AS by_hand
    """
)

_HAND_OUT: Final = text(
    """
    UPDATE igny8_ai_task_logs SET handed_out_at = :now, updated_at = :now
    WHERE id IN (
        SELECT id FROM igny8_ai_task_logs t
        WHERE account_id = CAST(:account_id AS uuid) AND status = 'pending' AND run_id IS NULL
          AND attempts = 0 AND handed_out_at IS NULL
          AND NOT EXISTS (SELECT FROM job_lease WHERE subject_id = t.id AND until > clock_timestamp())
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING id::text
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsWaiting:
    """Jobs of an account that were handed out and that no worker has begun."""

    of_runs: int
    by_hand: int


class ByHand:
    """Executions that no run asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, account_id: str) -> JobsWaiting:
        """How many jobs of the account wait; nobody else hands one out by hand before the transaction ends."""
        of_account = {"account_id": account_id}
        self._connection.execute(_LOCK, of_account)
        of_runs, by_hand = self._connection.execute(_WAITING, of_account).one()
        return JobsWaiting(of_runs=of_runs, by_hand=by_hand)

    def hand_out(self, account_id: str, *, most: int, now: datetime) -> list[str]:
        """Notes jobs for the executions that have waited longest and that nobody is at; gives their ids in order."""
        parameters = {"account_id": account_id, "most": most, "now": now}
        return sorted(self._connection.execute(_HAND_OUT, parameters).scalars())

    def note_job(self, task_id: str, *, now: datetime) -> None:
        """Notes that there is a job for the execution."""
        self._connection.execute(
            text("UPDATE igny8_ai_task_logs SET handed_out_at = :now, updated_at = :now WHERE id = :id"),
            {"id": task_id, "now": now},
        )
