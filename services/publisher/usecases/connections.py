"""The connections of sites: giving, changing, testing and taking them away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.refusal import FieldFault, RequestInvalid, StateConflict
from chassis.sealing import Sealer, Unsealable
from services.publisher.domain.connection import (
    Access,
    Connection,
    ConnectionStatus,
    Secret,
    checked_url,
)
from services.publisher.domain.events import ConnectionLost, ConnectionRestored
from services.publisher.domain.finding import Finding, Findings
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.credentials import open_secrets, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A connection as a person asks for it; the password is empty to keep the one that is there."""

    target: Target
    url: str
    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A connection as it is now, and the signing secret if one was made: it is never shown again."""

    connection: Connection
    signing_secret: Secret | None = None


def get_connection(tx: PublisherTransaction, *, site_id: str, account_id: str) -> Connection:
    """The site's connection; the built-in target's where it was given none. Raises NotFound for the site."""
    site = tx.sites.get(site_id, account_id=account_id)
    found = tx.connections.find(site_id)
    return found or Connection.built_in(site_id=site_id, account_id=account_id, now=site.created_at)


def put_connection(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    wanted: Wanted,
    etag: str,
    sealer: Sealer,
    make_secret: Callable[[], Secret],
    actor: str,
    now: datetime,
) -> Given:
    """Connect the site to a WordPress or a receiver of webhooks; the same again changes nothing.

    Another address, user or password is untested. A password stays only where all else stays, so that nobody has it
    sent elsewhere. Raises NotFound for the site, RequestInvalid by the field, StaleEtag, and StateConflict to another
    kind of target while content is at the one before.
    """
    before = _lock(tx, site_id=site_id, account_id=account_id, now=now)
    before.check_etag(etag)
    url = checked_url(wanted.url, target=wanted.target)
    same_place = before.leads_to(target=wanted.target, url=url, username=wanted.username)
    kept = _kept_secrets(before, sealer=sealer, now=now) if same_place else ()
    made: Secret | None = None
    if wanted.target is Target.WEBHOOK:
        _check_webhook(wanted)
        if same_place and kept:
            return Given(connection=before)
        made = make_secret()
        secrets: tuple[Secret, ...] = (made,)
    else:
        _check_wordpress(wanted, needs_password=not kept)
        if kept and wanted.password.reveal() in ("", kept[0].reveal()):
            return Given(connection=before)
        secrets = (wanted.password,)
    if before.target is not wanted.target:
        _check_left(tx, before)
    connection = Connection(
        site_id=site_id,
        account_id=account_id,
        target=wanted.target,
        url=url,
        username=wanted.username,
        loss_told=before.loss_told and before.target is wanted.target,
        version=before.version + 1,
        actor=actor,
        created_at=before.created_at if before.version else now,
        updated_at=now,
    )
    connection = seal(connection, secrets, sealer=sealer)
    tx.connections.put(connection)
    return Given(connection=connection, signing_secret=made)


def delete_connection(
    tx: PublisherTransaction, *, site_id: str, account_id: str, etag: str, now: datetime
) -> None:
    """Back to the built-in target; without a connection nothing changes.

    Raises NotFound for the site, StaleEtag, and StateConflict while content is at the target.
    """
    before = _lock(tx, site_id=site_id, account_id=account_id, now=now)
    before.check_etag(etag)
    _check_left(tx, before)
    tx.connections.remove(site_id)


def rotate_secret(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    etag: str,
    sealer: Sealer,
    make_secret: Callable[[], Secret],
    now: datetime,
) -> Given:
    """A new signing secret. Those before it sign too for a day, so that the receiver can change in its own time.

    Raises NotFound for the site, StaleEtag, and StateConflict for anything but a webhook.
    """
    before = _lock(tx, site_id=site_id, account_id=account_id, now=now)
    before.check_etag(etag)
    kept = _kept_secrets(before, sealer=sealer, now=now)
    made = make_secret()
    rotated = seal(before.rotate(len(kept), now=now), (made, *kept), sealer=sealer)
    tx.connections.put(rotated)
    return Given(connection=rotated, signing_secret=made)


def book_test(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    version: int,
    findings: Findings,
    now: datetime,
) -> Connection:
    """What a test of that version of the connection found. Returns the connection as it is now. Raises NotFound."""
    before = _lock(tx, site_id=site_id, account_id=account_id, now=now)
    if before.version != version:
        return before
    if not findings.blocking:
        return _succeed(tx, before, now=now)
    # Somebody looks at the answer just now: only of one that worked before are others told.
    return _lose(tx, before, findings.blocking[0], tell=before.status is ConnectionStatus.CONNECTED, now=now)


def note_delivered(tx: PublisherTransaction, *, access: Access, now: datetime) -> None:
    """Something was delivered, so it works."""
    found = tx.connections.find(access.site_id)
    if found is None or found.status is ConnectionStatus.CONNECTED:
        return
    before = tx.connections.lock(access.site_id)
    if before is not None and before.version == access.version:
        _succeed(tx, before, now=now)


def note_refused(
    tx: PublisherTransaction, *, site_id: str, version: int, finding: Finding, now: datetime
) -> None:
    """A delivery was not let in by that version of the connection. Told once, however many deliveries find out."""
    if not finding.cause.loses_connection:
        return
    before = tx.connections.lock(site_id)
    if before is not None and before.version == version:
        _lose(tx, before, finding, tell=True, now=now)


def _succeed(tx: PublisherTransaction, before: Connection, *, now: datetime) -> Connection:
    after = before.succeed(now=now)
    tx.connections.put(after)
    if before.loss_told:
        tx.record(ConnectionRestored.of(after, now=now), account_id=after.account_id)
    return after


def _lose(
    tx: PublisherTransaction, before: Connection, finding: Finding, *, tell: bool, now: datetime
) -> Connection:
    after = before.lose(finding.cause, finding.sentence, tell=tell, now=now)
    tx.connections.put(after)
    if after.loss_told and not before.loss_told:
        tx.record(ConnectionLost.of(after, now=now), account_id=after.account_id)
    return after


def _lock(tx: PublisherTransaction, *, site_id: str, account_id: str, now: datetime) -> Connection:
    tx.sites.check(site_id, account_id=account_id)
    found = tx.connections.lock(site_id)
    return found or Connection.built_in(site_id=site_id, account_id=account_id, now=now)


def _kept_secrets(connection: Connection, *, sealer: Sealer, now: datetime) -> tuple[Secret, ...]:
    """None where they do not open any more: they are to be given anew then."""
    try:
        return open_secrets(connection, sealer=sealer, now=now) if connection.sealed else ()
    except Unsealable:
        return ()


def _check_left(tx: PublisherTransaction, before: Connection) -> None:
    """What is at the built-in target is served and withdrawn without a connection; all else needs the one it came by."""
    if before.target is Target.HOSTED:
        return
    count = tx.publications.count_at(before.site_id, before.target)
    if count:
        raise StateConflict(
            f"{count:,} {'content is' if count == 1 else 'contents are'} at {before.target.value}, or on the way"
            " there, and can only be changed or taken off by this connection. Unpublish what is there first; where the"
            " target is gone for good, delete the connection with leave_content.",
            metadata={"kind": "connection", "state": before.target.value, "count": str(count)},
        )


def _check_webhook(wanted: Wanted) -> None:
    faults = [
        FieldFault(field, "must be empty: a webhook is signed by a secret that is made here")
        for field, value in (("username", wanted.username), ("password", wanted.password.reveal()))
        if value
    ]
    if faults:
        raise RequestInvalid(*faults)


def _check_wordpress(wanted: Wanted, *, needs_password: bool) -> None:
    faults = []
    if not wanted.username:
        faults.append(FieldFault("username", "is needed: the user of WordPress who publishes"))
    elif ":" in wanted.username:
        faults.append(FieldFault("username", "must not hold a colon"))
    if needs_password and not wanted.password.reveal():
        message = "is needed: an application password of this user, from Users > Profile in WordPress"
        faults.append(FieldFault("password", message))
    if faults:
        raise RequestInvalid(*faults)
