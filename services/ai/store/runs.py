"""Automation runs and their stages in the database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.ai.domain.estimate import Past, StageRecord
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import (
    ACTIVE,
    PauseReason,
    Run,
    RunAlreadyActive,
    RunStatus,
    StageProgress,
    Trigger,
)
from services.ai.domain.stages import Stage
from services.ai.store.tables import automation_run, run_stage

_CHANGING: Final = (
    "status",
    "pause_reason",
    "pause_scope",
    "pause_detail",
    "error",
    "max_credits",
    "models",
    "sequence",
    "updated_at",
    "finished_at",
    "paused_at",
    "paused_seconds",
)
_PROGRESS: Final = (
    "inputs",
    "total",
    "done",
    "failed",
    "skipped",
    "in_flight",
    "outputs",
    "credits_used",
    "credits_awaited",
)


class Runs:
    """The runs of all accounts; what a person asks for is always filtered by the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        """Raises RunAlreadyActive with the id of the site's active run."""
        active = self.active_id(run.site_id)
        if active is not None:
            raise RunAlreadyActive(active)
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(automation_run).values(**to_row(run)))
        except IntegrityError as error:
            # Somebody else started one since the look above; the unique index has decided.
            active = self.active_id(run.site_id)
            if active is None:
                raise
            raise RunAlreadyActive(active) from error
        self._connection.execute(insert(run_stage), [_stage_row(run.id, stage) for stage in run.stages])

    def reopen(self, run: Run) -> None:
        """Lets an ended run take the site's place again. Raises RunAlreadyActive when another has it."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    update(automation_run)
                    .where(automation_run.c.id == run.id)
                    .values(status=run.status.value)
                )
        except IntegrityError as error:
            active = self.active_id(run.site_id)
            if active is None:
                raise
            raise RunAlreadyActive(active) from error

    def active_id(self, site_id: str) -> str | None:
        statement = select(automation_run.c.id).where(
            automation_run.c.site_id == site_id, automation_run.c.status.in_(ACTIVE)
        )
        return self._connection.execute(statement).scalar()

    def past(self, site_id: str, *, account_id: str, models: Mapping[FunctionName, str], limit: int) -> Past:
        """The site's last completed runs, the newest first, beside the models that are to be used."""
        statement = (
            select(automation_run)
            .where(
                automation_run.c.account_id == account_id,
                automation_run.c.site_id == site_id,
                automation_run.c.status == RunStatus.COMPLETED,
            )
            .order_by(automation_run.c.created_at.desc(), automation_run.c.id.desc())
            .limit(limit)
        )
        rows = self._connection.execute(statement).mappings().all()
        stages = self._stages([row["id"] for row in rows])
        records: dict[Stage, list[StageRecord]] = {stage: [] for stage in Stage}
        paces = []
        for row in rows:
            run = from_row(row, stages[row["id"]])
            ended = sum(progress.ended for progress in run.stages)
            paces.append((run.clock.active_seconds(run.updated_at), ended))
            for progress in run.stages:
                function = progress.stage.function
                same = function is None or run.models.get(function) == models.get(function)
                records[progress.stage].append(
                    StageRecord(
                        inputs=progress.inputs,
                        outputs=progress.outputs,
                        credits_used=progress.credits_used,
                        same_model=same,
                    )
                )
        return Past(stages=records, paces=paces)

    def await_credits(self, run_id: str, stage: Stage, credits: int) -> None:
        """Notes what an item of the stage needs that was put off for lack of credits; 0 when none waits."""
        self._connection.execute(
            update(run_stage)
            .where(run_stage.c.run_id == run_id, run_stage.c.stage == int(stage))
            .values(credits_awaited=credits)
        )

    def save(self, run: Run, *, before: Run, writes: Writes) -> None:
        """Writes what changed since `before`."""
        writes.update(automation_run, [to_row(run)], columns=_CHANGING)
        stages = [now for now, then in zip(run.stages, before.stages, strict=True) if now != then]
        writes.update(run_stage, [_stage_row(run.id, stage) for stage in stages], columns=_PROGRESS)

    def get(self, run_id: str, *, account_id: str) -> Run:
        """Raises NotFound, also for a run of another account."""
        statement = select(automation_run).where(
            automation_run.c.id == run_id, automation_run.c.account_id == account_id
        )
        return self._one(run_id, self._connection.execute(statement).mappings().first())

    def lock(self, run_id: str) -> Run:
        """The run, held until the transaction ends. Always locked before its items. Raises NotFound."""
        statement = select(automation_run).where(automation_run.c.id == run_id).with_for_update()
        return self._one(run_id, self._connection.execute(statement).mappings().first())

    def page(
        self,
        page: PageRequest,
        *,
        account_id: str,
        site_id: str,
        status: RunStatus | None = None,
        trigger: Trigger | None = None,
    ) -> Page[Run]:
        """A site's runs, newest first."""
        statement = select(automation_run).where(
            automation_run.c.account_id == account_id, automation_run.c.site_id == site_id
        )
        if status is not None:
            statement = statement.where(automation_run.c.status == status)
        if trigger is not None:
            statement = statement.where(automation_run.c.trigger == trigger)
        newest_first = [automation_run.c.created_at.desc(), automation_run.c.id.desc()]
        rows = read_page(self._connection, statement, page, by=newest_first, to=lambda row: row._mapping)
        stages = self._stages([row["id"] for row in rows.items])
        return rows.map(lambda row: from_row(row, stages[row["id"]]))

    def _one(self, run_id: str, row: RowMapping | None) -> Run:
        if row is None:
            raise NotFound(kind="run", id=run_id)
        return from_row(row, self._stages([run_id])[run_id])

    def _stages(self, run_ids: Sequence[str]) -> dict[str, tuple[StageProgress, ...]]:
        statement = select(run_stage).where(run_stage.c.run_id.in_(run_ids)).order_by(run_stage.c.stage)
        rows: dict[str, list[RowMapping]] = {run_id: [] for run_id in run_ids}
        for row in self._connection.execute(statement).mappings():
            rows[row["run_id"]].append(row)
        return {run_id: stages_of(found) for run_id, found in rows.items()}


