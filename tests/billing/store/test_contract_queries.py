"""The queries that people outside rely on run as they stand, on the read-only role, and agree with the balance."""

from typing import Any

from sqlalchemy import Engine, text

from tests.billing.books import IMAGE_MODEL, TEXT_MODEL, Billing

MODELS = "SELECT model_name, cost_per_1k_input, cost_per_1k_output, credits_per_image FROM igny8_billing_aimodelconfig WHERE is_active = true;"
USAGE = "SELECT operation_type, COUNT(*) as count, SUM(credits_used) as total_credits, SUM(cost_usd) as total_cost FROM igny8_billing_creditusagelog WHERE operation_type = 'image_generation' GROUP BY operation_type;"
TRANSACTIONS = "SELECT operation_type, COUNT(*) as transactions, SUM(amount) as total_credits FROM igny8_billing_credittransaction WHERE transaction_type = 'deduction' GROUP BY operation_type ORDER BY total_credits DESC;"


def test_one_price_of_each_model_is_in_force(billing: Billing, read_only: Engine) -> None:
    billing.text_price()
    billing.price(credits_per_image=5)
    billing.clock.advance(seconds=1)
    billing.price(credits_per_image=7)

    rows = _rows(read_only, MODELS)

    assert {row.model_name: row.credits_per_image for row in rows} == {TEXT_MODEL: 0, IMAGE_MODEL: 7}


def test_usage_and_ledger_and_balance_agree(billing: Billing, read_only: Engine) -> None:
    billing.price(credits_per_image=5)
    billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=100)
    images = billing.reserve(account, images=4)
    article = billing.reserve(account, tokens=1000)
    billing.capture(images, item_id="first", images=1)
    billing.capture(images, item_id="second", images=1, final=True)
    billing.capture(article, input_tokens=200, output_tokens=600, final=True)

    usage = _rows(read_only, USAGE)
    deductions = _rows(read_only, TRANSACTIONS)

    assert [(row.operation_type, row.count, row.total_credits, str(row.total_cost)) for row in usage] == [
        ("image_generation", 2, 10, "0.002")
    ]
    assert [(row.operation_type, row.transactions, row.total_credits) for row in deductions] == [
        ("content_generation", 1, -8),
        ("image_generation", 2, -10),
    ]
    assert billing.balance(account).credits == 100 - 18


def _rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)))
