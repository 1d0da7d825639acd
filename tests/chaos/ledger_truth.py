"""What the books say after a campaign, against what its clients were told."""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from suite.verify.report import verify
from tests.chaos.campaign import Report
from tests.chaos.ledger_clients import Told
from tests.journeys.suites import RunningSuite

SHOWN_MAX: Final = 3


def judge(report: Report, suite: RunningSuite, told: Told) -> None:
    """Adds every promise about what is written. The suite is quiet by now."""
    _judge_books(report, suite)
    _judge_acknowledged(report, suite, told)
    _judge_twice(report, suite, told)
    _judge_holds(report, suite)


def overdue(suite: RunningSuite, account_id: str, at: datetime) -> int:
    """Holds of the account that were active in the books though their time had ended by then."""
    (row,) = suite.rows(
        "SELECT count(*) AS holds FROM billing.reservation"
        " WHERE account_id = %(account_id)s AND status = 'active' AND expires_at <= %(at)s",
        account_id=account_id,
        at=at,
    )
    return int(row["holds"])


def _judge_books(report: Report, suite: RunningSuite) -> None:
    findings = verify(suite.stack.read_only_database_url)
    broken = [f"{one.check.name}: {one.first_bad_row}" for one in findings if not one.holds]
    report.promise("verify finds no fault", holds=not broken, found=broken or f"{len(findings)} checks hold")
    (unsent,) = suite.rows("SELECT count(*) AS events FROM billing.outbox WHERE published_at IS NULL")
    report.promise("Every event was published", holds=unsent["events"] == 0, found=f"{unsent['events']} left")


def _judge_acknowledged(report: Report, suite: RunningSuite, told: Told) -> None:
    usage = {
        str(row["id"]): (row["item_id"], row["credits_used"])
        for row in suite.rows("SELECT id, item_id, credits_used FROM billing.igny8_billing_creditusagelog")
    }
    _all_there(
        report, "charge", {id: paid for id, paid in told.usage.items() if usage.get(id) != paid}, told.usage
    )
    holds = {
        str(row["id"]): row for row in suite.rows("SELECT id, status, expires_at FROM billing.reservation")
    }
    _all_there(report, "hold", told.reservations - holds.keys(), told.reservations)
    open_still = {id for id in told.released if holds[id]["status"] == "active"}
    _all_there(report, "release", open_still, told.released)
    shorter = {
        id for id, ends in told.extended.items() if holds[id]["expires_at"].timestamp() < ends.ToSeconds()
    }
    _all_there(report, "longer life", shorter, told.extended)
    grants = {
        str(row["id"]): row["voided_at"]
        for row in suite.rows("SELECT id, voided_at FROM billing.credit_grant")
    }
    _all_there(report, "grant", told.grants - grants.keys(), told.grants)
    _all_there(report, "void", {id for id in told.voided if grants[id] is None}, told.voided)
    reversals = {
        str(row["id"]): str(row["related_id"])
        for row in suite.rows(
            "SELECT id, related_id FROM billing.igny8_billing_credittransaction"
            " WHERE transaction_type = 'reversal'"
        )
    }
    lost = {id: deduction for id, deduction in told.reversed.items() if reversals.get(id) != deduction}
    _all_there(report, "reversal", lost, told.reversed)
    budgets = {str(row["target_id"]) for row in suite.rows("SELECT target_id FROM billing.budget")}
    _all_there(report, "budget", told.budgets - budgets, told.budgets)


def _judge_twice(report: Report, suite: RunningSuite, told: Told) -> None:
    charged = _counted(suite, "SELECT item_id FROM billing.igny8_billing_creditusagelog")
    _once(report, "No item was charged twice", charged)
    _none(report, "No item was charged that nobody sent", charged.keys() - told.items_sent)
    held = _counted(suite, "SELECT api_key_id::text FROM billing.reservation")
    _once(report, "No request made two holds", held)
    given = _counted(
        suite,
        "SELECT description FROM billing.credit_grant"
        " WHERE description <> '' AND account_id = ANY(%(accounts)s::uuid[])",
        accounts=told.accounts,
    )
    _once(report, "No request made two grants", given)
    markers = held.keys() | given.keys()
    _none(report, "No hold and no grant is there that nobody asked for", markers - told.markers_sent)
    back = _counted(
        suite,
        "SELECT related_id::text FROM billing.igny8_billing_credittransaction"
        " WHERE transaction_type = 'reversal'",
    )
    _once(report, "No charge was given back twice", back)


def _judge_holds(report: Report, suite: RunningSuite) -> None:
    longest = suite.rows(
        "SELECT coalesce(max(extract(epoch FROM l.created_at - r.expires_at)), 0)::float AS seconds"
        " FROM billing.reservation r JOIN billing.igny8_billing_credittransaction l"
        " ON l.related_id = r.id AND l.transaction_type = 'deduction' AND l.reserved_amount < 0"
        " WHERE l.created_at > r.expires_at"
    )
    seconds = longest[0]["seconds"]
    report.promise(
        "No hold was captured from after its time", holds=seconds == 0, found=f"{seconds:g} s after"
    )


def _all_there(report: Report, noun: str, missing: Any, told: Any) -> None:
    report.promise(
        f"Every acknowledged {noun} is there",
        holds=not missing,
        found=f"{len(told):,} acknowledged, {len(missing)} missing{_shown(missing)}",
    )


def _once(report: Report, says: str, counted: Counter[str]) -> None:
    twice = [marker for marker, times in counted.items() if times > 1]
    report.promise(says, holds=not twice, found=f"{len(counted):,} there, {len(twice)} twice{_shown(twice)}")


def _none(report: Report, says: str, found: Any) -> None:
    report.promise(says, holds=not found, found=f"{len(found)}{_shown(found)}")


def _counted(suite: RunningSuite, query: str, **parameters: Any) -> Counter[str]:
    return Counter(str(value) for row in suite.rows(query, **parameters) for value in row.values())


def _shown(some: Any) -> str:
    return f": {', '.join(map(str, list(some)[:SHOWN_MAX]))}" if some else ""