def to_row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "account_id": run.account_id,
        "site_id": run.site_id,
        "status": run.status.value,
        "pause_reason": run.pause_reason.value if run.pause_reason else "",
        "pause_scope": run.pause_scope,
        "pause_detail": run.pause_detail,
        "error": run.error,
        "max_credits": run.max_credits,
        "max_in_article_images": run.max_in_article_images,
        "models": {function.value: model_name for function, model_name in run.models.items()},
        "sequence": run.sequence,
        "actor": run.actor,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "finished_at": run.finished_at,
        "trigger": run.trigger.value,
        "paused_at": run.paused_at,
        "paused_seconds": run.paused_seconds,
        "expected_seconds": run.expected_seconds,
    }


def stages_of(rows: Iterable[RowMapping | dict[str, Any]]) -> tuple[StageProgress, ...]:
    """The stages of one run, in order."""
    stages = []
    for row in rows:
        values = {name: value for name, value in row.items() if name != "run_id"}
        stages.append(StageProgress(**{**values, "stage": Stage(values["stage"])}))
    return tuple(stages)


def from_row(row: RowMapping | dict[str, Any], stages: tuple[StageProgress, ...]) -> Run:
    values = dict(row)
    values["status"] = RunStatus(values["status"])
    values["trigger"] = Trigger(values["trigger"])
    values["models"] = {FunctionName(name): model for name, model in values["models"].items()}
    values["pause_reason"] = PauseReason(values["pause_reason"]) if values["pause_reason"] else None
    return Run(**values, stages=stages)


def _stage_row(run_id: str, stage: StageProgress) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "stage": int(stage.stage),
        "enabled": stage.enabled,
        "batch_size": stage.batch_size,
        "concurrency": stage.concurrency,
        "max_items": stage.max_items,
        "inputs": stage.inputs,
        "total": stage.total,
        "done": stage.done,
        "failed": stage.failed,
        "skipped": stage.skipped,
        "in_flight": stage.in_flight,
        "outputs": stage.outputs,
        "credits_used": stage.credits_used,
        "credits_awaited": stage.credits_awaited,
        "expected": stage.expected,
        "credits_expected": stage.credits_expected,
        "credits_low": stage.credits_low,
        "credits_high": stage.credits_high,
        "estimate_basis": stage.estimate_basis,
    }
