"""What a change of a run reads, each with one statement that the connection keeps prepared: every item makes several."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Integer

from chassis.reading import Query, Reading, Rows
from services.ai.domain.run import Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.stages import Stage
from services.ai.store import run_items, runs
from services.ai.store.tables import automation_run, run_item, run_stage

HANDED_OUT_MAX: Final = 8
"""More items are never handed out at once."""

_count: Final = (Column("jobs", Integer),)
_place: Final = (run_item.c.stage, run_item.c.id)

_SHEET: Final = Reading(
    first=(
        "SELECT FROM automation_run WHERE id IN (SELECT run_id FROM run_item WHERE id = ANY(%(item_ids)s))"
        " ORDER BY id FOR UPDATE"
    ),
    common=(
        "WITH wanted AS MATERIALIZED (SELECT DISTINCT run_id FROM run_item WHERE id = ANY(%(item_ids)s))"
    ),
    queries={
        "runs": Query(
            tuple(automation_run.c),
            "SELECT {columns} FROM automation_run WHERE id IN (SELECT run_id FROM wanted)",
        ),
        "stages": Query(
            tuple(run_stage.c),
            "SELECT {columns} FROM run_stage WHERE run_id IN (SELECT run_id FROM wanted) ORDER BY stage",
        ),
        "items": Query(tuple(run_item.c), "SELECT {columns} FROM run_item WHERE id = ANY(%(item_ids)s)"),
    },
    types={"item_ids": "uuid[]"},
)

WAITING: Final = Reading(
    queries={
        "running": Query(
            _count,
            "SELECT {columns} FROM (SELECT count(*) AS jobs FROM automation_run"
            " WHERE account_id = %(account_id)s AND status = 'running' AND id <> %(run_id)s) AS counted",
        ),
        "ahead": Query(
            _count,
            "SELECT {columns} FROM (SELECT count(*) AS jobs FROM run_item"
            " WHERE run_id = %(run_id)s AND status = 'queued' AND dispatched) AS counted",
        ),
        "waiting": Query(
            _place,
            "SELECT {columns} FROM unnest(%(stages)s) AS wanted CROSS JOIN LATERAL"
            " (SELECT stage, id FROM run_item WHERE run_id = %(run_id)s AND status = 'queued' AND NOT dispatched"
            " AND stage = wanted ORDER BY ordinal LIMIT %(most)s) AS next",
        ),
    },
    types={"run_id": "uuid", "account_id": "uuid", "stages": "smallint[]", "most": "integer"},
)

AROUND: Final = Reading(
    queries={
        "now": Query(
            tuple(run_item.c),
            "SELECT {columns} FROM run_item WHERE run_id = %(run_id)s AND status = 'running'"
            " ORDER BY stage, ordinal LIMIT 50",
        ),
        # Later stages first, because their items are nearer to a published article.
        "next": Query(
            tuple(run_item.c),
            "SELECT {columns} FROM run_item WHERE run_id = %(run_id)s AND status = 'queued'"
            " ORDER BY dispatched DESC, stage DESC, ordinal LIMIT 5",
        ),
        "last": Query(
            tuple(run_item.c),
            "SELECT {columns} FROM run_item WHERE run_id = %(run_id)s AND status IN ('done', 'failed')"
            " ORDER BY updated_at DESC, id DESC LIMIT 5",
        ),
    },
    types={"run_id": "uuid"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What may be handed out of a run."""

    others_running: int
    """Other runs of the account that go on."""
    ahead: int
    """Jobs of the run that were handed out and that no worker has begun."""
    ids: Mapping[Stage, list[str]]
    """The next items of each stage that no job was handed out for, at most `HANDED_OUT_MAX`, in their order."""


class RunSheets:
    """Runs and the items around their present."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, item_ids: Collection[str]) -> tuple[dict[str, Run], dict[str, RunItem]]:
        """Items by id, with their runs, which are held until the transaction ends. Runs are locked before their items.

        What is not there is left out.
        """
        found = _SHEET.read(self._connection, {"item_ids": sorted(item_ids)})
        stages: dict[str, Rows] = {row["id"]: [] for row in found["runs"]}
        for row in found["stages"]:
            stages[row["run_id"]].append(row)
        return (
            {row["id"]: runs.from_row(row, runs.stages_of(stages[row["id"]])) for row in found["runs"]},
            {row["id"]: run_items.from_row(row) for row in found["items"]},
        )

    def waiting(self, run: Run, stages: Collection[Stage]) -> Waiting:
        """What of these stages may be handed out."""
        found = WAITING.read(
            self._connection,
            {
                "run_id": run.id,
                "account_id": run.account_id,
                "stages": [int(stage) for stage in stages],
                "most": HANDED_OUT_MAX,
            },
        )
        ids: dict[Stage, list[str]] = {stage: [] for stage in stages}
        for row in found["waiting"]:
            ids[Stage(row["stage"])].append(row["id"])
        return Waiting(others_running=_only(found["running"]), ahead=_only(found["ahead"]), ids=ids)

    def around(self, run_id: str) -> dict[str, tuple[RunItem, ...]]:
        """The items that are worked on `now`, the `next` and the `last` ones."""
        found = AROUND.read(self._connection, {"run_id": run_id})
        return {name: tuple(map(run_items.from_row, rows)) for name, rows in found.items()}


def _only(rows: list[dict[str, Any]]) -> int:
    return int(rows[0]["jobs"])
