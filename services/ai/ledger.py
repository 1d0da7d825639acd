"""The ai service's road to billing: quote, reserve, capture, release. Only the executor takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from google.protobuf.struct_pb2 import Struct
from igny8.billing import v1 as billing

from chassis.ids import new_id
from chassis.plain import instant_from_proto
from chassis.refusal import AccountSuspended
from services.ai.captures import Captures
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem

HOLD_SECONDS_MIN = 900
HOLD_SECONDS_PER_ITEM = 120
HOLD_SECONDS_MAX = 86_400
DESCRIPTION_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the work of one execution may take, all its items together."""

    items: int
    expected_tokens: int = 0
    maximum_tokens: int = 0
    images: int = 0
    expected_output_tokens: int = 0
    """Of `expected_tokens`, those written."""
    maximum_output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedQuote:
    """A price that is pinned, and the credits that are going to be held."""

    id: str
    maximum_credits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLeft:
    """A hard cap in credits, and what is left of it now."""

    scope: str
    """What it caps, in billing's words: `site_day`, `site_month` or `api_key`."""
    limit: int
    left: int
    resets_at: datetime | None
    """When its window ends; None where it never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one item was charged: credits, and what its provider charged in USD."""

    credits_used: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that can be used, because it has a price."""

    name: str
    provider: str
    makes_images: bool


class Ledger:
    """Billing, as the executor needs it. Every write is idempotent by the task and the item it is about."""

    def __init__(
        self, credits: "billing.CreditServiceAsyncStub", prices: "billing.PricingServiceAsyncStub"
    ) -> None:
        self._credits = credits
        self._prices = prices
        self._captures = Captures(credits)

    async def models(self) -> list[Model]:
        """The models with a price in force."""
        models: list[Model] = []
        request = billing.ListModelsRequest(page_size=200)
        while True:
            response = await self._prices.ListModels(request)
            models.extend(
                Model(
                    name=model.model_name,
                    provider=model.provider,
                    makes_images=model.kind == billing.ModelPrice.KIND_IMAGE,
                )
                for model in response.models
            )
            if not response.next_page_token:
                return models
            request.page_token = response.next_page_token

    async def quote(self, task: AiTask, estimate: Estimate) -> PinnedQuote:
        """Pins the price. Raises PRICE_NOT_FOUND for a model without one."""
        operation = task.function_name.operation_type
        quote = await _quote(self._credits, operation, task.model_name, estimate)
        return PinnedQuote(id=quote.id, maximum_credits=quote.maximum_credits)

    async def reserve(self, task: AiTask) -> str:
        """Holds the maximum of the task's quote; gives the reservation's id. Raises INSUFFICIENT_CREDITS, QUOTE_EXPIRED."""
        response = await self._credits.Reserve(
            billing.ReserveRequest(
                # A new quote, after the first has expired, must be a new request.
                request_id=f"ai-task:{task.id}:{task.quote_id}",
                quote_id=task.quote_id or "",
                lifetime_seconds=hold_seconds(task),
                site_id=task.site_id,
                run_id=task.run_id or "",
                ai_task_id=task.id,
                api_key_id=task.api_key_id,
            )
        )
        return response.reservation.id

    async def extend_hold(self, task: AiTask) -> None:
        """Lets the task's hold live as long from now on as a new one would. Raises RESERVATION_ENDED."""
        await self._credits.Extend(
            billing.ExtendRequest(
                # Each time is one of its own: a repeat would answer what was so the first time.
                request_id=f"ai-task:{task.id}:{new_id()}",
                reservation_id=task.reservation_id or "",
                lifetime_seconds=hold_seconds(task),
            )
        )

    async def capture(
        self,
        task: AiTask,
        item: TaskItem,
        answer: Answer,
        *,
        final: bool,
        description: str,
        facts: Mapping[str, Any],
    ) -> Charge:
        """Charges one item for what it took, at the pinned price; a `final` one ends the hold.

        The item is paid and saved by now, so what it took more than was held is the platform's loss and no refusal.
        Captures of executions of several items go together with those that come within a moment.
        """
        metadata = Struct()
        metadata.update(dict(facts))
        request = billing.CaptureRequest(
            request_id=f"ai-item:{task.id}:{item.item_id}",
            reservation_id=task.reservation_id or "",
            item_id=item.item_id,
            input_tokens=answer.input_tokens,
            cached_input_tokens=answer.cached_input_tokens,
            output_tokens=answer.output_tokens,
            reasoning_tokens=answer.reasoning_tokens,
            images=answer.images,
            image_size=answer.image_size,
            image_quality=answer.image_quality,
            provider_cost_usd=None if answer.cost_usd is None else f"{answer.cost_usd:f}",
            description=description[:DESCRIPTION_LENGTH_MAX],
            metadata=metadata,
            final=final,
            absorb_excess=True,
        )
        return _charge(
            (await self._credits.Capture(request)).usage
            if final
            else await self._captures.submit(task.account_id, request)
        )

    async def charged(self, reservation_id: str) -> dict[str, Charge]:
        """What the items that were captured from a reservation were charged, by item id."""
        found: dict[str, Charge] = {}
        request = billing.ListUsageRequest(reservation_id=reservation_id, page_size=200)
        while True:
            response = await self._credits.ListUsage(request)
            for usage in response.usage:
                found[usage.item_id] = _charge(usage)
            if not response.next_page_token:
                return found
            request.page_token = response.next_page_token

    async def release(self, reservation_id: str, *, reason: str) -> None:
        """Gives back what a reservation still holds. Releasing an ended one changes nothing."""
        await self._credits.Release(billing.ReleaseRequest(reservation_id=reservation_id, reason=reason))


