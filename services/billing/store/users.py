"""People of accounts, and invitations of those who have not joined yet."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import AlreadyExists, NotFound
from services.billing.domain.account import Role, User
from services.billing.domain.invitation import Invitation
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_COLUMNS = tables.user.c
_JOINED = _COLUMNS.password_hash.is_not(None)
_USER = [
    *(column for column in _COLUMNS if column.name != "password_hash"),
    _COLUMNS.password_hash.is_(None).label("invited"),
]

_INVITATION = [column for column in tables.invitation.c if column.name != "secret_hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What it takes to let a person in."""

    user: User
    password_hash: str


class Users:
    """Users and invitations in the schema `billing`. Locks: the account, then the user, then the invitation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user: User, *, password_hash: str | None = None) -> None:
        """Raises AlreadyExists where the address is taken, also by somebody who joins at this moment."""
        row = {**to_row(user), "password_hash": password_hash}
        del row["invited"]
        added = self._connection.execute(upsert(tables.user).values(row).on_conflict_do_nothing())
        if added.rowcount != 1:
            raise AlreadyExists(kind="user", field="email", value=user.email)

    def get(self, user_id: str, *, account_id: str) -> User:
        """Raises NotFound, for people of other accounts too."""
        row = self._connection.execute(
            select(*_USER).where(_COLUMNS.id == user_id, _COLUMNS.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="user", id=user_id)
        return _user(row)

    def find(self, user_id: str) -> User | None:
        """The person, of whatever account; None where there is nobody (any more)."""
        row = self._connection.execute(select(*_USER).where(_COLUMNS.id == user_id)).one_or_none()
        return None if row is None else _user(row)

    def hold(self, user_id: str) -> User | None:
        """The person, who is not removed before this transaction ends; None where that has happened."""
        row = self._connection.execute(
            select(*_USER).where(_COLUMNS.id == user_id).with_for_update(read=True, key_share=True)
        ).one_or_none()
        return None if row is None else _user(row)

    def login_of(self, email: str) -> Login | None:
        """The person who joined with this address (in its normal form), with the hash of the password."""
        row = self._connection.execute(
            select(*_USER, _COLUMNS.password_hash).where(_COLUMNS.email == email, _JOINED)
        ).one_or_none()
        if row is None:
            return None
        values = dict(row._mapping)
        password_hash = values.pop("password_hash")
        return Login(user=User(**{**values, "role": Role(row.role)}), password_hash=password_hash)

    def with_email(self, email: str, *, account_id: str) -> User | None:
        """The account's person with this address, invited or not, locked so that nobody joins meanwhile."""
        row = self._connection.execute(
            select(*_USER).where(_COLUMNS.email == email, _COLUMNS.account_id == account_id).with_for_update()
        ).one_or_none()
        return None if row is None else _user(row)

    def count_owners(self, account_id: str) -> int:
        """How many owners have joined; exact while the account is locked."""
        return self._connection.execute(
            select(func.count()).where(
                _COLUMNS.account_id == account_id, _COLUMNS.role == Role.OWNER.value, _JOINED
            )
        ).scalar_one()

    def oldest(self, *, account_id: str, page: PageRequest) -> Page[User]:
        """People of the account in the order they were added."""
        query = select(*_USER).where(_COLUMNS.account_id == account_id)
        return read_page(self._connection, query, page, by=[_COLUMNS.id], to=_user)

    def save(self, user: User) -> None:
        """Writes what can change of a person: the name and the role."""
        self._connection.execute(
            update(tables.user).where(_COLUMNS.id == user.id).values(name=user.name, role=user.role.value)
        )

    def renew_password_hash(self, user_id: str, *, before: str, after: str) -> None:
        """The same password under newer parameters, unless it was changed meanwhile."""
        self._connection.execute(
            update(tables.user)
            .where(_COLUMNS.id == user_id, _COLUMNS.password_hash == before)
            .values(password_hash=after)
        )

    def remove(self, user: User) -> None:
        """Deletes the person with the sessions and the invitation."""
        self._connection.execute(delete(tables.user).where(_COLUMNS.id == user.id))

    def invite(self, invitation: Invitation, *, secret_hash: str) -> None:
        """Keeps the invitation in place of any earlier one of the person."""
        row = {**to_row(invitation), "secret_hash": secret_hash}
        self._connection.execute(
            upsert(tables.invitation).values(row).on_conflict_do_update(index_elements=["user_id"], set_=row)
        )

    def invited_by(self, secret_hash: str, *, lock: bool = False) -> tuple[User, Invitation] | None:
        """The person whom an invitation with this secret is for; locked, nobody else can accept it."""
        found = select(tables.invitation.c.user_id).where(tables.invitation.c.secret_hash == secret_hash)
        person = select(*_USER).where(_COLUMNS.id == found.scalar_subquery())
        user = self._connection.execute(person.with_for_update() if lock else person).one_or_none()
        # Read after the lock: whoever had it before may have accepted or replaced the invitation.
        row = self._connection.execute(
            select(*_INVITATION).where(tables.invitation.c.secret_hash == secret_hash)
        ).one_or_none()
        return None if user is None or row is None else (_user(user), from_row(Invitation, row))

    def join(self, user: User, *, password_hash: str) -> None:
        """The invited person joins. Raises AlreadyExists where the address has joined elsewhere meanwhile."""
        self._connection.execute(delete(tables.invitation).where(tables.invitation.c.user_id == user.id))
        try:
            self._connection.execute(
                update(tables.user)
                .where(_COLUMNS.id == user.id)
                .values(password_hash=password_hash, name=user.name)
            )
        except IntegrityError:
            raise AlreadyExists(kind="user", field="email", value=user.email) from None


def _user(row: Row[Any]) -> User:
    return from_row(User, row, role=Role)
