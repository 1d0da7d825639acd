"""The proof of an account's books: clean ones hold, every corruption is found and named, and it goes on where it ended."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from services.billing.domain.budget import Scope
from services.billing.domain.proof import Proof
from services.billing.domain.reservation import LIFETIME, Purpose
from services.billing.store.proof_checks import CHECKS
from services.billing.usecases.proof import verify_ledger
from tests.billing.books import Billing
from tests.kit.databases import SessionDatabase

RUN = new_id()
LINE = "igny8_billing_credittransaction"
USAGE = "igny8_billing_creditusagelog"

CORRUPTIONS = [
    ("balance_is_last_line", "UPDATE credit_account SET credits = credits + 1"),
    ("balance_is_last_line", "UPDATE credit_account SET sequence = sequence + 1"),
    ("balance_is_last_line", "UPDATE credit_account SET hash = sha256('')"),
    ("balance_is_last_line", f"DELETE FROM {LINE} WHERE sequence = (SELECT max(sequence) FROM {LINE})"),
    ("reserved_is_sum_of_holds", "UPDATE credit_account SET reserved = reserved - 1"),
    ("reserved_is_sum_of_holds", "UPDATE reservation SET captured = captured + 1 WHERE status = 'active'"),
    ("ledger_is_a_chain", f"DELETE FROM {LINE} WHERE sequence = 3"),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET amount = amount - 1 WHERE transaction_type = 'deduction'"),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET balance_after = balance_after + 1 WHERE sequence = 2"),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET reserved_after = reserved_after + 1 WHERE sequence = 4"),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET description = 'a gift' WHERE sequence = 1"),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET actor = 'user:mallory' WHERE sequence = 2"),
    (
        "ledger_is_a_chain",
        f"UPDATE {LINE} SET created_at = created_at + interval '1 microsecond' WHERE sequence = 2",
    ),
    ("ledger_is_a_chain", f"UPDATE {LINE} SET run_id = NULL WHERE sequence = 2"),
    (
        "ledger_is_a_chain",
        f"UPDATE {LINE} SET metadata = jsonb_build_object('late_capture', true) WHERE sequence = 3",
    ),
    ("balance_is_what_grants_have_left", "UPDATE credit_grant SET remaining = remaining - 1"),
    ("grants_are_sums_of_draws", "UPDATE credit_grant SET reserved = reserved + 1"),
    ("grants_are_sums_of_draws", "DELETE FROM credit_draw WHERE amount < 0"),
    ("lines_are_sums_of_draws", "UPDATE credit_draw SET amount = amount - 1 WHERE amount < 0"),
    ("captures_have_usage", f"DELETE FROM {USAGE} WHERE item_id = 'one'"),
    ("captures_have_usage", f"UPDATE {USAGE} SET run_id = NULL"),
    ("credits_recompute", f"UPDATE {USAGE} SET images = images + 1"),
    ("credits_recompute", f"UPDATE {USAGE} SET cost_usd = cost_usd * 2"),
    ("credits_recompute", f"UPDATE {USAGE} SET price_id = gen_random_uuid()"),
    ("credits_recompute", f"UPDATE {USAGE} SET credit_price_usd = 1, credit_value_usd = credits_used"),
    ("credits_recompute", "UPDATE igny8_billing_aimodelconfig SET credits_per_image = 2"),
    ("credits_recompute", "UPDATE igny8_billing_aimodelconfig SET cost_per_image = 1"),
    ("reservations_add_up", "UPDATE reservation SET released = released + 1, captured = captured - 1"),
    ("reservations_add_up", "UPDATE reservation SET amount = amount + 1"),
    ("budgets_are_a_recount", "UPDATE budget SET spent = spent - 1"),
    ("budgets_are_a_recount", "UPDATE budget SET held = held + 1"),
]


@pytest.fixture
def account(billing: Billing) -> str:
    """An account with a budget, an active hold of which items were charged, a charge and a reversal."""
    billing.price()
    account = billing.account(credits=100)
    billing.budget(account, scope=Scope.RUN, target_id=RUN, credits_limit=50)
    reservation = billing.reserve(account, images=10, purpose=Purpose(run_id=RUN))
    billing.capture(reservation, item_id="one", images=2)
    billing.charge(account, images=3, purpose=Purpose(run_id=RUN))
    billing.reverse(billing.charge(account, images=1, purpose=Purpose(run_id=RUN)))
    return account


@pytest.fixture
def corrupt(billing: Billing, database: SessionDatabase) -> Callable[[str], None]:
    """Changes rows behind everybody's back: as the owner, without triggers, constraints and foreign keys."""

    def change(statement: str) -> None:
        with database.owner("billing").begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(statement))

    return change


