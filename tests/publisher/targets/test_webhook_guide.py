"""The receiver that docs/webhook-target.md gives away, as it stands there, against a real delivery."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn

from chassis.clock import SystemClock
from chassis.outgoing import Outgoing
from chassis.testing import until
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access, Secret
from services.publisher.domain.delivery import Delivery
from services.publisher.domain.publication import Publication
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.pages.addresses import Addresses
from services.publisher.targets.webhook import WebhookTarget
from services.publisher.usecases.credentials import new_signing_secret
from tests.publisher.domain.builders import NOW, content

GUIDE: Final = Path(__file__).parents[3] / "docs" / "webhook-target.md"
SECRET: Final = new_signing_secret()
TARGET: Final = WebhookTarget(
    Outgoing(allow_private=True), SystemClock(), addresses=Addresses("https://igny8.example")
)


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, Any]]:
    """The names of the guide's program while it is served, and its `url`."""
    monkeypatch.setenv("IGNY8_SIGNING_SECRET", SECRET.reveal())
    [program] = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, str(GUIDE), "exec"), names)
    server = uvicorn.Server(uvicorn.Config(names["app"], port=0, log_config=None))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield {**names, "url": f"http://127.0.0.1:{port}/igny8"}
    server.should_exit = True
    await running


def _delivery(url: str, secret: Secret = SECRET) -> Delivery:
    article = content()
    asked = Publication.ask(
        id="publication-1", content=article, target=Target.WEBHOOK, marker="5eed", now=NOW
    )
    access = Access(
        account_id="account-1", site_id="site-1", target=Target.WEBHOOK, url=url, secrets=(secret,)
    )
    site = Site(
        id="site-1", account_id="account-1", name="Garden", slug="garden", created_at=NOW, updated_at=NOW
    )
    publication = asked.begin(content_version=article.version, now=NOW)
    return Delivery(publication=publication, content=article, site=site, images=(), access=access)


async def test_the_receiver_of_the_guide_shows_articles_and_takes_them_off(receiver: dict[str, Any]) -> None:
    delivery = _delivery(receiver["url"])

    findings = await TARGET.check(delivery.access)
    placed = await TARGET.publish(delivery)
    shown = dict(receiver["ARTICLES"])
    await TARGET.unpublish(delivery)

    assert findings.findings == ()
    assert placed.external_url == f"https://example.com/{delivery.content.slug}"
    assert shown["5eed"]["title"] == delivery.content.title
    assert receiver["ARTICLES"] == {}


async def test_the_receiver_of_the_guide_takes_nothing_that_is_not_signed_for_it(
    receiver: dict[str, Any],
) -> None:
    forged = _delivery(receiver["url"], new_signing_secret()).access

    findings = await TARGET.check(forged)

    assert [found.cause for found in findings.blocking] == [Cause.CREDENTIALS_REFUSED]
    assert receiver["ARTICLES"] == {}
