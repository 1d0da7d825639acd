"""schemathesis against a running suite: as a command, with the one check of ours that its own cannot be."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import schemathesis

ROOT: Final = Path(__file__).parent.parent.parent
SECONDS_MAX: Final = 1_800

FIELDS: Final = frozenset(
    {
        "all",
        "at",
        "cluster_id",
        "content_ids",
        "cost_per_1k_cached_input",
        "cost_per_1k_input",
        "cost_per_1k_output",
        "cost_per_1k_reasoning",
        "cost_per_image",
        "cpc",
        "credits_per_image",
        "date",
        "days",
        "default_credit_price_usd",
        "etag",
        "expected_output_tokens",
        "expires_at",
        "from",
        "function",
        "ids",
        "image_variants",
        "images",
        "keyword",
        "maximum_output_tokens",
        "maximum_tokens",
        "minimum_credits",
        "name",
        "page_token",
        "password",
        "publish_days",
        "publish_time_slots",
        "request_id",
        "schedule_interval",
        "scheduled_publish_at",
        "time",
        "time_zone",
        "time_zone_change",
        "title",
        "to",
        "tokens_per_credit",
        "url",
        "username",
        "weight_cached_input",
        "weight_output",
        "weight_reasoning",
    }
)
"""Fields that are judged by the clock, by a database of names, by what their words are, by places of decimals, or beside another
field or a header."""

REASONS: Final = frozenset({"PAGE_TOKEN_INVALID", "FUNCTION_UNKNOWN", "FILE_UNREADABLE", "PRICE_NOT_FOUND"})
"""Reasons for a 400 that follow from what is there."""


@schemathesis.check
def a_valid_request_is_refused_for_what_no_schema_can_say(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: "schemathesis.Case[Any]"
) -> None:
    """In place of `positive_data_acceptance`, which knows of no rule beyond a schema."""
    if case.meta is None or response.status_code != 400:
        return
    # A case that tries one part of a request may be called valid by that part alone.
    modes = [case.meta.generation.mode, *(part.mode for part in case.meta.components.values())]
    if any(mode is not schemathesis.GenerationMode.POSITIVE for mode in modes):
        return
    if response.headers["content-type"][0].startswith("text/html"):
        # A page for people, which names no fields.
        return
    problem = response.json()
    named = [error["field"].split(".") for error in problem["errors"]]
    known = bool(named) and all({parts[-1], parts[0]} & FIELDS for parts in named)
    if problem["reason"] not in REASONS and not known:
        raise AssertionError(f"The schema allows what is refused: {problem['detail']}")


def campaign(
    url: str, token: str, *, seed: int, examples: int, phases: str, paths: str = "/"
) -> tuple[int, str]:
    """The exit code and what was said. `examples` is the most per operation in each phase, `paths` a pattern of some."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={Path(__file__).with_name('schemathesis.toml')}",
        "run",
        f"{url}/openapi.json",
        f"--header=Authorization: Bearer {token}",
        "--checks=all",
        "--exclude-checks=positive_data_acceptance",
        # It never ends, by design.
        "--exclude-path=/api/v1/events",
        f"--include-path-regex={paths}",
        f"--phases={phases}",
        f"--max-examples={examples}",
        f"--seed={seed}",
        "--generation-database=none",
        "--suppress-health-check=all",
        "--request-timeout=20",
        "--no-color",
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.journeys.bad_input",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
    }
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX
    )
    return ended.returncode, ended.stdout + ended.stderr
