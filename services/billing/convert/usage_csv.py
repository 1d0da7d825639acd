"""Usage as a CSV file."""

from collections.abc import Iterable
from typing import Final

from chassis.csv_file import csv_lines
from services.billing.convert.values import money_to_proto
from services.billing.domain.usage import SettledUsage

COLUMNS: Final = (
    "created_at",
    "id",
    "transaction_id",
    "operation_type",
    "model_name",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "images",
    "image_size",
    "image_quality",
    "credits_used",
    "credits_reversed",
    "platform_loss_credits",
    "cost_usd",
    "cost_source",
    "credit_price_usd",
    "credit_value_usd",
    "margin_usd",
    "price_id",
    "site_id",
    "run_id",
    "ai_task_id",
    "api_key_id",
    "item_id",
    "reservation_id",
)


def usage_to_csv(rows: Iterable[SettledUsage], *, with_header: bool) -> bytes:
    """The rows as lines, after the line of the columns' names where it is wanted."""
    return csv_lines(COLUMNS, (_cells(settled) for settled in rows), with_header=with_header)


def _cells(settled: SettledUsage) -> list[object]:
    usage = settled.usage
    words: dict[str, object] = {
        "created_at": usage.created_at.isoformat().replace("+00:00", "Z"),
        "cost_usd": money_to_proto(usage.cost_usd),
        "credit_price_usd": money_to_proto(usage.credit_price_usd),
        "credit_value_usd": money_to_proto(usage.credit_value_usd),
        "cost_source": usage.cost_source.value,
        "credits_reversed": settled.credits_reversed,
        "margin_usd": money_to_proto(settled.margin_usd),
    }
    return [words[name] if name in words else getattr(usage, name) for name in COLUMNS]
