"""Each check proved both ways: it holds on clean books, and it names the fault that was put in by hand."""

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class, named like a module

from suite.verify.check import run_on
from suite.verify.report import CHECKS, verify
from tests.kit.databases import SessionDatabase
from tests.suite.verify.world import World

LEDGER = "billing.igny8_billing_credittransaction"
USAGE = "billing.igny8_billing_creditusagelog"
NOTIFICATION = "notifications.igny8_notifications_notification"
TASK_LOGS = "ai.igny8_ai_task_logs"
ONE_DEDUCTION = f"(SELECT id FROM {LEDGER} WHERE transaction_type = 'deduction' ORDER BY sequence LIMIT 1)"
ONE_USAGE = f"(SELECT id FROM {USAGE} ORDER BY id LIMIT 1)"
ONE_ITEM = "(SELECT task_id FROM ai.task_item ORDER BY task_id LIMIT 1) AND status = 'done'"
ONE_TASK_LOG = f"(SELECT id FROM {TASK_LOGS} ORDER BY id LIMIT 1)"
NEW_ID = "'0199bbbb-0000-7000-8000-00000000000b'"

FAULTS = [
    (
        "balance_is_sum_of_ledger",
        "UPDATE billing.credit_account SET credits = credits + 1 WHERE sequence > 1",
    ),
    (
        "balance_is_sum_of_ledger",
        "UPDATE billing.credit_account SET sequence = sequence + 1 WHERE sequence > 1",
    ),
    ("balance_is_sum_of_ledger", "DELETE FROM billing.credit_account WHERE sequence > 1"),
    ("balance_is_sum_of_ledger", f"DELETE FROM {LEDGER}"),
    ("sequence_has_no_gap", f"DELETE FROM {LEDGER} WHERE sequence = 3"),
    ("sequence_has_no_gap", f"UPDATE {LEDGER} SET sequence = sequence + 100"),
    ("running_balance_is_right", f"UPDATE {LEDGER} SET balance_after = balance_after + 1 WHERE sequence = 4"),
    (
        "running_balance_is_right",
        f"UPDATE {LEDGER} SET reserved_after = reserved_after + 1 WHERE sequence = 4",
    ),
    (
        "reserved_is_sum_of_holds",
        "UPDATE billing.credit_account SET reserved = reserved + 1 WHERE reserved > 0",
    ),
    ("reserved_is_sum_of_holds", "DELETE FROM billing.reservation WHERE status = 'active'"),
    ("balance_is_what_grants_have_left", "UPDATE billing.credit_grant SET remaining = remaining - 1"),
    ("balance_is_what_grants_have_left", "UPDATE billing.credit_grant SET reserved = reserved + 1"),
    ("grants_are_sums_of_draws", "UPDATE billing.credit_grant SET remaining = remaining - 1"),
    ("grants_are_sums_of_draws", "DELETE FROM billing.credit_draw WHERE amount < 0"),
    ("lines_are_sums_of_draws", "DELETE FROM billing.credit_draw WHERE amount < 0"),
    ("lines_are_sums_of_draws", "UPDATE billing.credit_draw SET reserved_amount = 0"),
    ("ledger_is_a_chain", f"UPDATE {LEDGER} SET description = 'another' WHERE id = {ONE_DEDUCTION}"),
    ("ledger_is_a_chain", f"UPDATE {LEDGER} SET actor = 'user:another' WHERE id = {ONE_DEDUCTION}"),
    (
        "ledger_is_a_chain",
        f"UPDATE {LEDGER} SET created_at = created_at - interval '1 second' WHERE sequence = 2",
    ),
    ("ledger_is_a_chain", f"UPDATE {LEDGER} SET metadata = '{{\"late_capture\": true}}' WHERE sequence = 2"),
    ("ledger_is_a_chain", f"UPDATE {LEDGER} SET hash = sha256('') WHERE sequence = 2"),
    ("ledger_is_a_chain", f"DELETE FROM {LEDGER} WHERE sequence = 2"),
    (
        "balance_carries_the_last_hash",
        "UPDATE billing.credit_account SET hash = sha256('') WHERE sequence > 1",
    ),
    (
        "balance_carries_the_last_hash",
        f"DELETE FROM {LEDGER} l USING billing.credit_account a WHERE (l.account_id, l.sequence) = (a.account_id, a.sequence)",
    ),
    ("reversals_give_back_a_charge", f"UPDATE {LEDGER} SET transaction_type = 'reversal' WHERE sequence = 1"),
    ("budgets_are_a_recount", "UPDATE billing.budget SET spent = spent + 1"),
    ("budgets_are_a_recount", "UPDATE billing.budget SET held = held + 1"),
    ("budgets_are_a_recount", f"DELETE FROM {USAGE} WHERE id = {ONE_USAGE}"),
    ("lines_are_told", f"UPDATE {LEDGER} SET created_at = now(); DELETE FROM billing.outbox"),
    ("captures_have_usage", f"DELETE FROM {USAGE} WHERE id = {ONE_USAGE}"),
    ("captures_have_usage", f"DELETE FROM {LEDGER} WHERE id = {ONE_DEDUCTION}"),
    ("captures_have_usage", f"UPDATE {LEDGER} SET amount = amount - 1 WHERE id = {ONE_DEDUCTION}"),
    ("captures_have_usage", f"UPDATE {LEDGER} SET operation_type = 'other' WHERE id = {ONE_DEDUCTION}"),
    ("captures_have_usage", f"UPDATE {LEDGER} SET run_id = NULL WHERE id = {ONE_DEDUCTION}"),
    ("credits_recompute", f"UPDATE {USAGE} SET input_tokens = input_tokens + 100 WHERE images = 0"),
    ("credits_recompute", f"UPDATE {USAGE} SET images = images + 1 WHERE images > 0"),
    (
        "credits_recompute",
        "UPDATE billing.igny8_billing_aimodelconfig SET weight_output = 3 WHERE kind = 'text'",
    ),
    (
        "credits_recompute",
        "UPDATE billing.igny8_billing_aimodelconfig SET image_variants ="
        ' \'[{"size": "1x1", "quality": "low", "cost_per_image": "9", "credits_per_image": 9}]\';'
        f" UPDATE {USAGE} SET image_size = '1x1', image_quality = 'low' WHERE images > 0",
    ),
    (
        "cost_recomputes",
        "UPDATE billing.igny8_billing_aimodelconfig SET cost_per_1k_cached_input = 0 WHERE kind = 'text';"
        f" UPDATE {USAGE} SET cached_input_tokens = input_tokens",
    ),
    (
        "cost_recomputes",
        "UPDATE billing.igny8_billing_aimodelconfig SET cost_per_1k_reasoning = 9 WHERE kind = 'text';"
        f" UPDATE {USAGE} SET reasoning_tokens = output_tokens",
    ),
    ("credits_recompute", f"UPDATE {USAGE} SET price_id = {NEW_ID}::uuid"),
    ("credits_recompute", "UPDATE billing.reservation SET minimum_credits = 1000"),
    (
        "credit_value_recomputes",
        f"UPDATE {USAGE} SET credit_price_usd = 2 * credit_price_usd, credit_value_usd = 2 * credit_value_usd",
    ),
    ("cost_recomputes", f"UPDATE {USAGE} SET cost_usd = cost_usd + 0.000000000001 WHERE images = 0"),
    ("cost_recomputes", f"UPDATE {USAGE} SET cost_usd = 0 WHERE images > 0"),
    (
        "reservations_add_up",
        "UPDATE billing.reservation SET captured = captured + 1, released = released - 1 WHERE released > 0",
    ),
    (
        "reservations_add_up",
        "UPDATE billing.reservation SET status = 'expired', captured_late = released WHERE released > 0",
    ),
    ("reservations_add_up", f"DELETE FROM {LEDGER} WHERE transaction_type = 'release'"),
    ("reservations_add_up", f"DELETE FROM {USAGE} WHERE id = {ONE_USAGE}"),
    (
        "no_hold_outlives_its_expiry",
        "UPDATE billing.reservation SET expires_at = now() - interval '3 minutes' WHERE status = 'active'",
    ),
    ("items_have_their_capture", f"DELETE FROM {USAGE} WHERE id = {ONE_USAGE}"),
    (
        "items_have_their_capture",
        f"UPDATE ai.task_item SET credits_used = credits_used + 1 WHERE task_id = {ONE_ITEM}",
    ),
    ("items_have_their_capture", f"UPDATE ai.task_item SET cost = cost + 1 WHERE task_id = {ONE_ITEM}"),
    ("nothing_failed_is_charged", f"UPDATE ai.task_item SET status = 'failed' WHERE task_id = {ONE_ITEM}"),
    ("nothing_failed_is_charged", f"UPDATE ai.task_item SET status = 'pending' WHERE task_id = {ONE_ITEM}"),
    ("nothing_failed_is_charged", f"DELETE FROM ai.task_item WHERE task_id = {ONE_ITEM}"),
    ("task_logs_add_up", f"UPDATE {TASK_LOGS} SET credits_used = credits_used + 1 WHERE id = {ONE_TASK_LOG}"),
    ("task_logs_add_up", f"UPDATE {TASK_LOGS} SET cost = cost + 0.01 WHERE id = {ONE_TASK_LOG}"),
    (
        "task_logs_add_up",
        f"UPDATE {TASK_LOGS} SET items_done = 2, items_failed = 0 WHERE id = {ONE_TASK_LOG}",
    ),
    ("task_logs_add_up", "DELETE FROM ai.task_item WHERE status = 'failed'"),
    (
        "task_logs_add_up",
        f"UPDATE {TASK_LOGS} SET items_failed = 0; UPDATE ai.task_item SET status = 'answered' WHERE status = 'failed'",
    ),
    ("outputs_are_there", "UPDATE publisher.keyword SET status = 'new', cluster_id = NULL"),
    ("outputs_are_there", "DELETE FROM publisher.idea"),
    ("outputs_are_there", "DELETE FROM publisher.content"),
    ("outputs_are_there", "DELETE FROM publisher.image"),
    ("outputs_are_there", "UPDATE publisher.image SET status = 'pending', content_hash = NULL"),
    ("outputs_are_there", f"UPDATE {TASK_LOGS} SET function_name = 'unknown' WHERE id = {ONE_TASK_LOG}"),
    ("no_output_without_its_work", f"DELETE FROM {TASK_LOGS} WHERE function_name = 'generate_content'"),
    ("no_output_without_its_work", f"DELETE FROM {TASK_LOGS} WHERE function_name = 'generate_images'"),
    ("no_output_without_its_work", "UPDATE ai.task_item SET status = 'failed'"),
    (
        "ended_runs_cost_what_was_charged",
        "UPDATE ai.run_stage SET credits_used = credits_used + 1 WHERE stage = 1",
    ),
    ("ended_runs_cost_what_was_charged", f"DELETE FROM {USAGE} WHERE id = {ONE_USAGE}"),
    ("ended_runs_are_at_rest", "UPDATE ai.run_item SET status = 'running' WHERE stage = 1"),
    (
        "ended_runs_are_at_rest",
        "INSERT INTO ai.job_lease (subject_id, owner, epoch) SELECT id, 'a worker', 1 FROM ai.run_item LIMIT 1",
    ),
    (
        "ended_runs_are_at_rest",
        "UPDATE billing.reservation SET run_id = (SELECT id FROM ai.automation_run) WHERE status = 'active'",
    ),
    ("run_counters_recount", "UPDATE ai.run_stage SET total = total + 1 WHERE stage = 2"),
    ("run_counters_recount", "UPDATE ai.run_stage SET done = 0, skipped = 1 WHERE stage = 2"),
    ("run_counters_recount", "UPDATE ai.run_item SET credits_used = credits_used + 1 WHERE stage = 2"),
    ("run_counters_recount", "DELETE FROM ai.run_stage WHERE stage = 2"),
    (
        "one_active_run_per_site",
        "DROP INDEX ai.automation_run_one_active_per_site; UPDATE ai.automation_run SET status = 'running';"
        " INSERT INTO ai.automation_run (id, account_id, site_id, status, max_in_article_images, actor, created_at,"
        f" updated_at) SELECT {NEW_ID}, account_id, site_id, 'paused', 0, '', now(), now() FROM ai.automation_run",
    ),
    ("clusters_count_their_keywords", "UPDATE publisher.cluster SET keywords_count = keywords_count + 1"),
    ("clusters_count_their_keywords", "UPDATE publisher.keyword SET volume = 1"),
    ("clusters_count_their_keywords", "DELETE FROM publisher.keyword"),
    ("keywords_are_in_clusters_of_their_site", f"UPDATE publisher.cluster SET site_id = {NEW_ID}"),
    ("keywords_are_in_clusters_of_their_site", f"UPDATE publisher.cluster SET sector_id = {NEW_ID}"),
    ("keywords_are_in_clusters_of_their_site", "DELETE FROM publisher.cluster"),
    ("unread_is_a_recount", "UPDATE notifications.unread_counter SET unread = unread + 1"),
    ("unread_is_a_recount", "DELETE FROM notifications.unread_counter"),
    ("unread_is_a_recount", f"UPDATE {NOTIFICATION} SET read_at = now()"),
    ("site_statistics_are_a_recount", "UPDATE publisher.site_tally SET count = count + 1"),
    ("site_statistics_are_a_recount", "DELETE FROM publisher.site_tally WHERE noun = 'keyword'"),
    ("site_credits_are_a_recount", "UPDATE publisher.site_credits SET credits_used = credits_used + 1"),
    ("site_credits_are_a_recount", "DELETE FROM publisher.site_credits"),
    ("site_credits_are_a_recount", "UPDATE publisher.site_credits SET day = day - 1"),
    ("site_credits_are_a_recount", "DELETE FROM publisher.inbox"),
    (
        "published_content_is_at_one_target",
        "UPDATE publisher.publication SET published_version = published_version + 1",
    ),
    ("published_content_is_at_one_target", "UPDATE publisher.publication SET external_url = ''"),
    (
        "published_content_is_at_one_target",
        "UPDATE publisher.publication SET published_version = 0, state = 'failed'",
    ),
    ("published_content_is_at_one_target", "DELETE FROM publisher.publication"),
    ("published_content_is_at_one_target", "DELETE FROM publisher.content_version"),
    (
        "published_content_is_at_one_target",
        "UPDATE publisher.content SET site_status = 'not_published', published_version = 0",
    ),
    ("no_slot_is_used_twice", "UPDATE publisher.content SET calendar_at = now()"),
    (
        "calendars_are_within_their_limits",
        "UPDATE publisher.content SET booked_under = booked_under || '{\"day\": 0}'",
    ),
    (
        "calendars_are_within_their_limits",
        "UPDATE publisher.content SET booked_under = booked_under || '{\"week\": 0}'",
    ),
    (
        "calendars_are_within_their_limits",
        "UPDATE publisher.content SET booked_under = booked_under || '{\"month\": 0}'",
    ),
    ("rows_belong_to_their_sites_account", f"UPDATE publisher.connection SET account_id = {NEW_ID}"),
    ("rows_belong_to_their_sites_account", f"UPDATE publisher.remote_object SET account_id = {NEW_ID}"),
    ("rows_belong_to_their_sites_account", f"UPDATE publisher.image SET account_id = {NEW_ID}"),
    ("rows_belong_to_their_sites_account", f"UPDATE publisher.site_credits SET account_id = {NEW_ID}"),
    ("rows_belong_to_their_sites_account", f"UPDATE ai.automation_run SET account_id = {NEW_ID}"),
    ("rows_belong_to_their_sites_account", f"UPDATE {USAGE} SET account_id = {NEW_ID}"),
    (
        "rows_belong_to_their_sites_account",
        f"UPDATE {NOTIFICATION} SET site_id = (SELECT id FROM publisher.site), account_id = {NEW_ID}",
    ),
    ("charges_are_for_their_task", f"UPDATE {USAGE} SET account_id = {NEW_ID}"),
    (
        "charges_are_for_their_task",
        f"UPDATE {TASK_LOGS} SET operation_type = 'other' WHERE id = {ONE_TASK_LOG}",
    ),
    ("charges_are_for_their_task", f"UPDATE {TASK_LOGS} SET run_id = NULL WHERE id = {ONE_TASK_LOG}"),
]


