"""One transaction of billing, with its stores."""

from collections.abc import Collection
from functools import cached_property

from chassis.transaction import Transaction
from services.billing.domain.book import AccountBook
from services.billing.store.accounts import Accounts
from services.billing.store.api_keys import ApiKeys
from services.billing.store.audit import Audit
from services.billing.store.books import Books
from services.billing.store.budgets import Budgets
from services.billing.store.ledger import Ledger
from services.billing.store.opening import Openings
from services.billing.store.prices import Configurations, Prices
from services.billing.store.proofs import Proofs
from services.billing.store.quotes import Quotes
from services.billing.store.reservations import Reservations
from services.billing.store.sessions import Sessions
from services.billing.store.sign_in_counts import SignInCounts
from services.billing.store.users import Users


class BillingTransaction(Transaction):
    """What a use case of billing works on. Its one lock on credits is that on their account's row."""

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.connection)

    @cached_property
    def users(self) -> Users:
        return Users(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.connection)

    @cached_property
    def sign_in_counts(self) -> SignInCounts:
        return SignInCounts(self.connection)

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(self.connection)

    @cached_property
    def prices(self) -> Prices:
        return Prices(self.connection)

    @cached_property
    def configurations(self) -> Configurations:
        return Configurations(self.connection)

    @cached_property
    def quotes(self) -> Quotes:
        return Quotes(self.connection)

    @cached_property
    def reservations(self) -> Reservations:
        return Reservations(self.connection, self.writes)

    @cached_property
    def books(self) -> Books:
        return Books(self.connection, self.writes)

    @cached_property
    def openings(self) -> Openings:
        return Openings(self.connection)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.connection)

    @cached_property
    def budgets(self) -> Budgets:
        return Budgets(self.connection, self.writes)

    @cached_property
    def proofs(self) -> Proofs:
        return Proofs(self.connection)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection)

    def close_books(self, books: Collection[AccountBook]) -> None:
        """Writes the books with their budgets, and records their events; reservations are written before."""
        self.books.save(books)
        self.budgets.save([book.budgets[budget_id] for book in books for budget_id in book.touched_budgets])
        for book in books:
            for event, cause in zip(book.events, book.causes, strict=True):
                self.record(event, account_id=event.account_id, traceparent=cause)
