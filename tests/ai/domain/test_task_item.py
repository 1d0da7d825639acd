"""The journal of an item: each answer once, in the order of its calls, and all of them paid together."""

from decimal import Decimal

from services.ai.domain.task_item import Answer, ItemStatus
from tests.ai.functions.builders import an_item


def an_answer(text: str, *, tokens: int = 10, cost_usd: Decimal | None = None) -> Answer:
    return Answer(
        data=text.encode(),
        media_type="application/json",
        input_tokens=tokens,
        output_tokens=tokens,
        cached_input_tokens=1,
        reasoning_tokens=2,
        cost_usd=cost_usd,
    )


def test_the_answer_of_a_later_call_takes_the_place_of_the_first_and_adds_what_it_took() -> None:
    first = an_item().answered(an_answer("outline", tokens=10))

    second = first.answered(an_answer("text", tokens=7), drafts=("outline",))

    assert second.answer is not None
    assert (second.answer.data, second.drafts) == (b"text", ("outline",))
    assert (second.answer.input_tokens, second.answer.calls) == (17, 2)
    assert (second.answer.cached_input_tokens, second.answer.reasoning_tokens) == (2, 4)


def test_noting_the_answer_of_a_call_again_changes_nothing() -> None:
    item = an_item().answered(an_answer("a")).answered(an_answer("b"), drafts=("a",))

    assert item.answered(an_answer("other"), drafts=("a",)) == item
    assert item.answered(an_answer("late")) == item


def test_each_call_has_one_repair() -> None:
    repaired = an_item().answered(an_answer("a")).answered(an_answer("a2"), repair=True)

    assert repaired.answered(an_answer("a3"), repair=True) == repaired
    following = repaired.answered(an_answer("b"), drafts=("a2",))
    assert not following.repaired
    assert following.answered(an_answer("b2"), drafts=("a2",), repair=True).repaired


def test_a_provider_that_says_its_cost_once_is_believed_for_that_answer() -> None:
    item = an_item().answered(an_answer("a", cost_usd=Decimal("0.5"))).answered(an_answer("b"), drafts=("a",))

    assert item.answer is not None
    assert item.answer.cost_usd == Decimal("0.5")


def test_an_item_that_ended_keeps_neither_answer_nor_drafts() -> None:
    item = an_item().answered(an_answer("a")).answered(an_answer("b"), drafts=("a",))

    done, failed = item.done({}, credits_used=1, cost=Decimal(0)), item.failed(reason="X", error="x")

    assert [(each.status, each.answer, each.drafts) for each in (done, failed)] == [
        (ItemStatus.DONE, None, ()),
        (ItemStatus.FAILED, None, ()),
    ]
