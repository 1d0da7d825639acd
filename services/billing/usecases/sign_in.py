"""Signing in and staying signed in: counted attempts, sessions, refresh tokens that work once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.ids import new_id
from services.billing.domain.account import Account, User, normal_email
from services.billing.domain.invitation import Invitation, InvitationRefused
from services.billing.domain.secret import hash_of, new_secret
from services.billing.domain.session import REFRESH_START, RefreshToken, Session, SessionRefused
from services.billing.domain.throttle import Attempt, check
from services.billing.store.transaction import BillingTransaction
from services.billing.store.users import Login
from services.billing.usecases.accounts import sign_up


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person in a session, and the refresh token that goes on with it, which is told this once."""

    account: Account
    user: User
    refresh_token: str
    refresh_token_expires_at: datetime


def attempt_of(*, email: str = "", client_address: str) -> Attempt:
    """One attempt, however its address is written."""
    return Attempt(email=normal_email(email), client_address=client_address)


def begin_attempt(tx: BillingTransaction, *, attempt: Attempt, now: datetime) -> Login | None:
    """Counts an attempt as if it failed, before any password is looked at, so that many at once cannot pass.

    Gives the person with this address, None where nobody has it. Raises TooManySignIns, and counts nothing then.
    """
    limits = attempt.limits
    if limits:
        counted = tx.sign_in_counts.count([limit.key for limit in limits], now=now)
        check(limits, counted, now=now)
    return tx.users.login_of(attempt.email) if attempt.email else None


def sign_in(
    tx: BillingTransaction,
    *,
    attempt: Attempt,
    login: Login,
    renewed_hash: str | None,
    lifetime: timedelta,
    now: datetime,
) -> SignedIn:
    """Begins a session of a person whose password fitted, and takes the attempt back. Raises SessionRefused."""
    user = tx.users.hold(login.user.id)
    if user is None:
        raise SessionRefused
    if renewed_hash is not None:
        tx.users.renew_password_hash(user.id, before=login.password_hash, after=renewed_hash)
    _forgive(tx, attempt)
    return _begin_session(tx, user, lifetime=lifetime, now=now)


def join(
    tx: BillingTransaction,
    *,
    attempt: Attempt,
    account_name: str,
    email: str,
    name: str,
    password_hash: str,
    credits: int,
    lifetime: timedelta,
    now: datetime,
) -> SignedIn:
    """Makes an account, signs its owner in, and takes the attempt back. Raises AlreadyExists."""
    _, user = sign_up(
        tx,
        account_name=account_name,
        email=email,
        name=name,
        password_hash=password_hash,
        credits=credits,
        now=now,
    )
    _forgive(tx, attempt)
    return _begin_session(tx, user, lifetime=lifetime, now=now)


def refresh(
    tx: BillingTransaction, *, secret: str, successor: str, lifetime: timedelta, now: datetime
) -> SignedIn | None:
    """Exchanges a refresh token for its successor; None where that is refused.

    It does not raise, because a token that comes twice ends its session, and that has to be committed. Within seconds
    it gets the successor once more instead, while that has not been exchanged itself.
    """
    found = tx.sessions.lock_of(hash_of(secret))
    if found is None:
        return None
    session, token = found
    if session.repeats(token, now=now):
        following, user = tx.sessions.with_token(hash_of(successor)), tx.users.hold(session.user_id)
        if user is not None and following is not None and following[1].rotated_at is None:
            return _present(tx, user, session, secret=successor)
    if not session.takes(token, now=now):
        if token.rotated_at is not None:
            tx.sessions.save(session.end(now=now))
        return None
    user = tx.users.hold(session.user_id)
    if user is None:
        return None
    tx.sessions.mark_rotated(hash_of(secret), now=now)
    session = session.prolong(now=now, lifetime=lifetime)
    tx.sessions.save(session)
    return _signed_in(tx, user, session, secret=successor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A person in a session, as both are now, and when the session ends."""

    account: Account
    user: User
    session_ends_at: datetime


def session_of(tx: BillingTransaction, *, secret: str, now: datetime) -> Present:
    """Who is signed in by a refresh token that has not been exchanged, or only just. Changes nothing. Raises SessionRefused."""
    found = tx.sessions.with_token(hash_of(secret))
    if found is None or not (found[0].takes(found[1], now=now) or found[0].repeats(found[1], now=now)):
        raise SessionRefused
    user = tx.users.find(found[0].user_id)
    if user is None:
        raise SessionRefused
    return Present(account=tx.accounts.get(user.account_id), user=user, session_ends_at=found[0].expires_at)


def sign_out(tx: BillingTransaction, *, secret: str, now: datetime) -> None:
    """Ends the session of a refresh token; one that is unknown or has ended is a success too."""
    found = tx.sessions.lock_of(hash_of(secret))
    if found is not None:
        tx.sessions.save(found[0].end(now=now))


def check_invitation(tx: BillingTransaction, *, secret: str, now: datetime) -> None:
    """Raises what `accept_invitation` would, before a password is hashed for it."""
    _account_of(tx, _open_invitation(tx, secret, lock=False, now=now)[0])


def accept_invitation(
    tx: BillingTransaction, *, secret: str, name: str, password_hash: str, lifetime: timedelta, now: datetime
) -> SignedIn:
    """Lets an invited person join and signs them in. Raises InvitationRefused, AlreadyExists, AccountSuspended."""
    invited, _ = _open_invitation(tx, secret, lock=True, now=now)
    _account_of(tx, invited)
    user = replace(invited, name=name or invited.name, invited=False)
    tx.users.join(user, password_hash=password_hash)
    return _begin_session(tx, user, lifetime=lifetime, now=now)


def _open_invitation(
    tx: BillingTransaction, secret: str, *, lock: bool, now: datetime
) -> tuple[User, Invitation]:
    found = tx.users.invited_by(hash_of(secret), lock=lock)
    if found is None or not found[0].invited:
        raise InvitationRefused
    found[1].check_open(now=now)
    return found


def _account_of(tx: BillingTransaction, user: User) -> Account:
    account = tx.accounts.get(user.account_id)
    account.check_may_write()
    return account


def _forgive(tx: BillingTransaction, attempt: Attempt) -> None:
    tx.sign_in_counts.forgive(
        forget=[limit.key for limit in attempt.own], take_back=[limit.key for limit in attempt.shared]
    )


def _begin_session(tx: BillingTransaction, user: User, *, lifetime: timedelta, now: datetime) -> SignedIn:
    session = Session(id=new_id(), user_id=user.id, created_at=now, expires_at=now + lifetime)
    tx.sessions.add(session)
    return _signed_in(tx, user, session, secret=new_secret(REFRESH_START))


def _signed_in(tx: BillingTransaction, user: User, session: Session, *, secret: str) -> SignedIn:
    token = RefreshToken(session_id=session.id, expires_at=session.expires_at)
    tx.sessions.add_token(token, secret_hash=hash_of(secret))
    return _present(tx, user, session, secret=secret)


def _present(tx: BillingTransaction, user: User, session: Session, *, secret: str) -> SignedIn:
    return SignedIn(
        account=tx.accounts.get(user.account_id),
        user=user,
        refresh_token=secret,
        refresh_token_expires_at=session.expires_at,
    )