def hold_seconds(task: AiTask) -> int:
    """How long a hold for the task lives, from when it is taken or extended."""
    return min(HOLD_SECONDS_MAX, HOLD_SECONDS_MIN + HOLD_SECONDS_PER_ITEM * task.items_total)


class Quotes:
    """Billing, as estimates need it: what work would take and what there is; nothing is held or charged by it."""

    def __init__(
        self, credits: "billing.CreditServiceAsyncStub", accounts: "billing.AccountServiceAsyncStub"
    ) -> None:
        self._credits = credits
        self._accounts = accounts

    async def check_may_spend(self) -> None:
        """Raises AccountSuspended for the account acted for."""
        account = (await self._accounts.GetMe(billing.GetMeRequest())).account
        if account.suspended:
            raise AccountSuspended(account.id)

    async def available(self) -> int:
        """Credits that the account acted for may still spend or hold."""
        return (await self._credits.GetBalance(billing.GetBalanceRequest())).balance.available

    async def budgets(self, target_id: str) -> list[BudgetLeft]:
        """The caps on what this site, or this API key, may cost."""
        # One of each scope: they fit on a page.
        request = billing.ListBudgetsRequest(target_id=target_id, page_size=200)
        return [
            BudgetLeft(
                scope=billing.Budget.Scope.Name(budget.scope).removeprefix("SCOPE_").lower(),
                limit=budget.credits_limit,
                left=budget.left,
                resets_at=instant_from_proto(budget.resets_at) if budget.HasField("resets_at") else None,
            )
            for budget in (await self._credits.ListBudgets(request)).budgets
        ]

    async def price(self, function: FunctionName, *, model_name: str, estimate: Estimate) -> tuple[int, int]:
        """Credits that such work takes, as expected and at most. Raises PRICE_NOT_FOUND."""
        quote = await _quote(self._credits, function.operation_type, model_name, estimate)
        return quote.expected_credits, quote.maximum_credits


def _charge(usage: billing.CreditUsage) -> Charge:
    return Charge(credits_used=usage.credits_used, cost_usd=Decimal(usage.cost_usd))


async def _quote(
    credits: "billing.CreditServiceAsyncStub", operation_type: str, model_name: str, estimate: Estimate
) -> billing.Quote:
    response = await credits.Quote(
        billing.QuoteRequest(
            operation_type=operation_type,
            model_name=model_name,
            items=estimate.items,
            expected_tokens=estimate.expected_tokens,
            maximum_tokens=estimate.maximum_tokens,
            images=estimate.images,
            expected_output_tokens=estimate.expected_output_tokens,
            maximum_output_tokens=estimate.maximum_output_tokens,
        )
    )
    return response.quote
