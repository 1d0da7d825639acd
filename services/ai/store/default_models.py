"""The default models of accounts in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from chassis.refusal import StaleEtag
from services.ai.domain.default_models import DefaultModels
from services.ai.domain.function_names import FunctionName
from services.ai.store.tables import default_models


class DefaultModelsOfAccounts:
    """What accounts have chosen; one that has not has the platform's models."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, account_id: str) -> DefaultModels:
        statement = select(default_models).where(default_models.c.account_id == account_id)
        row = self._connection.execute(statement).mappings().first()
        if row is None:
            return DefaultModels(account_id=account_id)
        models = {FunctionName(name): model for name, model in row["models"].items()}
        return DefaultModels(account_id=account_id, models=models, version=row["version"])

    def put(self, chosen: DefaultModels, *, now: datetime) -> None:
        """Saves a choice whose version is one above that there. Raises StaleEtag when somebody was faster."""
        values: dict[str, Any] = {
            "models": {function.value: model for function, model in chosen.models.items()},
            "version": chosen.version,
            "updated_at": now,
        }
        statement = (
            insert(default_models)
            .values(account_id=chosen.account_id, **values)
            .on_conflict_do_update(
                index_elements=[default_models.c.account_id],
                set_=values,
                where=default_models.c.version == chosen.version - 1,
            )
        )
        if self._connection.execute(statement).rowcount == 0:
            raise StaleEtag(kind="default_models", etag=chosen.etag)
