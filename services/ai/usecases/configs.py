"""Reading and saving a site's automation settings."""

from dataclasses import replace
from datetime import datetime

from chassis.refusal import StaleEtag
from services.ai.domain.config import AutomationConfig
from services.ai.store.transaction import AiTransaction


def get_config(tx: AiTransaction, *, site_id: str, account_id: str) -> AutomationConfig:
    return tx.configs.get(site_id, account_id=account_id)


def put_config(
    tx: AiTransaction, *, config: AutomationConfig, etag: str, account_id: str, now: datetime
) -> AutomationConfig:
    """Replaces the settings. With an etag only those it was read from: raises StaleEtag for others."""
    current = tx.configs.get(config.site_id, account_id=account_id)
    if etag and etag != current.etag:
        raise StaleEtag(kind="automation_config", etag=current.etag)
    saved = replace(config, version=current.version + 1).planned(before=current, now=now)
    tx.configs.put(saved, account_id=account_id, now=now)
    return saved
