"""People of an account: invited, given roles, removed; all by its owners."""

from dataclasses import replace
from datetime import datetime

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from chassis.refusal import AlreadyExists
from services.billing.domain.account import Role, User, check_owner_stays, normal_email
from services.billing.domain.invitation import INVITATION_START, LIFETIME, Invitation
from services.billing.domain.secret import hash_of, new_secret
from services.billing.store.transaction import BillingTransaction


def list_users(tx: BillingTransaction, *, account_id: str, page: PageRequest) -> Page[User]:
    """The account's people in the order they were added, invited ones included."""
    return tx.users.oldest(account_id=account_id, page=page)


def invite_user(
    tx: BillingTransaction, *, account_id: str, email: str, name: str, role: Role, now: datetime
) -> tuple[User, Invitation, str]:
    """Adds a person who has yet to accept, or invites one anew; with the secret, which is told this once.

    Raises AlreadyExists for an address that has joined, wherever that is, and AccountSuspended.
    """
    tx.accounts.lock(account_id).check_may_write()
    email = normal_email(email)
    user = tx.users.with_email(email, account_id=account_id)
    if tx.users.login_of(email) is not None:
        raise AlreadyExists(kind="user", field="email", value=email)
    if user is None:
        user = User(
            id=new_id(),
            account_id=account_id,
            email=email,
            name=name,
            role=role,
            created_at=now,
            invited=True,
        )
        tx.users.add(user)
    else:
        user = replace(user, role=role, name=name or user.name)
        tx.users.save(user)
    invitation = Invitation(user_id=user.id, expires_at=now + LIFETIME)
    secret = new_secret(INVITATION_START)
    tx.users.invite(invitation, secret_hash=hash_of(secret))
    return user, invitation, secret


def set_user_role(
    tx: BillingTransaction, *, account_id: str, user_id: str, role: Role, now: datetime
) -> User:
    """Changes what a person may do; whoever is signed in has to do so again. Raises LastOwner, NotFound."""
    user = _changeable(tx, account_id=account_id, user_id=user_id, role=role)
    if user.role is role:
        return user
    user = replace(user, role=role)
    tx.users.save(user)
    tx.sessions.end_all(user.id, now=now)
    return user


def remove_user(tx: BillingTransaction, *, account_id: str, user_id: str) -> None:
    """Removes a person, or takes an invitation back. Raises LastOwner, NotFound, AccountSuspended."""
    tx.users.remove(_changeable(tx, account_id=account_id, user_id=user_id, role=None))


def _changeable(tx: BillingTransaction, *, account_id: str, user_id: str, role: Role | None) -> User:
    """The person as nobody else changes them. Two owners who remove each other at once come one after the other."""
    tx.accounts.lock(account_id).check_may_write()
    user = tx.users.get(user_id, account_id=account_id)
    check_owner_stays(user, role=role, owners=tx.users.count_owners(account_id))
    return user
