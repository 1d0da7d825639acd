"""Secrets at rest: they open for their own place under a known secret, and for nothing else."""

from dataclasses import replace

import pytest

from chassis.sealing import NONCE_BYTES, SealBroken, Sealed, Sealer, SealingKeyUnknown
from chassis.settings import ProcessSettings

OLD = "the secret of the suite until yesterday, long enough"
NEW = "the secret of the suite from today on, long enough"
PLACE = ("ai.provider_key", "account-1", "openai")


def test_a_sealed_secret_opens_at_its_place() -> None:
    sealed = Sealer(NEW).seal("sk-proj-häßlich", place=PLACE)

    assert Sealer(NEW).open(sealed, place=PLACE) == "sk-proj-häßlich"


def test_what_is_stored_does_not_hold_the_secret() -> None:
    sealed = Sealer(NEW).seal("sk-proj-canary", place=PLACE)

    assert b"canary" not in sealed.data


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    sealer = Sealer(NEW)

    assert sealer.seal("one", place=PLACE) != sealer.seal("one", place=PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("ai.provider_key", "account-2", "openai"),
        ("ai.provider_key", "account-1", "runware"),
        ("publisher.connection", "account-1", "openai"),
        ("ai.provider_key", "account-1openai"),
        ("ai.provider_key", "account-1", "openai", ""),
    ],
)
def test_a_row_that_was_copied_elsewhere_does_not_open(elsewhere: tuple[str, ...]) -> None:
    sealed = Sealer(NEW).seal("sk-1", place=PLACE)

    with pytest.raises(SealBroken):
        Sealer(NEW).open(sealed, place=elsewhere)


@pytest.mark.parametrize("at", [0, NONCE_BYTES, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    sealed = Sealer(NEW).seal("sk-1", place=PLACE)
    changed = bytearray(sealed.data)
    changed[at] ^= 1

    with pytest.raises(SealBroken):
        Sealer(NEW).open(replace(sealed, data=bytes(changed)), place=PLACE)


@pytest.mark.parametrize("data", [b"", b"short", bytes(NONCE_BYTES)])
def test_what_is_too_short_to_be_sealed_is_refused(data: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer(NEW).open(Sealed(key_id=Sealer(NEW).key_id, data=data), place=PLACE)


def test_another_secret_does_not_know_the_key_and_the_message_names_it() -> None:
    sealed = Sealer(OLD).seal("sk-1", place=PLACE)

    with pytest.raises(SealingKeyUnknown, match=sealed.key_id):
        Sealer(NEW).open(sealed, place=PLACE)


def test_the_secret_before_still_opens_and_the_newest_seals() -> None:
    sealed = Sealer(OLD).seal("sk-1", place=PLACE)
    after = Sealer(NEW, before=[OLD])

    again = after.seal(after.open(sealed, place=PLACE), place=PLACE)

    assert not after.is_current(sealed)
    assert after.is_current(again)
    assert Sealer(NEW).open(again, place=PLACE) == "sk-1"


def test_a_ring_names_every_key_it_opens_with() -> None:
    assert Sealer(NEW, before=[OLD, NEW]).key_ids == {Sealer(NEW).key_id, Sealer(OLD).key_id}


def test_a_sealer_has_the_secrets_of_the_settings() -> None:
    settings = ProcessSettings.model_validate({"secret_key": NEW, "secret_keys_before": [OLD]})

    assert Sealer.of(settings).key_ids == Sealer(NEW, before=[OLD]).key_ids
    assert Sealer.of(settings).key_id == Sealer(NEW).key_id


def test_nothing_that_is_raised_or_shown_tells_the_secret() -> None:
    sealed = Sealer(OLD).seal("sk-canary", place=PLACE)

    with pytest.raises(SealingKeyUnknown) as raised:
        Sealer(NEW).open(sealed, place=PLACE)

    assert "canary" not in f"{raised.value!r} {sealed!r} {Sealer(OLD)!r}"
