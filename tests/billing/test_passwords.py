"""Passwords: what is stored, what fits, and what costs the same whether there is a person or not."""

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr, ValidationError

from services.billing.passwords import Passwords
from services.billing.settings import BillingSettings

PASSWORD = "correct horse battery"


async def test_a_password_fits_its_own_hash_only() -> None:
    passwords = Passwords()

    stored = await passwords.hash(PASSWORD)

    assert await passwords.fits(PASSWORD, stored=stored)
    assert not await passwords.fits("another password", stored=stored)
    assert not await passwords.fits(PASSWORD, stored="not a hash")


async def test_nobody_is_checked_like_somebody_and_never_fits() -> None:
    passwords = Passwords()
    before = verifications()

    assert not await passwords.fits("nobody has this password", stored=None)

    assert verifications() == before + 1


async def test_a_hash_of_older_parameters_is_renewed_and_a_current_one_is_not() -> None:
    older, newer = Passwords(), Passwords(passes=3)
    stored = await older.hash(PASSWORD)

    renewed = await newer.renewed(PASSWORD, stored=stored)

    assert renewed is not None
    assert renewed.startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    assert await newer.fits(PASSWORD, stored=renewed)
    assert await older.renewed(PASSWORD, stored=stored) is None


@pytest.mark.parametrize("weaker", [{"password_memory_kib": 19_455}, {"password_passes": 1}])
def test_nothing_below_the_recommendation_can_be_set(weaker: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(weaker))):
        BillingSettings.model_validate(
            {"secret_key": SecretStr("x" * 40), "database_url": SecretStr("postgresql://unused"), **weaker}
        )


def verifications() -> float:
    """How many passwords this process has checked."""
    return REGISTRY.get_sample_value("password_verifications_total") or 0