def test_clean_books_hold_for_the_role_that_may_only_read(world: World, database: SessionDatabase) -> None:
    findings = verify(database.dsn("readonly"))

    assert [finding for finding in findings if not finding.holds] == []
    assert len(findings) == len(CHECKS)


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_fault_is_found_and_named_with_its_first_bad_row(owner: Connection, name: str, fault: str) -> None:
    with owner.cursor() as cursor:
        cursor.execute(fault)

    found = {finding.check.name: finding for finding in run_on(owner, CHECKS) if not finding.holds}

    assert name in found
    assert found[name].bad_rows >= 1
    assert found[name].first_bad_row


@pytest.mark.parametrize(
    "nouns",
    [("keyword",), ("image",), ("publication", "content"), ("publication", "content", "task", "idea")],
    ids=lambda nouns: nouns[-1],
)
def test_what_people_deleted_is_not_taken_for_work_without_a_result(
    owner: Connection, nouns: tuple[str, ...]
) -> None:
    with owner.cursor() as cursor:
        # With the triggers that note what is deleted.
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("; ".join(f"DELETE FROM publisher.{noun}" for noun in nouns))

    found = {finding.check.name for finding in run_on(owner, CHECKS) if not finding.holds}

    assert found.isdisjoint({"outputs_are_there", "site_statistics_are_a_recount"})


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {name for name, _ in FAULTS} == {check.name for check in CHECKS}


def test_checks_have_names_of_their_own() -> None:
    names = [check.name for check in CHECKS]

    assert len(names) == len(set(names))
