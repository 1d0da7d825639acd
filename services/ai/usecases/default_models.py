"""Reading and saving an account's default models."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chassis.refusal import StaleEtag
from services.ai.domain.default_models import DefaultModels
from services.ai.domain.function_names import FunctionName
from services.ai.store.transaction import AiTransaction


def get_default_models(tx: AiTransaction, *, account_id: str) -> DefaultModels:
    return tx.default_models.get(account_id)


def put_default_models(
    tx: AiTransaction, *, account_id: str, models: Mapping[FunctionName, str], etag: str, now: datetime
) -> DefaultModels:
    """Replaces the choice. With an etag only the one it was read from: raises StaleEtag for another."""
    current = tx.default_models.get(account_id)
    if etag and etag != current.etag:
        raise StaleEtag(kind="default_models", etag=current.etag)
    saved = replace(current, models=dict(models), version=current.version + 1)
    tx.default_models.put(saved, now=now)
    return saved
