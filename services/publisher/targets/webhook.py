"""The webhook target: a signed JSON document to an address of the site's owner, by Standard Webhooks.

The specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The
documents are described in docs/webhook-target.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from standardwebhooks.webhooks import Webhook

from chassis.clock import Clock
from chassis.ids import new_id
from chassis.outgoing import (
    AddressForbidden,
    Answered,
    NameUnknown,
    Outgoing,
    OutgoingFailed,
    TlsFault,
    TooLong,
    TooSlow,
)
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import (
    AccessRefused,
    AnswerLost,
    Delivery,
    DeliveryEnded,
    DeliveryRefused,
    Placed,
    TargetUnavailable,
)
from services.publisher.domain.finding import Finding, Findings
from services.publisher.domain.publication import Publication
from services.publisher.domain.seen import Seen
from services.publisher.pages.addresses import Addresses
from services.publisher.targets.webhook_document import (
    published_document,
    tested_document,
    unpublished_document,
)

SECONDS_MAX: Final = 15.0
ANSWER_BYTES_MAX: Final = 64 * 1024
SAID_CHARACTERS_MAX: Final = 200
"""Of what a receiver says in a refusal."""

ID_CHARACTERS_MAX: Final = 200
URL_CHARACTERS_MAX: Final = 2_000

_CAUSES: Final[tuple[tuple[type[OutgoingFailed], Cause], ...]] = (
    (TooSlow, Cause.TOO_SLOW),
    (NameUnknown, Cause.NAME_UNKNOWN),
    (TlsFault, Cause.TLS_FAULT),
)


class WebhookTarget:
    """Posts to the address of the connection, and takes 2xx for done. Redirects are not followed."""

    def __init__(self, outgoing: Outgoing, clock: Clock, *, addresses: Addresses) -> None:
        self._outgoing = outgoing
        self._clock = clock
        self._addresses = addresses

    async def publish(self, delivery: Delivery) -> Placed:
        """The receiver may answer `{"id": …, "url": …}`, by which it knows the article and readers find it."""
        answer = await self._deliver(delivery, published_document(delivery, addresses=self._addresses))
        said = _json(answer)
        return Placed(
            external_id=_id(said.get("id")) or delivery.publication.external_id or delivery.content.id,
            external_url=_url(said.get("url")) or delivery.publication.external_url,
        )

    async def unpublish(self, delivery: Delivery) -> None:
        await self._deliver(delivery, unpublished_document(delivery))

    async def check(self, access: Access) -> Findings:
        """Posts a document of the type `connection.tested`."""
        try:
            await self._post(access, message_id=f"test_{new_id()}", document=tested_document(access))
        except DeliveryEnded as ended:
            return Findings.of(Finding(cause=ended.cause, sentence=ended.sentence))
        about = f"{_host(access.url)} took a signed test."
        if self._addresses.public_url:
            return Findings.of(about=about)
        sentence = (
            "The addresses of pictures are relative, since this igny8 does not know its own. Its operator can set"
            " IGNY8_PUBLIC_URL."
        )
        return Findings.of(
            Finding(cause=Cause.PUBLIC_URL_MISSING, sentence=sentence, blocks=False), about=about
        )

    async def state_of(self, access: Access, publications: Sequence[Publication]) -> Mapping[str, Seen]:
        """A receiver cannot be asked."""
        return {}

    async def _deliver(self, delivery: Delivery, document: Mapping[str, Any]) -> Answered:
        return await self._post(
            delivery.access, message_id=_message_id(delivery.publication), document=document
        )

    async def _post(self, access: Access, *, message_id: str, document: Mapping[str, Any]) -> Answered:
        now = self._clock.now()
        body = orjson.dumps({**document, "timestamp": now}, option=orjson.OPT_UTC_Z)
        host = _host(access.url)
        try:
            answer = await self._outgoing.call(
                "POST",
                access.url,
                headers={
                    "content-type": "application/json",
                    "accept": "application/json",
                    "user-agent": "igny8",
                    **_signed(access, message_id, body, now=now),
                },
                content=body,
                seconds_max=SECONDS_MAX,
                bytes_max=ANSWER_BYTES_MAX,
            )
        except OutgoingFailed as failed:
            raise _unanswered(failed, host) from failed
        if not 200 <= answer.status < 300:
            raise _refused(answer, host)
        return answer


def _message_id(publication: Publication) -> str:
    """The same for every attempt at one delivery of one version, and for nothing else: receivers drop what repeats."""
    return f"{publication.marker}_{publication.deliveries}_{publication.content_version}"


def _signed(access: Access, message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """One signature for each secret that is good, so that receivers change from one to the next in their own time."""
    signatures = [Webhook(secret.reveal()).sign(message_id, now, body.decode()) for secret in access.secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _unanswered(failed: OutgoingFailed, host: str) -> DeliveryEnded:
    if isinstance(failed, AddressForbidden):
        sentence = f"{failed} Give another address for the webhook."
        return AccessRefused(sentence, cause=Cause.ADDRESS_FORBIDDEN)
    if isinstance(failed, TooLong):
        sentence = f"{host} answered with more than {ANSWER_BYTES_MAX // 1024} KB. Let it answer with less."
        return AnswerLost(sentence, cause=Cause.ANSWER_UNREADABLE)
    cause = next((cause for kind, cause in _CAUSES if isinstance(failed, kind)), Cause.UNREACHABLE)
    sentence = f"{failed} See that the receiver is up and answers within {SECONDS_MAX:g} seconds; deliveries are repeated."
    if failed.sent:
        return AnswerLost(sentence, cause=cause)
    return TargetUnavailable(sentence, cause=cause)


def _refused(answer: Answered, host: str) -> DeliveryEnded:
    """Anything but 2xx is a no. Whether to come again follows the specification's table of statuses."""
    match answer.status:
        case 410:
            sentence = f"{host} wants no more deliveries (410). Test the connection once it does again."
            return AccessRefused(sentence, cause=Cause.GONE)
        case 401 | 403:
            sentence = (
                f"{host} did not accept the signature ({answer.status}). See that it has the connection's secret;"
                " a new one can be made."
            )
            return AccessRefused(sentence, cause=Cause.CREDENTIALS_REFUSED)
        case 404 | 405:
            sentence = f"{host} takes no webhooks at this address ({answer.status}). Give the right one."
            return AccessRefused(sentence, cause=Cause.ADDRESS_WRONG)
        case status if 300 <= status < 400:
            sentence = (
                f"{host} sends us on to {_host(answer.headers.get('location', ''))} ({status}), where nothing is"
                " delivered. Give that address itself."
            )
            return AccessRefused(sentence, cause=Cause.REDIRECTED)
        case 408 | 425 | 429:
            sentence = f"{host} asked for a pause ({answer.status}). Deliveries are repeated."
            return TargetUnavailable(
                sentence, cause=Cause.RATE_LIMITED, retry_after_seconds=_retry_after(answer)
            )
        case status if status >= 500:
            cause = Cause.MAINTENANCE if status == 503 else Cause.TARGET_FAULT
            sentence = f"{host} has a fault of its own ({status}). Look into the receiver's log; deliveries are repeated."
            return TargetUnavailable(sentence, cause=cause, retry_after_seconds=_retry_after(answer))
        case _:
            sentence = (
                f"{host} did not take it ({answer.status}){_said(answer)}. Mend that, then publish it again."
            )
            return DeliveryRefused(sentence, cause=Cause.CONTENT_REFUSED)


