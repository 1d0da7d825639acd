"""Keys of an account's own: given by owners, shown by their end only, sealed where they are stored."""

import pytest
from igny8.ai import v1 as ai
from sqlalchemy import text

from chassis.identity import Role
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop

KEY = "sk-proj-canary-of-the-account-Xy9z"


async def listed(doors: Doors, *, account_id: str = "") -> list[ai.ProviderKey]:
    response = await doors.models(account_id=account_id).ListProviderKeys(ai.ListProviderKeysRequest())
    return list(response.provider_keys)


async def test_a_key_is_shown_by_its_end_and_its_dates(doors: Doors, workshop: Workshop) -> None:
    given = await doors.give_key(KEY)

    assert (given.provider, given.last4) == ("openai", "Xy9z")
    assert given.created_at.ToDatetime() == workshop.clock.now().replace(tzinfo=None)
    assert await listed(doors) == [given]
    assert "canary" not in str(given)


async def test_a_short_key_shows_nothing_of_itself(doors: Doors) -> None:
    assert (await doors.give_key("sk-12345")).last4 == ""


async def test_a_new_key_takes_the_place_of_the_one_before(doors: Doors, workshop: Workshop) -> None:
    first = await doors.give_key(KEY)
    workshop.clock.advance(seconds=60)

    second = await doors.give_key("sk-proj-the-next-one-1234")

    assert await listed(doors) == [second]
    assert (second.last4, second.created_at) == ("1234", first.created_at)
    assert second.updated_at.seconds == first.updated_at.seconds + 60


async def test_keys_are_listed_by_provider_in_pages(doors: Doors) -> None:
    await doors.give_key(KEY, provider="runware")
    await doors.give_key(KEY)

    first = await doors.models().ListProviderKeys(ai.ListProviderKeysRequest(page_size=1))
    second = await doors.models().ListProviderKeys(
        ai.ListProviderKeysRequest(page_size=1, page_token=first.next_page_token)
    )

    assert [key.provider for page in (first, second) for key in page.provider_keys] == ["openai", "runware"]


async def test_deleting_a_key_twice_is_quiet(doors: Doors) -> None:
    await doors.give_key(KEY)

    for _ in range(2):
        await doors.models().DeleteProviderKey(ai.DeleteProviderKeyRequest(provider="openai"))

    assert await listed(doors) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_owners_have_to_do_with_keys(doors: Doors, role: Role) -> None:
    models = doors.models(role=role)

    with refused("PERMISSION_DENIED"):
        await models.ListProviderKeys(ai.ListProviderKeysRequest())
    with refused("PERMISSION_DENIED"):
        await models.PutProviderKey(ai.PutProviderKeyRequest(provider="openai", key=KEY))
    with refused("PERMISSION_DENIED"):
        await models.DeleteProviderKey(ai.DeleteProviderKeyRequest(provider="openai"))


async def test_another_account_neither_sees_nor_deletes_a_key(doors: Doors) -> None:
    given = await doors.give_key(KEY)

    await doors.models(account_id=OTHER).DeleteProviderKey(ai.DeleteProviderKeyRequest(provider="openai"))

    assert await listed(doors, account_id=OTHER) == []
    assert await listed(doors) == [given]


@pytest.mark.parametrize("provider", ["offline", "OPENAI", "anthropic", "openai\n", ""])
async def test_a_provider_that_takes_no_keys_is_refused_by_name_of_the_field(
    doors: Doors, provider: str
) -> None:
    with refused("REQUEST_INVALID") as refusal:
        await doors.give_key(KEY, provider=provider)

    assert [fault.field for fault in refusal.value.fields] == ["provider"]


@pytest.mark.parametrize(
    "key",
    ["", "short", f"{KEY}\r\nX-Evil: 1", f" {KEY}", f"{KEY} ", f"{KEY}\x00", f"{KEY}ß", "k" * 513],
    ids=["empty", "short", "header", "space-before", "space-after", "nul", "not-ascii", "long"],
)
async def test_what_can_be_no_key_is_refused_without_being_repeated(doors: Doors, key: str) -> None:
    with refused("REQUEST_INVALID") as refusal:
        await doors.give_key(key)

    assert [fault.field for fault in refusal.value.fields] == ["key"]
    assert "canary" not in f"{refusal.value} {refusal.value.metadata} {refusal.value.fields}"
    assert await listed(doors) == []


async def test_the_row_holds_the_key_sealed_and_says_by_which_secret(
    doors: Doors, workshop: Workshop
) -> None:
    await doors.give_key(KEY)

    with workshop.transactions.engine.connect() as connection:
        [row] = connection.execute(text("SELECT * FROM provider_key")).mappings()

    assert row["key_id"] == workshop.sealer.key_id
    assert b"canary" not in bytes(row["sealed"])
