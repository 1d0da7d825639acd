"""The statistics' tallies equal a recount after any change, in one transaction or many, folded or not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.publisher.domain.site import Site
from services.publisher.domain.workflow_stats import WorkflowStats
from services.publisher.usecases.tallies import DAYS_KEPT, ROWS_MIN, fold_tallies
from services.publisher.usecases.writer import get_workflow_stats
from tests.publisher.newsroom import Newsroom

INSERT = (
    "INSERT INTO keyword (id, account_id, site_id, created_at, updated_at, keyword, normalised,"
    " volume_is_impressions, status, disabled)"
    " SELECT gen_random_uuid(), account_id, id, :at, :at, 'word ' || n, :prefix || n, false, 'new', false"
    " FROM site, generate_series(1, :count) AS n WHERE id = :site_id"
)


def add_keywords(newsroom: Newsroom, site: Site, count: int, *, prefix: str = "a", days_ago: int = 0) -> None:
    at = newsroom.clock.now() - timedelta(days=days_ago)
    with newsroom.engine.begin() as connection:
        values = {"at": at, "prefix": prefix, "count": count, "site_id": site.id}
        connection.execute(text(INSERT), values)


def change(newsroom: Newsroom, statement: str) -> None:
    with newsroom.engine.begin() as connection:
        connection.execute(text(statement))


def stats(newsroom: Newsroom, site: Site, *, days: int | None = None) -> WorkflowStats:
    return newsroom.run(
        get_workflow_stats,
        account_id=site.account_id,
        site_id=site.id,
        period=None if days is None else timedelta(days=days),
    )


def loose(newsroom: Newsroom) -> int:
    with newsroom.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM site_tally WHERE NOT folded")).scalar_one())


def fold(newsroom: Newsroom) -> int:
    return newsroom.run(fold_tallies)


def test_a_change_of_state_moves_one_count_and_leaves_the_total(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site)
    newsroom.in_review(site)

    found = stats(newsroom, site).counts["content"]

    assert {state: count for state, count in found.items() if count} == {
        "total": 2,
        "review": 1,
        "approved": 1,
        "not_published": 1,
        "scheduled": 1,
    }


def test_what_is_deleted_counts_no_more(newsroom: Newsroom) -> None:
    site = newsroom.site()
    add_keywords(newsroom, site, 5)

    change(newsroom, "DELETE FROM keyword WHERE normalised IN ('a1', 'a2')")

    assert stats(newsroom, site).counts["keyword"]["total"] == 3


def test_a_transaction_that_is_undone_counts_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()
    with newsroom.engine.connect() as connection:
        values = {"at": newsroom.clock.now(), "prefix": "a", "count": 5, "site_id": site.id}
        connection.execute(text(INSERT), values)
        connection.rollback()

    assert stats(newsroom, site).counts["keyword"]["total"] == 0


def test_a_change_that_is_none_leaves_no_row(newsroom: Newsroom) -> None:
    site = newsroom.site()
    add_keywords(newsroom, site, 5)
    before = loose(newsroom)

    change(newsroom, "UPDATE keyword SET updated_at = now()")

    assert loose(newsroom) == before


@pytest.mark.parametrize("first", [False, True], ids=["loose", "folded"])
def test_a_period_counts_by_whole_days(newsroom: Newsroom, first: bool) -> None:
    site = newsroom.site()
    for number, days_ago in enumerate((0, 7, 8, 30, 31, 90, 91, 400)):
        add_keywords(newsroom, site, ROWS_MIN, prefix=f"p{number}-", days_ago=days_ago)
    for number in range(ROWS_MIN):
        change(newsroom, f"UPDATE keyword SET disabled = true WHERE normalised = 'p0-{number}'")
    if first:
        for _ in range(ROWS_MIN):
            add_keywords(newsroom, site, 1, prefix="x", days_ago=500)
            change(newsroom, "DELETE FROM keyword WHERE normalised = 'x1'")
        assert fold(newsroom) == 1

    found = [stats(newsroom, site, days=days).counts["keyword"]["total"] for days in (7, 30, 90)]

    assert found == [2 * ROWS_MIN, 4 * ROWS_MIN, 6 * ROWS_MIN]
    assert stats(newsroom, site).counts["keyword"]["total"] == 8 * ROWS_MIN


def test_folding_leaves_one_row_a_state_and_day_and_the_same_sums(newsroom: Newsroom) -> None:
    site, other = newsroom.site(), newsroom.site(name="Elsewhere")
    add_keywords(newsroom, other, 3)
    for number in range(ROWS_MIN):
        add_keywords(newsroom, site, 1, prefix=f"p{number}-", days_ago=number % 3 + DAYS_KEPT - 1)
    before = stats(newsroom, site)

    folded = fold(newsroom)

    with newsroom.engine.connect() as connection:
        days = connection.execute(
            text("SELECT DISTINCT day::text FROM site_tally WHERE site_id = :site"), {"site": site.id}
        ).scalars()
        kept = sorted(days)
    assert folded == 1
    assert stats(newsroom, site) == before
    assert len(kept) == 3
    assert kept[0] == "-infinity"
    assert stats(newsroom, other).counts["keyword"]["total"] == 3


def test_folding_with_little_to_fold_does_nothing(newsroom: Newsroom) -> None:
    add_keywords(newsroom, newsroom.site(), 3)

    assert fold(newsroom) == 0
    assert loose(newsroom) == 2


def test_many_that_fold_while_others_write_lose_and_double_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()

    def write(number: int) -> None:
        for step in range(30):
            add_keywords(newsroom, site, 2, prefix=f"w{number}-{step}-")
            change(newsroom, f"UPDATE keyword SET disabled = true WHERE normalised = 'w{number}-{step}-1'")
            change(newsroom, f"DELETE FROM keyword WHERE normalised = 'w{number}-{step}-2'")
            if step % 5 == 0:
                newsroom.transactions.run_sync(
                    lambda tx: tx.stats.fold(site.id, oldest_day=newsroom.clock.now().date())
                )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))

    found = stats(newsroom, site).counts["keyword"]
    assert {state: count for state, count in found.items() if count} == {"total": 120, "new": 120}


steps = st.lists(st.sampled_from(["add", "map", "unmap", "delete", "fold", "many"]), min_size=1, max_size=12)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps)
def test_any_order_of_changes_agrees_with_a_recount(newsroom: Newsroom, order: list[str]) -> None:
    site = newsroom.site()
    statements = {
        "map": f"UPDATE task SET status = 'completed' WHERE site_id = '{site.id}' AND id::text < '8'",
        "unmap": f"UPDATE task SET status = 'queued' WHERE site_id = '{site.id}' AND id::text < 'c'",
        "delete": f"DELETE FROM task WHERE site_id = '{site.id}' AND id::text > 'e'",
    }
    for step in order:
        if step in statements:
            change(newsroom, statements[step])
        elif step == "fold":
            newsroom.transactions.run_sync(
                lambda tx: tx.stats.fold(site.id, oldest_day=newsroom.clock.now().date())
            )
        else:
            number = 1 if step == "add" else 7
            change(
                newsroom,
                "INSERT INTO task (id, account_id, site_id, created_at, updated_at, title, brief, content_type,"
                " content_structure, target_keywords, word_count, status, error)"
                f" SELECT gen_random_uuid(), account_id, id, now(), now(), 't', '', 'post', 'article', '{{}}', 1,"
                f" 'queued', '' FROM site, generate_series(1, {number}) WHERE id = '{site.id}'",
            )

    found = {state: count for state, count in stats(newsroom, site).counts["task"].items() if count}
    with newsroom.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT status, count(*) AS number FROM task WHERE site_id = :site GROUP BY 1"),
            {"site": site.id},
        )
        recount: dict[str, int] = {row.status: row.number for row in rows}
    total = {"total": sum(recount.values())} if recount else {}
    assert found == recount | total
