"""Publishing settings, and the lock of a site's calendar."""

from dataclasses import asdict
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from chassis.refusal import NotFound
from services.publisher.domain.publishing_settings import (
    CatchUp,
    IntervalUnit,
    Mode,
    PublishingSettings,
    QualityGates,
    ScheduleInterval,
    Weekday,
)
from services.publisher.store import tables
from services.publisher.store.rows import to_row

_settings = tables.publishing_settings


class Settings:
    """Publishing settings in the schema `publisher`, one row a site."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, settings: PublishingSettings) -> None:
        self._connection.execute(insert(_settings).values(_to_row(settings)))

    def get(self, site_id: str, *, account_id: str) -> PublishingSettings:
        """Raises NotFound for the site, also for one of another account."""
        return self._one(_of_site(site_id, account_id), site_id)

    def lock(self, site_id: str, *, account_id: str) -> PublishingSettings:
        """The settings, and with them the lock of the site's calendar until the transaction ends.

        Take it before reading which slots are taken, and before the rows of content and images. Raises NotFound.
        """
        return self._one(_of_site(site_id, account_id).with_for_update(), site_id)

    def save(self, settings: PublishingSettings) -> None:
        row = _to_row(settings)
        self._connection.execute(
            update(_settings).where(_settings.c.site_id == row.pop("site_id")).values(row)
        )

    def _one(self, query: "Select[Any]", site_id: str) -> PublishingSettings:
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(kind="site", id=site_id)
        return _of(row)


def _of_site(site_id: str, account_id: str) -> "Select[Any]":
    return select(_settings).where(_settings.c.site_id == site_id, _settings.c.account_id == account_id)


def _to_row(settings: PublishingSettings) -> dict[str, Any]:
    interval = settings.schedule_interval
    starts_at = interval.starts_at
    return to_row(settings) | {
        "schedule_interval": {
            "every": interval.every,
            "unit": interval.unit.value,
            "starts_at": None if starts_at is None else starts_at.isoformat(),
        },
        "publish_days": [day.name.lower() for day in sorted(settings.publish_days)],
        "publish_time_slots": [f"{slot:%H:%M}" for slot in settings.publish_time_slots],
        "quality_gates": asdict(settings.quality_gates),
    }


def _of(row: Row[Any]) -> PublishingSettings:
    values = dict(row._mapping)
    interval = values["schedule_interval"]
    starts_at = interval["starts_at"]
    return PublishingSettings(
        **values
        | {
            "mode": Mode(values["mode"]),
            "catch_up": CatchUp(values["catch_up"]),
            "schedule_interval": ScheduleInterval(
                every=interval["every"],
                unit=IntervalUnit(interval["unit"]),
                starts_at=None if starts_at is None else datetime.fromisoformat(starts_at),
            ),
            "publish_days": frozenset(Weekday[day.upper()] for day in values["publish_days"]),
            "publish_time_slots": tuple(time.fromisoformat(slot) for slot in values["publish_time_slots"]),
            "quality_gates": QualityGates(**values["quality_gates"]),
        }
    )
