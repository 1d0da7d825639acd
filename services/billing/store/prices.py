"""Versions of prices, and of the billing configuration."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from chassis.paging import Page, PageRequest, read_page
from services.billing.domain.configuration import FIRST_CONFIGURATION, BillingConfiguration
from services.billing.domain.price import ImageVariant, Kind, ModelPrice, PriceNotFound
from services.billing.store import tables
from services.billing.store.rows import among, to_row

_price = tables.model_price
_configuration = tables.billing_configuration


class Prices:
    """Prices in the schema `billing`. Which version is in force follows from the instant, not from `is_active`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, price_id: str) -> ModelPrice:
        """The pinned version; it is there, since versions are never deleted."""
        return self.find([price_id])[price_id]

    def find(self, price_ids: Collection[str]) -> dict[str, ModelPrice]:
        """These versions."""
        query = select(_price).where(among(_price.c.id, price_ids))
        return {row.id: _of(row) for row in self._connection.execute(query)}

    def in_force(self, model_name: str, *, now: datetime) -> ModelPrice:
        """Raises PriceNotFound."""
        row = self._connection.execute(_in_force(now).where(_price.c.model_name == model_name)).one_or_none()
        if row is None:
            raise PriceNotFound(model_name)
        return _of(row)

    def all_in_force(self, *, now: datetime, kind: Kind | None, page: PageRequest) -> Page[ModelPrice]:
        """The version in force of each model, by name."""
        versions = _in_force(now).subquery()
        chosen = select(versions)
        if kind is not None:
            chosen = chosen.where(versions.c.kind == kind.value)
        return read_page(self._connection, chosen, page, by=[versions.c.model_name], to=_of)

    def lock(self, model_name: str) -> None:
        """Lets one transaction at a time add versions of this model, from its first on."""
        self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtext("model_price"), func.hashtext(model_name)))
        )

    def versions(self, model_name: str) -> list[ModelPrice]:
        """All versions of a model, newest first."""
        query = (
            select(_price).where(_price.c.model_name == model_name).order_by(_price.c.effective_from.desc())
        )
        return [_of(row) for row in self._connection.execute(query)]

    def add(self, price: ModelPrice) -> None:
        """Adds a version that is not marked as in force yet."""
        self._connection.execute(
            insert(_price).values(
                {**to_row(price), "is_active": False, "image_variants": _plain(price.image_variants)}
            )
        )

    def mark_in_force(self, *, now: datetime, model_name: str | None = None) -> int:
        """Moves the mark `is_active` to the versions in force now; returns how many models changed."""
        marked = select(_price.c.id).where(_price.c.is_active)
        wanted = _in_force(now)
        if model_name is not None:
            marked = marked.where(_price.c.model_name == model_name)
            wanted = wanted.where(_price.c.model_name == model_name)
        before = set(self._connection.scalars(marked))
        after = {row.id for row in self._connection.execute(wanted)}
        # The old mark goes first: at most one version of a model may have it at any moment.
        self._mark(before - after, is_active=False)
        self._mark(after - before, is_active=True)
        return len(after - before)

    def _mark(self, ids: set[str], *, is_active: bool) -> None:
        if ids:
            self._connection.execute(update(_price).where(_price.c.id.in_(ids)).values(is_active=is_active))


class Configurations:
    """Versions of the billing configuration."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(self, *, now: datetime) -> BillingConfiguration:
        """The latest whose time has come, or the first one that every installation begins with."""
        row = self._connection.execute(
            select(_configuration)
            .where(_configuration.c.effective_from <= now)
            .order_by(_configuration.c.effective_from.desc(), _configuration.c.id.desc())
            .limit(1)
        ).one_or_none()
        if row is None:
            return FIRST_CONFIGURATION
        return BillingConfiguration(
            default_credit_price_usd=row.default_credit_price_usd,
            minimum_credits=row.minimum_by_operation,
            effective_from=row.effective_from,
        )

    def add(self, configuration: BillingConfiguration, *, id: str, created_by: str) -> None:
        self._connection.execute(
            insert(_configuration).values(
                id=id,
                default_credit_price_usd=configuration.default_credit_price_usd,
                minimum_by_operation=dict(configuration.minimum_credits),
                effective_from=configuration.effective_from,
                created_by=created_by,
            )
        )


def _in_force(now: datetime) -> Select[Any]:
    return (
        select(_price)
        .ext(distinct_on(_price.c.model_name))
        .where(_price.c.effective_from <= now)
        .order_by(_price.c.model_name, _price.c.effective_from.desc())
    )


def price_of(row: Mapping[str, Any]) -> ModelPrice:
    """The price of a row that has exactly its fields."""
    variants = tuple(
        ImageVariant(**{**given, "cost_per_image": Decimal(given["cost_per_image"])})
        for given in row["image_variants"]
    )
    return ModelPrice(**{**row, "kind": Kind(row["kind"]), "image_variants": variants})


def _of(row: Row[Any]) -> ModelPrice:
    return price_of({str(name): value for name, value in row._mapping.items()})


def _plain(variants: Iterable[ImageVariant]) -> list[dict[str, object]]:
    """As JSON; the cost as text, since a number there need not keep its digits."""
    return [{**asdict(variant), "cost_per_image": f"{variant.cost_per_image:f}"} for variant in variants]
