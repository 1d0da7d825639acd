"""What targets are given: the bytes of pictures, and the memory of what was made at a target, from the database."""

from collections.abc import Collection
from datetime import datetime

from chassis.clock import Clock
from chassis.transaction import Transactions
from services.publisher.domain.connection import Access
from services.publisher.domain.picture import Picture
from services.publisher.domain.remote_object import RemoteKind, RemoteObject
from services.publisher.store.transaction import PublisherTransaction


class StoredPictures:
    """The PicturePort of the service."""

    def __init__(self, transactions: Transactions[PublisherTransaction]) -> None:
        self._transactions = transactions

    async def read(self, content_hash: str) -> Picture:
        """At most 20 MB. Raises NotFound."""
        return await self._transactions.run(_picture, content_hash=content_hash)


class StoredMemory:
    """The RemoteMemory of the service."""

    def __init__(self, transactions: Transactions[PublisherTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def recall(
        self, access: Access, kind: RemoteKind, keys: Collection[str]
    ) -> dict[str, RemoteObject]:
        return await self._transactions.run(_recall, access=access, kind=kind, keys=keys)

    async def remember(self, access: Access, remote: RemoteObject) -> None:
        await self._transactions.run_repeatable(
            _remember, access=access, remote=remote, now=self._clock.now()
        )

    async def forget(self, access: Access, kind: RemoteKind, key: str) -> None:
        await self._transactions.run_repeatable(_forget, access=access, kind=kind, key=key)


def _picture(tx: PublisherTransaction, *, content_hash: str) -> Picture:
    blob = tx.image_blobs.get(content_hash)
    return Picture(
        data=tx.image_blobs.part(content_hash, start=0, size=blob.size),
        media_type=blob.media_type,
        width=blob.width,
        height=blob.height,
    )


def _recall(
    tx: PublisherTransaction, *, access: Access, kind: RemoteKind, keys: Collection[str]
) -> dict[str, RemoteObject]:
    return tx.remote_objects.some(access, kind, keys)


def _remember(tx: PublisherTransaction, *, access: Access, remote: RemoteObject, now: datetime) -> None:
    tx.remote_objects.put(access, remote, now=now)


def _forget(tx: PublisherTransaction, *, access: Access, kind: RemoteKind, key: str) -> None:
    tx.remote_objects.remove(access, kind, key)
