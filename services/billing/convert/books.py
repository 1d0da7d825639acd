"""Between budgets, explanations and proofs of the books and their messages."""

from igny8.billing import v1 as billing

from services.billing.convert.credits import transaction_to_proto, usage_to_proto
from services.billing.convert.prices import price_to_proto
from services.billing.convert.values import instant_to_proto, maybe_to_proto, money_to_proto
from services.billing.domain.budget import Budget, Scope
from services.billing.domain.explanation import Explanation
from services.billing.domain.proof import Fault, Proof


def budget_to_proto(budget: Budget) -> billing.Budget:
    return billing.Budget(
        id=budget.id,
        scope=billing.Budget.Scope.Value(f"SCOPE_{budget.scope.name}"),
        target_id=budget.target_id,
        credits_limit=budget.credits_limit,
        spent=budget.spent,
        held=budget.held,
        left=budget.left,
        resets_at=maybe_to_proto(budget.resets_at),
        updated_at=instant_to_proto(budget.updated_at),
    )


def budget_scope_from_proto(scope: billing.Budget.Scope.ValueType) -> Scope:
    return Scope[billing.Budget.Scope.Name(scope).removeprefix("SCOPE_")]


def explanation_to_proto(explanation: Explanation) -> billing.ExplainChargeResponse:
    deduction = explanation.deduction
    return billing.ExplainChargeResponse(
        usage=usage_to_proto(deduction.usage),
        transaction=transaction_to_proto(deduction.line),
        model=price_to_proto(explanation.price),
        units=explanation.units,
        computed_credits=explanation.computed_credits,
        due_credits=explanation.due_credits,
        draws=[
            billing.ExplainChargeResponse.Draw(
                grant_id=grant_id,
                category=billing.CreditGrant.Category.Value(
                    f"CATEGORY_{explanation.grants[grant_id].category.name}"
                ),
                credits=credits,
            )
            for grant_id, credits in deduction.shares
        ],
        explanation=explanation.sentence,
        reversal_id=deduction.reversal_id or "",
        parts=[
            billing.ExplainChargeResponse.Part(
                kind=part.kind,
                units=part.units,
                weight=money_to_proto(part.weight),
                cost_usd=money_to_proto(part.cost_usd),
            )
            for part in explanation.parts
        ],
    )


def proof_to_proto(proof: Proof) -> billing.VerifyLedgerResponse:
    return billing.VerifyLedgerResponse(
        holds=proof.holds,
        faults=map(_fault_to_proto, proof.faults),
        checks=proof.checks,
        sequence=proof.sequence,
        proved_before=proof.begun_after,
        verified_at=instant_to_proto(proof.verified_at),
    )


def _fault_to_proto(fault: Fault) -> billing.VerifyLedgerResponse.Fault:
    return billing.VerifyLedgerResponse.Fault(
        check=fault.check,
        says=fault.says,
        first_bad_row=fault.first_bad_row,
        bad_rows=fault.bad_rows,
    )
