"""Input that nobody would send: no answer is a fault of ours, and every answer is as the reference says."""

import random

import pytest

from chassis.identity import Keyring, TokenIssuer, TokenVerifier
from suite import secrets
from suite.secrets import kept_api_key
from tests.journeys.bad_input import SECONDS_MAX, campaign
from tests.journeys.belongings import sign_up
from tests.journeys.suites import RunningSuite

pytestmark = pytest.mark.journey

SAMPLE = ("fuzzing", 4)
EVERYTHING = ("coverage,fuzzing,stateful", 40)
"""Phases of schemathesis and cases an operation."""


OPERATORS = "suspen|/reverse$|/grants"
PLATFORM = "/models|/billing/configuration"
"""What an operator alone may do; the second is every account's, and other journeys of the session go on with it."""


@pytest.mark.timeout(SECONDS_MAX + 60)
async def test_no_input_makes_a_fault_or_an_answer_that_the_reference_does_not_know(
    suite: RunningSuite, pytestconfig: pytest.Config
) -> None:
    seed = random.Random(str(pytestconfig.getoption("--seed"))).randrange(2**32)
    owner = await sign_up(suite, f"Fuzzed{seed}")

    phases, examples = EVERYTHING if pytestconfig.getoption("--all-inputs") else SAMPLE

    token = _lasting(suite, owner.token)
    code, said = campaign(suite.stack.gateway_url, token, seed=seed, examples=examples, phases=phases)
    # `make fuzz` shows what was sent, so that a campaign that sent nothing is seen.
    print(said)

    assert code == 0, f"seed {seed}\n{said[-20_000:]}"
    assert f"Seed: {seed}" in said


@pytest.mark.timeout(SECONDS_MAX + 60)
def test_no_input_of_an_operator_makes_one_either(suite: RunningSuite, pytestconfig: pytest.Config) -> None:
    """What only an operator may do would else end at the door in every case."""
    seed = random.Random(str(pytestconfig.getoption("--seed"))).randrange(2**32)
    key = kept_api_key(suite.data_dir, "operator")
    assert key is not None
    everything = pytestconfig.getoption("--all-inputs")
    phases, examples = EVERYTHING if everything else SAMPLE

    code, said = campaign(
        suite.stack.gateway_url,
        key,
        seed=seed,
        examples=examples,
        phases=phases,
        paths=f"{OPERATORS}|{PLATFORM}" if everything else OPERATORS,
    )
    print(said)

    assert code == 0, f"seed {seed}\n{said[-20_000:]}"
    assert "403" not in said.partition("SUMMARY")[2]


def _lasting(suite: RunningSuite, token: str) -> str:
    """A token of the same caller for as long as a campaign may take: its own would end in the middle of a slow one."""
    keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
    caller = TokenVerifier(keyring, "billing").verify(token)
    return TokenIssuer(keyring, "billing").issue(caller, lifetime_seconds=2 * SECONDS_MAX)