def test_clean_books_hold(billing: Billing, account: str) -> None:
    proof = _prove(billing, account)

    assert (proof.faults, proof.checks, proof.sequence) == ((), len(CHECKS), 6)


@pytest.mark.parametrize(("name", "corruption"), CORRUPTIONS)
def test_a_corruption_is_found_and_named(
    billing: Billing, account: str, corrupt: Callable[[str], None], name: str, corruption: str
) -> None:
    corrupt(corruption)

    proof = _prove(billing, account)

    found = {fault.check: fault for fault in proof.faults}
    assert name in found
    assert found[name].first_bad_row
    assert found[name].bad_rows >= 1


def test_late_work_that_no_usage_shows_is_found(
    billing: Billing, account: str, corrupt: Callable[[str], None]
) -> None:
    billing.clock.set(billing.clock.now() + LIFETIME)
    assert billing.balance(account).reserved == 0
    corrupt("UPDATE reservation SET captured_late = 1")

    proof = _prove(billing, account)

    assert [fault.check for fault in proof.faults] == ["reservations_add_up"]


def test_a_proof_goes_on_from_where_the_last_one_ended(billing: Billing, account: str) -> None:
    first = _prove(billing, account)
    billing.charge(account, images=1)

    second = _prove(billing, account)

    assert (first.begun_after, first.sequence) == (0, 6)
    assert (second.begun_after, second.sequence, second.faults) == (6, 7, ())
    assert _prove(billing, account, from_first_line=True).begun_after == 0


@pytest.mark.parametrize(
    ("name", "corruption"),
    [
        ("captures_have_usage", f"DELETE FROM {USAGE} WHERE item_id = 'newer'"),
        (
            "captures_have_usage",
            f"UPDATE {USAGE} SET credits_used = 0, credit_value_usd = 0 WHERE item_id = 'newer'",
        ),
        ("credits_recompute", f"UPDATE {USAGE} SET images = images + 1 WHERE item_id = 'newer'"),
        (
            "reservations_add_up",
            "UPDATE reservation SET released = 2, captured = 0 WHERE status = 'captured'",
        ),
        ("reservations_add_up", "UPDATE reservation SET captured = captured + 1 WHERE status = 'active'"),
    ],
)
def test_what_came_after_a_checkpoint_is_proved_from_there_on(
    billing: Billing, account: str, corrupt: Callable[[str], None], name: str, corruption: str
) -> None:
    _prove(billing, account)
    reservation = billing.reserve(account, images=2)
    billing.capture(reservation, item_id="newer", images=1, final=True)
    corrupt(corruption)

    proof = _prove(billing, account)

    assert (proof.begun_after, name in {fault.check for fault in proof.faults}) == (6, True)


def test_a_line_that_was_proved_and_then_changed_is_found_from_the_first_line(
    billing: Billing, account: str, corrupt: Callable[[str], None]
) -> None:
    _prove(billing, account)
    corrupt(f"UPDATE {LINE} SET description = 'a gift' WHERE sequence = 1")

    assert _prove(billing, account).holds
    assert [fault.check for fault in _prove(billing, account, from_first_line=True).faults] == [
        "ledger_is_a_chain"
    ]


def test_the_line_at_which_a_proof_ended_must_stand(
    billing: Billing, account: str, corrupt: Callable[[str], None]
) -> None:
    _prove(billing, account)
    billing.charge(account, images=1)
    corrupt(f"UPDATE {LINE} SET hash = sha256('') WHERE sequence = 6")

    assert "checkpoint_stands" in {fault.check for fault in _prove(billing, account).faults}


def test_a_proof_that_fails_is_no_checkpoint(
    billing: Billing, account: str, corrupt: Callable[[str], None]
) -> None:
    corrupt("UPDATE budget SET spent = spent + 1")

    _prove(billing, account)

    assert _prove(billing, account).begun_after == 0


def test_every_rule_has_a_corruption_that_breaks_it() -> None:
    assert {name for name, _ in CORRUPTIONS} | {"checkpoint_stands"} == {check.name for check in CHECKS}


def _prove(billing: Billing, account: str, *, from_first_line: bool = False) -> Proof:
    return billing.run(verify_ledger, account_id=account, from_first_line=from_first_line)
