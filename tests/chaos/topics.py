"""Work whose provider calls can be counted: sites with clusters that want ideas, and a model outside that has them."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from igny8.publisher import v1 as publisher

from chassis.channel import Channels
from chassis.identity import Keyring
from chassis.ids import new_id
from chassis.service_tokens import ServiceTokens, acting_for
from suite import secrets
from suite.rest import Api
from tests.journeys.suites import RunningSuite
from tests.outside.server import KEY, Outside

MODEL: Final = "gpt-5-mini"
IDEAS: Final = 2
"""The stage of a run that takes clusters."""

LATENCY_SECONDS: Final = 0.7
"""What a call takes."""

_TOPIC: Final = re.compile(r"topic \d{4}")


@dataclass(frozen=True, kw_only=True)
class Topics:
    """A site's clusters, each the one item of one provider call. `ids` by name, which its prompts say."""

    account_id: str
    site_id: str
    ids: dict[str, str]


def environment(outside: Outside) -> dict[str, str]:
    """What a suite needs to call the stand-in for the models that are OpenAI's."""
    return {"OPENAI_BASE_URL": outside.openai_url, "OPENAI_API_KEY": KEY}


def one_idea(body: Mapping[str, Any]) -> str:
    """What the model writes about a topic."""
    topic = _topic_of(body)
    idea = {
        "title": f"All about {topic}",
        "description": "What it is and what it is good for.",
        "content_type": "post",
        "content_structure": "guide",
        "target_keywords": [topic],
        "estimated_word_count": 900,
    }
    return json.dumps({"ideas": [idea]})


def asked(outside: Outside) -> Counter[str]:
    """How often the model was asked about each topic, whether or not its answer arrived anywhere."""
    # Of a caller that died while it asked, only half a question has come.
    return Counter(_topic_of(call.body) for call in list(outside.calls) if call.body is not None)


async def plant(suite: RunningSuite, api: Api, *, first: int, count: int) -> Topics:
    """A new site of the demo account with so many topics, numbered from `first`; none of them has ideas yet."""
    me = await api.get("/api/v1/auth/me")
    site = await api.post("/api/v1/sites", {"name": f"Topics {new_id()}"}, key=new_id())
    account_id, site_id = str(me["account"]["id"]), str(site["site"]["id"])
    names = [f"topic {number:04}" for number in range(first, first + count)]
    await api.upload(
        f"/api/v1/sites/{site_id}/keywords/import", "\n".join(["keyword", *names]).encode(), "text/csv"
    )
    keywords = await api.all(f"/api/v1/sites/{site_id}/keywords", "keywords")
    drafts = [publisher.ClusterDraft(name=one["keyword"], keyword_ids=[one["id"]]) for one in keywords]
    saved = await _save(suite, account_id, publisher.SaveClustersRequest(site_id=site_id, clusters=drafts))
    return Topics(
        account_id=account_id, site_id=site_id, ids={cluster.name: cluster.id for cluster in saved.clusters}
    )


async def start_run(api: Api, topics: Topics, *, concurrency: int) -> dict[str, Any]:
    """A run that makes ideas of all topics of the site and does nothing else."""
    path = f"/api/v1/sites/{topics.site_id}/automation"
    config = await api.get(f"{path}/config")
    config |= {"text_model": MODEL}
    for stage in config["stages"]:
        stage |= {"enabled": stage["stage"] == IDEAS, "concurrency": concurrency}
    await api.put(f"{path}/config", config)
    started: dict[str, Any] = await api.post(f"{path}/runs", key=new_id())
    return dict(started["run"])


async def start_task(api: Api, topics: Topics, ids: list[str]) -> str:
    """Ideas for these topics by hand; returns the id of the task log."""
    path = f"/api/v1/sites/{topics.site_id}/ai/generate_ideas"
    started = await api.post(path, {"ids": ids, "model_name": MODEL}, key=new_id())
    return str(started["task"]["id"])


async def _save(
    suite: RunningSuite, account_id: str, request: publisher.SaveClustersRequest
) -> publisher.SaveClustersResponse:
    """As the ai service saves clusters."""
    request.request_id = new_id()
    keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
    channels = Channels(ServiceTokens(keyring, "ai"))
    try:
        pipeline = channels.stub("publisher", suite.stack.grpc["publisher"], publisher.PipelineServiceStub)
        with acting_for(account_id):
            return await pipeline.SaveClusters(request)
    finally:
        await channels.close()


def _topic_of(body: Mapping[str, Any]) -> str:
    found = _TOPIC.search(body["messages"][1]["content"])
    assert found is not None, "a prompt says its cluster's name"
    return found.group()
