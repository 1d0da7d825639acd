"""The main job over the REST API of a suite that runs anywhere, from keywords to pages that a browser gets.

`python -m tests.deploy.main_job URL`, the demo account's and the operator's API key in IGNY8_KEY and
IGNY8_OPERATOR_KEY. It needs no database and no data folder. Exit status 1 and a sentence where something is off.
"""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx

from suite.demo.job import DemoFailed, Outcome, do_main_job
from suite.rest import Api, ApiRefused

KEYWORDS = Path(__file__).parents[2] / "examples" / "keywords.csv"


async def prove(url: str, key: str, operator_key: str) -> str:
    """Does the main job and returns what came of it in a line.

    Raises DemoFailed where an article has no page, a page no image, or the balance is not what the usage explains.
    """
    async with Api(url, key) as api, Api(url, operator_key) as operator:
        outcome = await do_main_job(api, operator, KEYWORDS, say=print, on_run=lambda run: None)
        published = [one for one in outcome.content if one["site_status"] == "published"]
        if not published or len(published) < len(outcome.content):
            raise DemoFailed(f"{len(published)} of {len(outcome.content)} articles were published.")
        images: set[str] = set()
        for article in published:
            images |= await _images_of_page(api, outcome, article)
        for image in images:
            await api.page(image)
        usage = await api.all("/api/v1/credits/usage", "usage", run_id=outcome.run["id"])
    spent = outcome.balance_before["credits"] - outcome.balance_after["credits"]
    charged = sum(one["credits_used"] for one in usage)
    if spent != charged or outcome.balance_after["reserved"]:
        raise DemoFailed(
            f"The balance fell by {spent} credits, the usage explains {charged}, "
            f"and {outcome.balance_after['reserved']} are still reserved."
        )
    return (
        f"{outcome.imported['imported']} keywords, {len(published)} pages with {len(images)} images, "
        f"{spent} credits spent and explained by {len(usage)} charges, {outcome.seconds:.0f} s"
    )


async def _images_of_page(api: Api, outcome: Outcome, article: dict[str, Any]) -> set[str]:
    """The addresses of the images on the article's page."""
    path = f"/published/{outcome.site['slug']}/{article['slug']}"
    images = set(re.findall(r"/media/[0-9a-f]{64}", (await api.page(path)).decode()))
    if not images:
        raise DemoFailed(f"The page {path} has no image.")
    return images


def main() -> int:
    """What the module does when run; returns the exit status."""
    if len(sys.argv) != 2 or not {"IGNY8_KEY", "IGNY8_OPERATOR_KEY"} <= os.environ.keys():
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(asyncio.run(prove(sys.argv[1], os.environ["IGNY8_KEY"], os.environ["IGNY8_OPERATOR_KEY"])))
    except (DemoFailed, ApiRefused, httpx.TransportError) as failed:
        print(str(failed) or f"The gateway cannot be reached ({type(failed).__name__}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