def _retry_after(answer: Answered) -> float:
    """Seconds; a date, which the header may be as well, counts as not said."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _said(answer: Answered) -> str:
    """What the receiver gave as its reason, as JSON of the usual names."""
    said = _json(answer)
    words = next(
        (said[name] for name in ("detail", "message", "error") if isinstance(said.get(name), str)), ""
    )
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return f": {line[:SAID_CHARACTERS_MAX].rstrip('.')}" if line else ""


def _json(answer: Answered) -> dict[str, Any]:
    """The object that was answered; empty for anything else, which is as good."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _id(said: object) -> str:
    text = str(said) if isinstance(said, str | int) and not isinstance(said, bool) else ""
    return text if len(text) <= ID_CHARACTERS_MAX and text.isprintable() else ""


def _url(said: object) -> str:
    """It is shown as a link, so it is one of the web or none."""
    if not isinstance(said, str) or len(said) > URL_CHARACTERS_MAX or not said.isprintable():
        return ""
    try:
        parts = urlsplit(said)
        return said if parts.scheme in ("https", "http") and parts.hostname else ""
    except ValueError:
        return ""


def _host(url: str) -> str:
    """What people call the receiver; never the whole address, which may hold a secret."""
    try:
        return urlsplit(url).hostname or "another address"
    except ValueError:
        return "another address"
