"""The main job from a keyword list to published articles, and everything that must agree after it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from suite.demo import books
from suite.verify.report import verify
from tests.journeys.suites import KEYWORDS, RunningSuite

pytestmark = pytest.mark.journey

CONTRACT_QUERIES: Final = {
    "prices": "SELECT model_name, cost_per_1k_input, cost_per_1k_output, credits_per_image FROM igny8_billing_aimodelconfig WHERE is_active = true;",
    "task_logs": "SELECT function_name, COUNT(*) as count, SUM(cost) as total_cost FROM igny8_ai_task_logs WHERE function_name = 'generate_images' GROUP BY function_name;",
    "usage": "SELECT operation_type, COUNT(*) as count, SUM(credits_used) as total_credits, SUM(cost_usd) as total_cost FROM igny8_billing_creditusagelog WHERE operation_type = 'image_generation' GROUP BY operation_type;",
    "notifications": "SELECT notification_type, COUNT(*) as count FROM igny8_notifications_notification WHERE notification_type IN ('ai_image_success', 'ai_image_failed') GROUP BY notification_type;",
    "ledger": "SELECT operation_type, COUNT(*) as transactions, SUM(amount) as total_credits FROM igny8_billing_credittransaction WHERE transaction_type = 'deduction' GROUP BY operation_type ORDER BY total_credits DESC;",
}
"""The five of contract.md section 6, letter by letter."""


@dataclass(frozen=True)
class Demo:
    """The demo as it was run, and the rows it left."""

    result: subprocess.CompletedProcess[str]
    run: dict[str, Any]
    site: dict[str, Any]
    content: list[dict[str, Any]]


@pytest.fixture(scope="module")
def demo(suite: RunningSuite) -> Demo:
    """`igny8 demo` with a dozen keywords on the suite that runs."""
    result = suite.igny8("demo", str(KEYWORDS))
    assert result.returncode == 0, result.stdout + result.stderr
    (run,) = suite.rows("SELECT * FROM automation_run ORDER BY created_at DESC LIMIT 1")
    (site,) = suite.rows("SELECT * FROM site WHERE id = %(id)s", id=run["site_id"])
    content = suite.rows("SELECT * FROM content WHERE run_id = %(run_id)s", run_id=run["id"])
    return Demo(result, run, site, content)


@pytest.fixture(scope="module")
def answers(suite: RunningSuite, demo: Demo) -> dict[str, list[dict[str, Any]]]:
    """What the five queries answer after the demo, by name."""
    return {name: suite.rows(query) for name, query in CONTRACT_QUERIES.items()}


@pytest.fixture
def reader(suite: RunningSuite) -> Iterator[httpx.Client]:
    """Somebody on the web, without any key."""
    with httpx.Client(base_url=suite.stack.gateway_url, trust_env=False) as client:
        yield client


def test_the_demo_ends_well_and_sums_up(demo: Demo) -> None:
    assert "Imported 12 keywords from keywords.csv (semrush)" in demo.result.stdout
    assert "7 Review and approval" in demo.result.stdout
    assert "The books add up" in demo.result.stdout
    assert f"/published/{demo.site['slug']}" in demo.result.stdout
    assert demo.run["status"] == "completed"


def test_the_three_logs_of_each_function_and_the_ledger_agree(suite: RunningSuite, demo: Demo) -> None:
    logs = books.read(suite.stack.read_only_database_url, str(demo.run["id"]))

    assert [one.function_name for one in logs if not one.agree] == []
    assert len(logs) == 5


def test_the_balance_moved_by_what_was_captured(suite: RunningSuite, demo: Demo) -> None:
    (balance,) = suite.rows(
        "SELECT credits, reserved FROM credit_account WHERE account_id = %(id)s", id=demo.run["account_id"]
    )
    (granted,) = suite.rows(
        "SELECT sum(amount) AS credits FROM credit_grant WHERE account_id = %(id)s", id=demo.run["account_id"]
    )
    (used,) = suite.rows(
        "SELECT sum(credits_used) AS credits FROM igny8_billing_creditusagelog WHERE account_id = %(id)s",
        id=demo.run["account_id"],
    )

    assert balance == {"credits": granted["credits"] - used["credits"], "reserved": 0}


def test_the_contracts_queries_run_as_they_stand_and_agree(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    (logged,), (used,) = answers["task_logs"], answers["usage"]
    deducted = {row["operation_type"]: row for row in answers["ledger"]}
    prices = {row["model_name"]: row for row in answers["prices"]}

    assert logged["total_cost"] == used["total_cost"] > Decimal(0)
    assert deducted["image_generation"]["total_credits"] == -used["total_credits"]
    assert deducted["image_generation"]["transactions"] == used["count"]
    assert used["total_credits"] == used["count"] * prices["offline-image-1"]["credits_per_image"]
    assert [row["notification_type"] for row in answers["notifications"]] == ["ai_image_success"]
    assert set(deducted) == {operation for _, operation, _ in books.FUNCTIONS}


def test_every_image_that_was_charged_was_made(
    suite: RunningSuite, demo: Demo, answers: dict[str, list[dict[str, Any]]]
) -> None:
    (made,) = suite.rows("SELECT count(*) AS images FROM image WHERE status = 'generated'")

    assert made["images"] == answers["usage"][0]["count"] > 0


def test_the_books_hold(suite: RunningSuite, demo: Demo) -> None:
    findings = verify(suite.stack.read_only_database_url)

    assert [finding for finding in findings if not finding.holds] == []
    assert suite.igny8("verify").returncode == 0


def test_every_article_is_published_where_it_says(demo: Demo, reader: httpx.Client) -> None:
    assert {content["site_status"] for content in demo.content} == {"published"}

    pages = [reader.get(content["external_url"]) for content in demo.content]

    assert {page.status_code for page in pages} == {200}
    assert all(
        content["title"] in page.text and page.text.count("<h2") >= 2
        for content, page in zip(demo.content, pages, strict=True)
    )


def test_images_are_real_and_differ(suite: RunningSuite, demo: Demo, reader: httpx.Client) -> None:
    images = suite.rows("SELECT url FROM image WHERE site_id = %(id)s", id=demo.site["id"])

    pictures = [reader.get(image["url"]) for image in images]

    assert {picture.headers["content-type"] for picture in pictures} == {"image/png"}
    assert all(picture.content.startswith(b"\x89PNG\r\n\x1a\n") for picture in pictures)
    assert len({picture.content for picture in pictures}) == len(pictures) > 1


def test_a_published_article_is_kept_with_its_images(suite: RunningSuite, demo: Demo) -> None:
    (page,) = (suite.data_dir / "demo").glob("*.html")

    text = page.read_text()

    assert "/media/" not in text
    assert [image for image in page.parent.glob("*.png") if image.name not in text] == []


def test_a_file_that_is_no_keyword_list_is_refused_in_words(suite: RunningSuite, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("Volume,Difficulty\n10,20\n")

    result = suite.igny8("demo", str(file))

    assert result.returncode == 1
    assert "The demo stopped" in result.stdout
    assert "keyword" in result.stdout.splitlines()[-1].lower()


def test_no_log_has_a_line_of_level_error(suite: RunningSuite, demo: Demo) -> None:
    assert suite.lines_of_level_error() == []
