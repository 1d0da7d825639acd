"""Automation settings in the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.refusal import NotFound, StaleEtag
from services.ai.domain.config import AutomationConfig
from services.ai.domain.schedule import Frequency, Schedule
from services.ai.domain.stages import DEFAULTS, Stage, StageConfig
from services.ai.store.tables import automation_config


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledSite:
    """A site whose runs start by a schedule, on the clock it had when it was last looked up."""

    site_id: str
    account_id: str
    time_zone: str


class Configs:
    """The automation settings of sites; a site without saved ones has the defaults."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, site_id: str, *, account_id: str) -> AutomationConfig:
        """Raises NotFound when the settings are another account's. The caller has asked publisher for the site."""
        statement = select(automation_config).where(automation_config.c.site_id == site_id)
        row = self._connection.execute(statement).mappings().first()
        if row is None:
            return AutomationConfig(site_id=site_id)
        if row["account_id"] != account_id:
            raise NotFound(kind="site", id=site_id)
        return from_row(row)

    def lock(self, site_id: str) -> AutomationConfig | None:
        """The saved settings, held until the transaction ends; None when there are none."""
        statement = select(automation_config).where(automation_config.c.site_id == site_id).with_for_update()
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else from_row(row)

    def put(self, config: AutomationConfig, *, account_id: str, now: datetime) -> None:
        """Saves settings whose version is one above those there. Raises StaleEtag when somebody was faster."""
        values = {**to_row(config), "account_id": account_id, "updated_at": now, "zone_read_at": now}
        statement = (
            insert(automation_config)
            .values(**values)
            .on_conflict_do_update(
                index_elements=[automation_config.c.site_id],
                set_=values,
                where=automation_config.c.version == config.version - 1,
            )
        )
        if self._connection.execute(statement).rowcount == 0:
            raise StaleEtag(kind="automation_config", etag=config.etag)

    def agenda(self, *, zones_before: datetime, limit: int, now: datetime) -> list[ScheduledSite]:
        """Scheduled sites with a run that is due, and those whose zone was not looked up since `zones_before`."""
        columns = automation_config.c
        found: dict[str, ScheduledSite] = {}
        for condition, order in (
            (columns.next_run_at <= now, columns.next_run_at),
            (columns.zone_read_at < zones_before, columns.zone_read_at),
        ):
            statement = (
                select(columns.site_id, columns.account_id, columns.time_zone)
                .where(columns.scheduled, condition)
                .order_by(order)
                .limit(limit)
            )
            for row in self._connection.execute(statement).mappings():
                found[row["site_id"]] = ScheduledSite(**row)
        return list(found.values())

    def plan(self, config: AutomationConfig, *, now: datetime) -> None:
        """Saves when the next run is, on the site's clock as it was looked up now."""
        self._connection.execute(
            update(automation_config)
            .where(automation_config.c.site_id == config.site_id)
            .values(
                time_zone=config.schedule.time_zone,
                planned_from=config.planned_from,
                next_run_at=config.next_run_at,
                zone_read_at=now,
            )
        )

    def unplan(self, site_id: str, *, now: datetime) -> None:
        """Nothing of the site is planned any more."""
        self._connection.execute(
            update(automation_config)
            .where(automation_config.c.site_id == site_id)
            .values(scheduled=False, planned_from=None, next_run_at=None, updated_at=now)
        )


def to_row(config: AutomationConfig) -> dict[str, Any]:
    return {
        "site_id": config.site_id,
        "stages": {
            str(int(stage)): {
                "enabled": settings.enabled,
                "batch_size": settings.batch_size,
                "concurrency": settings.concurrency,
                "max_items_per_run": settings.max_items_per_run,
            }
            for stage, settings in config.stages.items()
        },
        "max_credits_per_run": config.max_credits_per_run,
        "max_in_article_images": config.max_in_article_images,
        "text_model": config.text_model,
        "image_model": config.image_model,
        "scheduled": config.scheduled,
        "frequency": config.schedule.frequency.value,
        "scheduled_time": config.schedule.clock,
        "scheduled_weekday": config.schedule.weekday,
        "scheduled_month_day": config.schedule.month_day,
        "time_zone": config.schedule.time_zone,
        "planned_from": config.planned_from,
        "next_run_at": config.next_run_at,
        "version": config.version,
    }


def from_row(row: RowMapping) -> AutomationConfig:
    return AutomationConfig(
        site_id=row["site_id"],
        stages={
            **DEFAULTS,
            **{Stage(int(stage)): StageConfig(**settings) for stage, settings in row["stages"].items()},
        },
        max_credits_per_run=row["max_credits_per_run"],
        max_in_article_images=row["max_in_article_images"],
        text_model=row["text_model"],
        image_model=row["image_model"],
        scheduled=row["scheduled"],
        schedule=Schedule(
            frequency=Frequency(row["frequency"]),
            clock=row["scheduled_time"],
            weekday=row["scheduled_weekday"],
            month_day=row["scheduled_month_day"],
            time_zone=row["time_zone"],
        ),
        planned_from=row["planned_from"],
        next_run_at=row["next_run_at"],
        version=row["version"],
    )
