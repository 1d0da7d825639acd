"""Accounts and their people."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.refusal import AlreadyExists, NotFound
from services.billing.domain.account import Account, Role, User
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_USER = [column for column in tables.user.c if column.name != "password_hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What it takes to let a person in."""

    user: User
    account: Account
    password_hash: str


class Accounts:
    """Accounts and users in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, account: Account) -> None:
        self._connection.execute(insert(tables.account).values(to_row(account)))

    def get(self, account_id: str) -> Account:
        """Raises NotFound."""
        row = self._connection.execute(
            select(tables.account).where(tables.account.c.id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="account", id=account_id)
        return from_row(Account, row)

    def add_user(self, user: User, *, password_hash: str) -> None:
        """Raises AlreadyExists where the address is taken, also by somebody who joins at this moment."""
        added = self._connection.execute(
            upsert(tables.user)
            .values({**to_row(user), "password_hash": password_hash})
            .on_conflict_do_nothing(index_elements=["email"])
        )
        if added.rowcount != 1:
            raise AlreadyExists(kind="user", field="email", value=user.email)

    def get_user(self, user_id: str, *, account_id: str) -> User:
        """Raises NotFound, for people of other accounts too."""
        row = self._connection.execute(
            select(*_USER).where(tables.user.c.id == user_id, tables.user.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="user", id=user_id)
        return from_row(User, row, role=Role)

    def login_of(self, email: str) -> Login | None:
        """The person with this address (in its normal form), with the account and the hash of the password."""
        row = self._connection.execute(select(tables.user).where(tables.user.c.email == email)).one_or_none()
        if row is None:
            return None
        values = dict(row._mapping)
        password_hash = values.pop("password_hash")
        user = User(**{**values, "role": Role(row.role)})
        return Login(user=user, account=self.get(user.account_id), password_hash=password_hash)
