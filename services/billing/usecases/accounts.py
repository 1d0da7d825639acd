"""Accounts: making and suspending them, and the keys by which programs act for them."""

from dataclasses import dataclass
from datetime import datetime

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from services.billing.domain.account import Account, Role, User, normal_email
from services.billing.domain.api_key import (
    KEY_START,
    ApiKey,
    KeyRefused,
    Scope,
    check_expiry,
    prefix_of,
)
from services.billing.domain.balance import Balance
from services.billing.domain.grant import Category
from services.billing.domain.secret import hash_of, new_secret
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.credits import grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who calls in an account: the person or the key, or neither for a service."""

    account: Account
    user: User | None = None
    api_key: ApiKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What a token made from a key says, and when it must end."""

    key: ApiKey
    ends_at: datetime
    suspended: bool


def sign_up(
    tx: BillingTransaction,
    *,
    account_name: str,
    email: str,
    name: str,
    password_hash: str,
    credits: int,
    now: datetime,
) -> tuple[Account, User]:
    """Makes an account with its owner and, where `credits` are set, its first grant. Raises AlreadyExists."""
    account = Account(id=new_id(), name=account_name, created_at=now)
    user = User(
        id=new_id(),
        account_id=account.id,
        email=normal_email(email),
        name=name,
        role=Role.OWNER,
        created_at=now,
    )
    tx.accounts.add(account)
    tx.users.add(user, password_hash=password_hash)
    tx.books.add(Balance.empty(account.id, now=now))
    if credits:
        grant(
            tx,
            account_id=account.id,
            amount=credits,
            category=Category.PROMOTIONAL,
            description="Welcome to igny8",
            now=now,
        )
    return account, user


def suspend(tx: BillingTransaction, *, account_id: str) -> Account:
    """Keeps the account from writing and spending. Raises NotFound."""
    account = tx.accounts.lock(account_id).suspend()
    tx.accounts.save(account)
    return account


def lift_suspension(tx: BillingTransaction, *, account_id: str) -> Account:
    """Lets the account work again. Raises NotFound."""
    account = tx.accounts.lock(account_id).lift_suspension()
    tx.accounts.save(account)
    return account


def get_me(tx: BillingTransaction, *, account_id: str, user_id: str | None, api_key_id: str | None) -> Me:
    """The caller's account with the person or the key that calls. Raises NotFound."""
    return Me(
        account=tx.accounts.get(account_id),
        user=tx.users.get(user_id, account_id=account_id) if user_id else None,
        api_key=tx.api_keys.get(api_key_id, account_id=account_id) if api_key_id else None,
    )


def create_api_key(
    tx: BillingTransaction,
    *,
    account_id: str,
    name: str,
    scope: Scope,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is told this once. Raises AccountSuspended, RequestInvalid."""
    tx.accounts.get(account_id).check_may_write()
    return _new_key(tx, account_id=account_id, name=name, scope=scope, expires_at=expires_at, now=now)


def create_operator_key(tx: BillingTransaction, *, name: str, now: datetime) -> tuple[ApiKey, str]:
    """A new key of the platform's own staff, and its secret."""
    return _new_key(tx, account_id=None, name=name, scope=Scope.ADMIN, expires_at=None, now=now)


def list_api_keys(tx: BillingTransaction, *, account_id: str, page: PageRequest) -> Page[ApiKey]:
    """The account's keys, newest first, revoked ones included."""
    return tx.api_keys.newest(account_id=account_id, page=page)


def revoke_api_key(tx: BillingTransaction, *, account_id: str, api_key_id: str, now: datetime) -> ApiKey:
    """Ends a key; one that was revoked before stays as it was. Raises NotFound, AccountSuspended."""
    tx.accounts.get(account_id).check_may_write()
    key = tx.api_keys.get(api_key_id, account_id=account_id).revoke(now=now)
    tx.api_keys.save(key)
    return key


def exchange_api_key(tx: BillingTransaction, *, secret: str, now: datetime) -> Exchanged:
    """The key of a secret, and when a token made from it must end. Raises KeyRefused."""
    key = tx.api_keys.with_secret(hash_of(secret))
    if key is None:
        raise KeyRefused
    ends_at = key.token_ends_at(now=now)
    tx.api_keys.note_use(key.id, now=now)
    suspended = key.account_id is not None and tx.accounts.get(key.account_id).suspended
    return Exchanged(key=key, ends_at=ends_at, suspended=suspended)


def _new_key(
    tx: BillingTransaction,
    *,
    account_id: str | None,
    name: str,
    scope: Scope,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKey, str]:
    check_expiry(expires_at, now=now)
    secret = new_secret(KEY_START)
    key = ApiKey(
        id=new_id(),
        account_id=account_id,
        name=name,
        prefix=prefix_of(secret),
        scope=scope,
        created_at=now,
        expires_at=expires_at,
    )
    tx.api_keys.add(key, secret_hash=hash_of(secret))
    return key, secret
