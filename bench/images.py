"""How fast pictures are made, and what each costs us beside the provider: the whole suite beside a plain script."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Final

from igny8.publisher import v1 as publisher

from bench import embedded
from bench.cpu import seconds_by_process
from bench.outside import Outside, outside
from bench.result import Result
from chassis.ids import new_id
from suite.rest import Api
from tests.journeys.suites import RunningSuite
from tests.publisher.servicers.calls import article, idea_draft, image_draft

IMAGES: Final = 400
IMAGES_OF_AN_ARTICLE: Final = 10
LATENCY_SECONDS: Final = 0.2
CALLS_AT_ONCE: Final = 16
ROUNDS: Final = 3

Round = dict[str, float]


def results(say: Callable[[str], None]) -> list[Result]:
    """The median of rounds, each with the plain script first."""
    rounds = measure(say, images=IMAGES, rounds=ROUNDS)
    bound = IMAGES * LATENCY_SECONDS / CALLS_AT_ONCE

    def figure(name: str) -> tuple[float, tuple[float, ...]]:
        runs = tuple(each[name] for each in rounds)
        return median(runs), runs

    stretch, stretches = figure("stretch")
    plain, _ = figure("plain stretch")
    cost, costs = figure("cpu ms an image")
    plain_cost, _ = figure("plain cpu ms an image")
    return [
        Result(
            name=f"{IMAGES} images, by {bound:g} s of the provider alone",
            unit="times",
            ours=stretch,
            runs=stretches,
            peer="a plain script that keeps nothing",
            peer_value=plain,
            ceiling=1.15,
        ),
        Result(
            name="processor time an image, all but the provider",
            unit="ms",
            ours=cost,
            runs=costs,
            peer="a plain script that keeps nothing",
            peer_value=plain_cost,
            ceiling=12.0,
        ),
    ]


def measure(say: Callable[[str], None], *, images: int, rounds: int) -> list[Round]:
    """Each round's figures: how many times longer than the provider alone, and milliseconds of processor an image."""
    with outside(latency_seconds=LATENCY_SECONDS, calls_at_once=CALLS_AT_ONCE) as provider:
        environment = {
            "IGNY8_IMAGE_PROVIDER": "openai",
            "IGNY8_IMAGE_MODEL": "gpt-image-2",
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-bench",
        }
        with embedded.suite(environment) as suite:
            found = asyncio.run(_rounds(suite, provider, say, images=images, rounds=rounds))
    assert provider.seen.refused == 0, "no more calls at once than allowed"
    return found


async def _rounds(
    suite: RunningSuite, provider: Outside, say: Callable[[str], None], *, images: int, rounds: int
) -> list[Round]:
    found: list[Round] = []
    async with embedded.account(suite) as (api, account_id):
        for number in range(rounds):
            site_id, articles = await _articles(suite, api, account_id, images=images, number=number)
            plain = await asyncio.to_thread(_plain, provider, images)
            ours = await _ours(suite, api, site_id, articles, images=images)
            bound = images * LATENCY_SECONDS / CALLS_AT_ONCE
            say(f"{ours['seconds']:.2f} s, a plain script {plain['seconds']:.2f} s, bound {bound:.2f} s")
            milliseconds = {name: 1000 * spent / images for name, spent in ours.items() if name != "seconds"}
            say(", ".join(f"{name} {spent:.1f}" for name, spent in milliseconds.items()) + " ms an image")
            found.append(
                {
                    "stretch": ours["seconds"] / bound,
                    "plain stretch": plain["seconds"] / bound,
                    "cpu ms an image": sum(milliseconds.values()),
                    "plain cpu ms an image": 1000 * plain["cpu_seconds"] / images,
                }
            )
    return found


async def _ours(
    suite: RunningSuite, api: Api, site_id: str, articles: list[str], *, images: int
) -> dict[str, float]:
    """Seconds from asking until the task log has ended, and processor seconds by process until all is told."""
    pids = {name: pid for name, pid in suite.stack.pids.items() if name != "supervisor"}
    before = seconds_by_process(pids)
    began = time.perf_counter()
    path = f"/api/v1/sites/{site_id}/ai/generate_images"
    task = (await api.post(path, {"ids": articles}, key=new_id()))["task"]
    await embedded.until(
        suite, "SELECT status <> 'pending' FROM ai.igny8_ai_task_logs WHERE id = %(id)s", id=task["id"]
    )
    seconds = time.perf_counter() - began
    ended = (await api.get(f"/api/v1/ai/tasks/{task['id']}"))["task"]
    assert (ended["status"], ended["items_done"]) == ("success", images), ended
    await _everything_told(suite)
    after = seconds_by_process(pids)
    return {"seconds": seconds, **{name: after[name] - before[name] for name in pids}}


async def _everything_told(suite: RunningSuite) -> None:
    """Waits for the relays, and for those who hear: what is told late is work all the same."""
    untold = " UNION ALL ".join(
        f"SELECT 1 FROM {schema}.outbox WHERE published_at IS NULL"
        for schema in ("ai", "billing", "publisher", "notifications")
    )
    await embedded.until(suite, f"SELECT NOT EXISTS ({untold})")
    await asyncio.sleep(1.0)


def _plain(provider: Outside, images: int) -> dict[str, float]:
    said = subprocess.run(
        [sys.executable, "-m", "bench.plain_images", provider.url, str(images), str(CALLS_AT_ONCE)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(said.stdout)
    return found


async def _articles(
    suite: RunningSuite, api: Api, account_id: str, *, images: int, number: int
) -> tuple[str, list[str]]:
    """A site, and ids of its articles, which wait for so many images together."""
    count = images // IMAGES_OF_AN_ARTICLE
    site = (await api.post("/api/v1/sites", {"name": f"Bench {number}"}, key=new_id()))["site"]
    await api.upload(f"/api/v1/sites/{site['id']}/keywords/import", b"keyword\ncompost\n", "text/csv")
    keywords = await api.all(f"/api/v1/sites/{site['id']}/keywords", "keywords")
    async with embedded.as_ai(suite, account_id, publisher.PipelineServiceStub) as pipeline:
        clusters = await pipeline.SaveClusters(
            publisher.SaveClustersRequest(
                request_id=new_id(),
                site_id=site["id"],
                clusters=[publisher.ClusterDraft(name="Compost", keyword_ids=[keywords[0]["id"]])],
            )
        )
        drafts = [idea_draft(f"How to compost, part {part}") for part in range(count)]
        ideas = await pipeline.SaveIdeas(
            publisher.SaveIdeasRequest(request_id=new_id(), cluster_id=clusters.clusters[0].id, ideas=drafts)
        )
        queued = await pipeline.QueueIdeas(
            publisher.QueueIdeasRequest(request_id=new_id(), idea_ids=[idea.id for idea in ideas.ideas])
        )
        made: list[str] = []
        for task in queued.tasks:
            saved = await pipeline.SaveContent(article(task.id, title=task.title, images_wanted=True))
            await pipeline.SaveImagePrompts(
                publisher.SaveImagePromptsRequest(
                    request_id=new_id(),
                    content_id=saved.content.id,
                    images=[image_draft(place) for place in range(IMAGES_OF_AN_ARTICLE)],
                )
            )
            made.append(saved.content.id)
    return site["id"], made
