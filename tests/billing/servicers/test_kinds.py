"""Kinds of tokens and of images over gRPC: from the operator's price through quote and capture to the explanation."""

import csv
import io

from igny8.billing import v1 as billing_proto

from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing.callers import operator, person, service
from services.billing.usecases.proof import verify_ledger
from tests.billing.books import IMAGE_MODEL, TEXT_MODEL, Billing
from tests.billing.servicers.calls import Calls

TEXT_PRICE = billing_proto.PutModelPriceRequest(
    model_name=TEXT_MODEL,
    provider="openai",
    kind=billing_proto.ModelPrice.KIND_TEXT,
    cost_per_1k_input="0.00125",
    cost_per_1k_cached_input="0.000125",
    cost_per_1k_output="0.01",
    cost_per_1k_reasoning="0.02",
    tokens_per_credit=100,
    weight_cached_input="0.1",
    weight_output="4",
)
IMAGE_PRICE = billing_proto.PutModelPriceRequest(
    model_name=IMAGE_MODEL,
    provider="openai",
    kind=billing_proto.ModelPrice.KIND_IMAGE,
    cost_per_image="0.05",
    credits_per_image=10,
    image_variants=[
        billing_proto.ImageVariant(
            size="1536x1024", quality="low", cost_per_image="0.013", credits_per_image=3
        ),
        billing_proto.ImageVariant(
            size="1536x1024", quality="high", cost_per_image="0.2", credits_per_image=40
        ),
    ],
)


async def test_tokens_are_charged_and_explained_by_their_kinds(calls: Calls, billing: Billing) -> None:
    await calls.prices(operator()).PutModelPrice(TEXT_PRICE)
    account = billing.account(credits=100)
    worker = calls.credits(service(account_id=account))
    quote = billing_proto.QuoteRequest(
        operation_type="content_generation",
        model_name=TEXT_MODEL,
        items=1,
        expected_tokens=5_000,
        expected_output_tokens=500,
        maximum_tokens=5_000,
        maximum_output_tokens=1_000,
    )

    quoted = (await worker.Quote(quote)).quote
    held = await worker.Reserve(billing_proto.ReserveRequest(request_id=new_id(), quote_id=quoted.id))
    captured = await worker.Capture(
        billing_proto.CaptureRequest(
            request_id=new_id(),
            reservation_id=held.reservation.id,
            item_id="an article",
            input_tokens=5_000,
            cached_input_tokens=4_000,
            output_tokens=700,
            reasoning_tokens=200,
            final=True,
        )
    )
    viewer = calls.credits(person(Role.VIEWER, account_id=account))
    explained = await viewer.ExplainCharge(billing_proto.ExplainChargeRequest(usage_id=captured.usage.id))

    assert (quoted.expected_credits, quoted.maximum_credits) == (65, 80)
    # 1,000 + 4,000 x 0.1 + 700 x 4 = 4,200 counted tokens
    assert captured.usage.credits_used == explained.computed_credits == 42
    assert captured.usage.cost_usd == "0.01075"
    assert (captured.usage.cached_input_tokens, captured.usage.reasoning_tokens) == (4_000, 200)
    assert [(part.kind, part.units, part.weight, part.cost_usd) for part in explained.parts] == [
        ("input", 1_000, "1", "0.00125"),
        ("cached_input", 4_000, "0.1", "0.0005"),
        ("output", 500, "4", "0.005"),
        ("reasoning", 200, "4", "0.004"),
    ]
    assert explained.explanation == (
        "1,000 input x 1 + 4,000 cached input x 0.1 + 500 output x 4 + 200 reasoning x 4 = 4,200 tokens"
        " / 100 tokens a credit = 42, rounded up to 42 credits."
    )
    assert billing.run(verify_ledger, account_id=account, from_first_line=True).faults == ()
    billing.check_books()


async def test_images_are_charged_and_explained_by_size_and_quality(calls: Calls, billing: Billing) -> None:
    await calls.prices(operator()).PutModelPrice(IMAGE_PRICE)
    account = billing.account(credits=100)
    worker = calls.credits(service(account_id=account))

    charged = [
        (
            await worker.Charge(
                billing_proto.ChargeRequest(
                    request_id=new_id(),
                    item=billing_proto.ChargedItem(
                        operation_type="image_generation",
                        model_name=IMAGE_MODEL,
                        item_id=new_id(),
                        images=1,
                        image_size=size,
                        image_quality=quality,
                    ),
                )
            )
        ).usage
        for size, quality in (("1536x1024", "low"), ("", ""), ("1024x1024", "low"))
    ]
    viewer = calls.credits(person(Role.VIEWER, account_id=account))
    explained = await viewer.ExplainCharge(billing_proto.ExplainChargeRequest(usage_id=charged[0].id))
    file = b"".join([part.file.data async for part in viewer.ExportUsage(billing_proto.ExportUsageRequest())])

    assert [(usage.credits_used, usage.cost_usd) for usage in charged] == [
        (3, "0.013"),
        (10, "0.05"),
        (40, "0.2"),
    ]
    assert explained.explanation == "1 images 1536x1024 low x 3 credits an image = 3 credits."
    assert [part.kind for part in explained.parts] == ["image"]
    assert [row["image_size"] for row in csv.DictReader(io.StringIO(file.decode()))] == [
        "1536x1024",
        "",
        "1024x1024",
    ]
    assert billing.run(verify_ledger, account_id=account, from_first_line=True).faults == ()
    billing.check_books()


async def test_a_price_by_kinds_is_read_as_it_was_put(calls: Calls, billing: Billing) -> None:
    stub = calls.prices(operator())

    text = (await stub.PutModelPrice(TEXT_PRICE)).model
    image = (await stub.PutModelPrice(IMAGE_PRICE)).model
    listed = await calls.prices(person(Role.VIEWER)).ListModels(billing_proto.ListModelsRequest())

    assert sorted(listed.models, key=lambda model: model.model_name) == sorted(
        [text, image], key=lambda model: model.model_name
    )
    assert (text.cost_per_1k_cached_input, text.weight_output, text.weight_reasoning) == ("0.000125", "4", "")
    assert [one.quality for one in image.image_variants] == ["high", "low"]
    assert (await stub.PutModelPrice(IMAGE_PRICE)).model == image
