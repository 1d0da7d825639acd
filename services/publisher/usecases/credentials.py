"""The secrets of connections, into the seal and out of it."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_bytes
from typing import Final

from chassis.logs import get_logger
from chassis.sealing import Sealed, Sealer, Unsealable
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access, Connection, Secret, place_of
from services.publisher.domain.delivery import AccessRefused
from services.publisher.domain.publication import Publication
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction

SECRET_BYTES: Final = 32
"""The specification asks for 24 to 64."""

RESEALED_AT_ONCE: Final = 100
_BETWEEN: Final = "\n"
"""No secret holds one: they are typed on a line, or made here."""


def seal(connection: Connection, secrets: Sequence[Secret], *, sealer: Sealer) -> Connection:
    """The connection with these secrets, newest first."""
    sealed = sealer.seal(
        _BETWEEN.join(secret.reveal() for secret in secrets),
        place=place_of(connection.account_id, connection.site_id),
    )
    return replace(connection, key_id=sealed.key_id, sealed=sealed.data)


def open_secrets(connection: Connection, *, sealer: Sealer, now: datetime) -> tuple[Secret, ...]:
    """The secrets that are good, newest first. Raises Unsealable."""
    secrets = _open_all(connection, sealer=sealer)
    return secrets if connection.overlaps(now=now) else secrets[:1]


def way_to(
    connection: Connection | None, *, publication: Publication, sealer: Sealer, now: datetime
) -> Access:
    """The way to a publication's target by what the site has now, or None for the built-in target. Raises AccessRefused."""
    if publication.target is Target.HOSTED:
        return Access(account_id=publication.account_id, site_id=publication.site_id, target=Target.HOSTED)
    if connection is None or connection.target is not publication.target:
        raise AccessRefused(
            f"The site is not connected to {publication.target.value} any more. Connect it again.",
            cause=Cause.NOT_CONNECTED,
        )
    if connection.cause is Cause.GONE:
        # The specification asks to send nothing more after a 410; a test that succeeds opens it again.
        raise AccessRefused(connection.reason, cause=Cause.GONE)
    return opened(connection, sealer=sealer, now=now)


def opened(connection: Connection, *, sealer: Sealer, now: datetime) -> Access:
    """The way in. Raises AccessRefused for secrets that do not open any more."""
    try:
        secrets = open_secrets(connection, sealer=sealer, now=now) if connection.sealed else ()
    except Unsealable as fault:
        get_logger().error("a connection does not open", site_id=connection.site_id, fault=str(fault))
        raise AccessRefused(
            "The credentials of the site's connection cannot be read any more. Give them again.",
            cause=Cause.CREDENTIALS_UNREADABLE,
        ) from None
    return Access(
        account_id=connection.account_id,
        site_id=connection.site_id,
        target=connection.target,
        url=connection.url,
        username=connection.username,
        secrets=secrets,
        version=connection.version,
    )


def new_signing_secret() -> Secret:
    """A secret in the form of Standard Webhooks: `whsec_` and the Base64 of 32 random bytes."""
    return Secret(f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}")


def reseal_some(tx: PublisherTransaction, *, sealer: Sealer) -> int:
    """Seals some of what is sealed under a secret of before under the newest one. Returns how many; 0 ends it.

    Raises SealBroken for a row that was tampered with.
    """
    found = tx.connections.sealed_by_others(sealer.key_id, known=sealer.key_ids, limit=RESEALED_AT_ONCE)
    for connection in found:
        tx.connections.put(seal(connection, _open_all(connection, sealer=sealer), sealer=sealer))
    return len(found)


def count_by_key(tx: PublisherTransaction) -> dict[str, int]:
    """How many connections are sealed under each key of the ring."""
    return tx.connections.count_by_key()


def _open_all(connection: Connection, *, sealer: Sealer) -> tuple[Secret, ...]:
    """Those that are no longer good too. Raises Unsealable."""
    place = place_of(connection.account_id, connection.site_id)
    opened = sealer.open(Sealed(key_id=connection.key_id, data=connection.sealed), place=place)
    return tuple(Secret(line) for line in opened.split(_BETWEEN))
