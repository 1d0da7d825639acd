"""A billing database with the service's own use cases, for tests that need an account with credits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import text, update

from chassis.ids import new_id
from chassis.paging import PageRequest
from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.billing.domain.balance import Balance
from services.billing.domain.budget import Budget, Scope
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.item import EXCESS_REFUSED, Excess, Item
from services.billing.domain.order import (
    Capture,
    Captured,
    Charge,
    Charged,
    ChargedWork,
    Extend,
    Held,
    Order,
    Release,
    Reserve,
)
from services.billing.domain.price import Kind, ModelPrice
from services.billing.domain.quote import Quote, QuotedWork
from services.billing.domain.reservation import LIFETIME, Purpose, Reservation
from services.billing.domain.reversal import Reversed
from services.billing.domain.transaction import CreditTransaction
from services.billing.domain.usage import CreditUsage
from services.billing.domain.work import Work
from services.billing.store import tables
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import accounts, budgets, credits, prices, reports
from services.billing.usecases.writing import write_one
from tests.billing.book_checks import BOOKS

T = TypeVar("T")

TEXT_MODEL = "a-text-model"
IMAGE_MODEL = "an-image-model"
NO_PURPOSE = Purpose()


@dataclass(frozen=True, kw_only=True)
class Billing:
    """Use cases on a real database, each in its own transaction at the clock's instant."""

    transactions: Transactions[BillingTransaction]
    clock: ManualClock

    def run(self, usecase: Callable[..., T], **kwargs: Any) -> T:
        return self.transactions.run_sync(usecase, **kwargs, now=self.clock.now())

    def account(self, *, credits: int = 0) -> str:
        """The id of a new account with so many paid credits."""
        account, _ = self.run(
            accounts.sign_up,
            account_name="Garden Ltd",
            email=f"{new_id()}@example.com",
            name="",
            password_hash="x",
            credits=0,
        )
        if credits:
            self.grant(account.id, amount=credits)
        return account.id

    def suspended(self, account_id: str) -> str:
        """The same account, suspended."""
        with self.transactions.engine.begin() as connection:
            connection.execute(
                update(tables.account).where(tables.account.c.id == account_id).values(suspended=True)
            )
        return account_id

    def grant(
        self, account_id: str, *, amount: int, category: Category = Category.PAID, **more: Any
    ) -> CreditGrant:
        grant, _ = self.run(credits.grant, account_id=account_id, amount=amount, category=category, **more)
        return grant

    def price(self, **changes: Any) -> ModelPrice:
        """A price in force: an image costs 1 credit and 0.001 USD, unless said otherwise."""
        now = self.clock.now()
        terms: dict[str, Any] = {
            "model_name": IMAGE_MODEL,
            "provider": "offline",
            "kind": Kind.IMAGE,
            "cost_per_image": Decimal("0.001"),
            "credits_per_image": 1,
            "effective_from": now,
        }
        price = ModelPrice(id=new_id(), created_at=now, created_by="operator:test", **{**terms, **changes})
        return self.run(prices.put_model_price, price=price)

    def text_price(self, **changes: Any) -> ModelPrice:
        """A price in force: a credit buys 100 tokens of text."""
        return self.price(
            **{
                "model_name": TEXT_MODEL,
                "kind": Kind.TEXT,
                "cost_per_image": Decimal(0),
                "credits_per_image": 0,
                "tokens_per_credit": 100,
                "cost_per_1k_input": Decimal("0.0005"),
                "cost_per_1k_output": Decimal("0.0015"),
                **changes,
            }
        )

    def configure(self, *, default_credit_price_usd: str, **minimum_credits: int) -> BillingConfiguration:
        """A billing configuration in force."""
        return self.run(
            prices.put_billing_configuration,
            default_credit_price_usd=Decimal(default_credit_price_usd),
            minimum_credits=minimum_credits,
            actor="operator:test",
        )

    def quote(self, account_id: str, *, images: int = 0, tokens: int = 0) -> Quote:
        return self.run(
            credits.quote,
            account_id=account_id,
            model_name=IMAGE_MODEL if images else TEXT_MODEL,
            work=QuotedWork(
                operation_type="image_generation" if images else "content_generation",
                items=images or 1,
                images=images,
                expected_tokens=tokens,
                maximum_tokens=tokens,
            ),
        )

    def reserve(self, account_id: str, *, purpose: Purpose = NO_PURPOSE, **work: int) -> Reservation:
        """A hold of a new quote's maximum."""
        return self.reserve_by(self.quote(account_id, **work), purpose=purpose)

    def reserve_by(self, quote: Quote, *, purpose: Purpose = NO_PURPOSE) -> Reservation:
        return self.order(
            Reserve(
                account_id=quote.account_id,
                actor="service:ai",
                quote_id=quote.id,
                purpose=purpose,
                lifetime=LIFETIME,
            ),
            Held,
        ).reservation

    def order(self, order: Order, outcome: type[T]) -> T:
        """What carrying out one order came to."""
        came_to = self.run(write_one, order=order)
        assert isinstance(came_to, outcome)
        return came_to

    def capture(
        self,
        reservation: Reservation,
        *,
        item_id: str = "an item",
        images: int = 0,
        input_tokens: int = 0,
        output_tokens: int = 0,
        final: bool = False,
        excess: Excess = EXCESS_REFUSED,
        account_id: str = "",
        **more: Any,
    ) -> Captured:
        work = Work(images=images, input_tokens=input_tokens, output_tokens=output_tokens)
        return self.order(
            Capture(
                account_id=account_id or reservation.account_id,
                actor="service:ai",
                reservation_id=reservation.id,
                item=Item(item_id=item_id, work=work, **more),
                excess=excess,
                final=final,
            ),
            Captured,
        )

    def charge(
        self, account_id: str, *, images: int = 0, tokens: int = 0, purpose: Purpose = NO_PURPOSE
    ) -> CreditUsage:
        """One item charged without a hold."""
        work = ChargedWork(
            operation_type="image_generation" if images else "content_generation",
            model_name=IMAGE_MODEL if images else TEXT_MODEL,
            item=Item(item_id="an item", work=Work(images=images, output_tokens=tokens)),
            purpose=purpose,
        )
        return self.order(Charge(account_id=account_id, actor="service:ai", work=work), Charged).usage

    def extend(self, reservation: Reservation, *, lifetime: timedelta) -> Reservation:
        return self.order(
            Extend(
                account_id=reservation.account_id,
                actor="service:ai",
                reservation_id=reservation.id,
                lifetime=lifetime,
            ),
            Held,
        ).reservation

    def void_grant(self, grant: CreditGrant) -> CreditGrant:
        voided, _ = self.run(
            credits.void_grant, account_id=grant.account_id, grant_id=grant.id, actor="operator:test"
        )
        return voided

    def reverse(self, usage: CreditUsage) -> Reversed:
        return self.run(
            credits.reverse_charge,
            account_id=usage.account_id,
            transaction_id=usage.transaction_id,
            reason="",
            actor="operator:test",
        )

    def grants(self, account_id: str) -> list[CreditGrant]:
        """The account's grants, newest first."""
        return self.run(reports.list_grants, account_id=account_id, page=first_page()).items

    def told(self, account_id: str) -> list[str]:
        """The names of the account's events so far."""
        rows = self.rows(
            "SELECT subject FROM outbox WHERE account_id = CAST(:account_id AS uuid) ORDER BY id",
            account_id=account_id,
        )
        return [row.subject.rpartition(".")[2] for row in rows]

    def release(self, reservation: Reservation) -> Reservation:
        return self.order(
            Release(account_id=reservation.account_id, actor="service:ai", reservation_id=reservation.id),
            Held,
        ).reservation

    def budget(
        self, account_id: str, *, scope: Scope, target_id: str, credits_limit: int | None
    ) -> Budget | None:
        return self.run(
            budgets.put_budget,
            account_id=account_id,
            scope=scope,
            target_id=target_id,
            credits_limit=credits_limit,
        )

    def balance(self, account_id: str) -> Balance:
        return self.run(credits.get_balance, account_id=account_id)

    def lines(self, account_id: str) -> list[CreditTransaction]:
        """The account's ledger, newest first."""
        return self.transactions.run_sync(
            reports.list_transactions,
            account_id=account_id,
            transaction_type=None,
            run_id=None,
            page=first_page(),
        ).items

    def rows(self, query: str, **parameters: Any) -> list[Any]:
        """The rows of a query, as the service's own role."""
        with self.transactions.engine.connect() as connection:
            return list(connection.execute(text(query), parameters))

    def check_books(self) -> None:
        """Asserts that every account's ledger adds up: balance, holds, grants, draws, usage."""
        for name, query in BOOKS.items():
            assert self.rows(query) == [], name


def first_page(size: int = 200) -> PageRequest:
    """The start of a list."""
    return PageRequest(size=size)
