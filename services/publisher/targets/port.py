"""What every target can do, and what it is given to do it with."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import Delivery, Placed
from services.publisher.domain.finding import Findings
from services.publisher.domain.picture import Picture
from services.publisher.domain.publication import Publication
from services.publisher.domain.remote_object import RemoteKind, RemoteObject
from services.publisher.domain.seen import Seen


class TargetPort(Protocol):
    """A place that shows content to readers. No method is called within a transaction, and each has to end by itself
    well within `scheduler.DELIVERY_SECONDS_MAX`; what is cut off there counts as AnswerLost."""

    async def publish(self, delivery: Delivery) -> Placed:
        """Bring the content to the target, so that readers see it there once, however often this is called.

        A publication with an `external_id` was there before, and is updated. Whatever the number of attempts, the target
        looks for the publication's marker before it makes anything: an attempt of an earlier delivery may have arrived.
        Raises DeliveryRefused, AccessRefused, TargetUnavailable or AnswerLost.
        """
        ...

    async def unpublish(self, delivery: Delivery) -> None:
        """Take the content from the readers of the target. What is not there any more is a quiet success.

        Raises as `publish`.
        """
        ...

    async def check(self, access: Access) -> Findings:
        """Try everything that publishing needs and that leaves nothing behind. Never raises: what is wrong is a finding."""
        ...

    async def state_of(self, access: Access, publications: Sequence[Publication]) -> Mapping[str, Seen]:
        """What readers see of these publications (at most 100) now, by the publication's id; those that the target
        cannot tell are left out. Raises AccessRefused, TargetUnavailable or AnswerLost."""
        ...


class PicturePort(Protocol):
    """Gives the bytes of pictures."""

    async def read(self, content_hash: str) -> Picture:
        """The picture with this SHA-256 (`Image.content_hash`). Raises NotFound."""
        ...


class RemoteMemory(Protocol):
    """Remembers what was made or found at a target; each call is a transaction of its own, and survives a crash once it
    has returned. So a target books each step right after the answer, and looks here before it looks there.

    Everything is kept by the site and the place (`access.target` and `access.url`): a connection that leads to another
    address remembers nothing of the one before, so no id of one WordPress is ever used at another.
    """

    async def recall(
        self, access: Access, kind: RemoteKind, keys: Collection[str]
    ) -> dict[str, RemoteObject]:
        """What is remembered of these keys, by key."""
        ...

    async def remember(self, access: Access, remote: RemoteObject) -> None:
        """Keep it, in the place of what was remembered by the same kind and key."""
        ...

    async def forget(self, access: Access, kind: RemoteKind, key: str) -> None:
        """It is not there any more. What is not remembered is a quiet success."""
        ...
