"""Automation settings in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from chassis.refusal import NotFound, StaleEtag
from services.ai.domain.config import AutomationConfig
from services.ai.domain.stages import DEFAULTS, Stage, StageConfig
from services.ai.store.tables import automation_config


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
        return AutomationConfig(
            site_id=site_id,
            stages={
                **DEFAULTS,
                **{Stage(int(stage)): StageConfig(**settings) for stage, settings in row["stages"].items()},
            },
            max_credits_per_run=row["max_credits_per_run"],
            max_in_article_images=row["max_in_article_images"],
            text_model=row["text_model"],
            image_model=row["image_model"],
            version=row["version"],
        )

    def put(self, config: AutomationConfig, *, account_id: str, now: datetime) -> None:
        """Saves settings whose version is one above those there. Raises StaleEtag when somebody was faster."""
        values: dict[str, Any] = {
            "account_id": account_id,
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
            "version": config.version,
            "updated_at": now,
        }
        statement = (
            insert(automation_config)
            .values(site_id=config.site_id, **values)
            .on_conflict_do_update(
                index_elements=[automation_config.c.site_id],
                set_=values,
                where=automation_config.c.version == config.version - 1,
            )
        )
        if self._connection.execute(statement).rowcount == 0:
            raise StaleEtag(kind="automation_config", etag=config.etag)
