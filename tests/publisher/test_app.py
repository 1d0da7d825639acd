"""The service as a process of its own: it starts, imports, publishes its events, and ends when asked."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from igny8.publisher import v1 as publisher

from chassis.channel import Channels
from chassis.identity import Caller, Keyring, TokenIssuer
from chassis.nats import Bus
from chassis.refusal import Refusal
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID, person, service
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats
from tests.publisher.servicers.calls import article, in_parts

SECRET_KEY = "of-this-test-only" * 3

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
"""What a process needs to find its code, and no setting."""


@pytest.fixture
async def address(
    database: SessionDatabase, nats_server: SessionNats, bus: Bus, port: int
) -> AsyncIterator[str]:
    """Where a process of the service listens, on clean tables and streams."""
    dsn = database.dsn("publisher")
    database.empty("publisher")
    address = f"127.0.0.1:{port}"
    settings = {
        **ENVIRONMENT,
        "IGNY8_SECRET_KEY": SECRET_KEY,
        "IGNY8_PUBLISHER_DATABASE_URL": dsn,
        "IGNY8_NATS_URL": nats_server.url,
        "IGNY8_PUBLISHER_ADDR": address,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.publisher", env=settings)
    yield address
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_the_process_takes_keywords_to_a_published_article_and_tells_of_it(
    address: str, bus: Bus
) -> None:
    heard = await bus.client.subscribe(f"igny8.v1.content.{ACCOUNT_ID}.published")
    owners, services = _channels(person()), _channels(service())
    sites = owners.stub("publisher", address, publisher.SiteServiceStub)
    planner = owners.stub("publisher", address, publisher.PlannerServiceStub)
    pipeline = services.stub("publisher", address, publisher.PipelineServiceStub)
    made = await until(lambda: _made_site(sites), timeout_seconds=30)
    assert made is not None
    site = made.site
    await sites.PutPublishingSettings(
        publisher.PutPublishingSettingsRequest(
            site_id=site.id,
            settings=publisher.PublishingSettings(
                auto_approve_content=True,
                auto_schedule=True,
                mode=publisher.PublishingSettings.MODE_IMMEDIATE,
            ),
        )
    )
    imported = await planner.ImportKeywords(in_parts(site.id, b"keyword\ncompost bin\n"))
    keywords = (await planner.ListKeywords(publisher.ListKeywordsRequest(site_id=site.id))).keywords
    draft = publisher.ClusterDraft(name="Compost", keyword_ids=[keywords[0].id])
    clusters = await pipeline.SaveClusters(
        publisher.SaveClustersRequest(request_id="1", site_id=site.id, clusters=[draft])
    )
    idea = publisher.IdeaDraft(
        title="On bins", content_type="post", content_structure="guide", estimated_word_count=900
    )
    ideas = await pipeline.SaveIdeas(
        publisher.SaveIdeasRequest(request_id="2", cluster_id=clusters.clusters[0].id, ideas=[idea])
    )
    tasks = await pipeline.QueueIdeas(
        publisher.QueueIdeasRequest(request_id="3", idea_ids=[ideas.ideas[0].id])
    )
    await pipeline.SaveContent(article(tasks.tasks[0].id))

    event = await heard.next_msg(timeout=30)
    await heard.unsubscribe()
    await asyncio.gather(owners.close(), services.close())

    assert imported.imported == 1
    assert b"How to start composting" in event.data


def test_a_process_without_settings_says_what_it_needs() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.publisher", "--check"],
        env={**ENVIRONMENT, "IGNY8_PUBLIC_URL": "igny8.example.com"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 78
    assert "IGNY8_SECRET_KEY: is not set" in ended.stderr
    assert "IGNY8_DATABASE_URL: is not set" in ended.stderr
    assert "must start with https:// or http://" in ended.stderr


async def _made_site(sites: "publisher.SiteServiceAsyncStub") -> publisher.CreateSiteResponse | None:
    try:
        return await sites.CreateSite(publisher.CreateSiteRequest(name="Garden", request_id="once"))
    except Refusal:
        return None


def _channels(caller: Caller) -> Channels:
    keyring = Keyring.from_secret(SECRET_KEY)
    by_service = caller.subject == "ai"
    issuer = TokenIssuer(keyring, "ai" if by_service else "billing")
    token = issuer.issue(caller, audience="publisher") if by_service else issuer.issue(caller)
    return Channels(lambda _callee: f"Bearer {token}", as_itself=False)
