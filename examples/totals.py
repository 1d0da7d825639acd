"""A subscriber of your own: what a run did and cost, from the event stream alone, however late it starts.

    pip install nats-py
    python examples/totals.py nats://user:password@127.0.0.1:14222 RUN_ID

The stream keeps every event for 14 days. Each carries an id (delivered twice, it is the same event), and the events of
a run the run as a whole with a sequence number, so the newest one tells where it is. Ends when it has caught up.
"""

import asyncio
import json
import sys

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

SUBJECTS = ("igny8.v1.runs.*.*", "igny8.v1.ai_tasks.*.*", "igny8.v1.credits.*.captured")


async def totals(url: str, run_id: str) -> dict:
    """The run, and the sums of its AI tasks and of its charges."""
    connection = await nats.connect(url)
    stream = connection.jetstream(timeout=30)
    run, tasks, charges = {}, {}, {}
    try:
        for subject in SUBJECTS:
            async for event_id, event in everything(stream, subject):
                if "run" in event and event["run"]["id"] == run_id:
                    run = max(run, event["run"], key=lambda one: int(one.get("sequence", 0)))
                elif "task" in event and event["task"].get("run_id") == run_id:
                    task = event["task"]
                    if task["status"] != "pending":
                        tasks[task["id"]] = int(task["credits_used"])
                elif event.get("run_id") == run_id:
                    charges[event_id] = int(event["credits_used"])
    finally:
        await connection.close()
    return {
        "status": run["status"],
        "items_done": sum(int(stage["done"]) for stage in run["stages"]),
        "credits_used": int(run["credits_used"]),
        "ai_tasks": len(tasks),
        "credits_of_ai_tasks": sum(tasks.values()),
        "charges": len(charges),
        "credits_charged": sum(charges.values()),
    }


async def everything(stream, subject):
    """Every event under the subject that the stream holds, from its beginning: its id and its content."""
    subscription = await stream.pull_subscribe(
        subject, stream="IGNY8_EVENTS", config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
    )
    left = (await subscription.consumer_info()).num_pending
    while left:
        for message in await subscription.fetch(min(left, 500), timeout=30):
            yield message.headers["Nats-Msg-Id"], json.loads(message.data)
            await message.ack()
            left = message.metadata.num_pending


if __name__ == "__main__":
    print(json.dumps(asyncio.run(totals(*sys.argv[1:3]))))
