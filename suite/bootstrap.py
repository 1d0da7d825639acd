"""What a fresh suite needs before anybody can use it: the operator's key, the price list, the demo account.

`python -m suite.bootstrap` reads the running suite of IGNY8_DATA_DIR. It is a process of its own, so that what gRPC
needs in memory is gone with it. A second run finds everything done.
"""

import asyncio
import contextlib
import secrets as randomness
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import grpc
from igny8.billing import v1 as billing

from chassis.channel import Channels
from chassis.clock import SystemClock
from chassis.identity import Keyring
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.service_tokens import ServiceTokens
from suite import bootstrap_state, prices, private_file, secrets, settings, stack

DEMO_CREDITS: Final = 10_000
DEMO_EMAIL: Final = "demo@igny8.example"


async def bootstrap(
    data_dir: Path, running: stack.StackFile, price_list: Path = bootstrap_state.PRICE_LIST
) -> None:
    """Makes what is missing. Each step keeps its result at once, so a run that was cut off goes on where it was."""
    target = running.grpc["billing"]
    async with _as_suite(data_dir) as as_suite:
        accounts = as_suite.stub("billing", target, billing.AccountServiceStub)
        if secrets.kept_api_key(data_dir, "operator") is None:
            answer = await accounts.CreateOperatorKey(
                billing.CreateOperatorKeyRequest(name="the embedded suite")
            )
            secrets.keep_api_key(data_dir, "operator", answer.secret)
        async with as_operator(data_dir, target) as operator:
            pricing = operator.stub("billing", target, billing.PricingServiceStub)
            await prices.load(pricing, prices.read(price_list))
            if secrets.kept_api_key(data_dir, "demo") is None:
                await _make_demo_account(data_dir, accounts, operator, target)
    bootstrap_state.done(data_dir, price_list)


@contextlib.asynccontextmanager
async def as_operator(data_dir: Path, target: str) -> AsyncIterator[Channels]:
    """Channels that carry an access token of the kept operator key."""
    key = secrets.kept_api_key(data_dir, "operator")
    if key is None:
        raise ValueError("there is no operator key in this data folder; start the suite once with `igny8 up`")
    async with _as_suite(data_dir) as as_suite:
        accounts = as_suite.stub("billing", target, billing.AccountServiceStub)
        answer = await accounts.ExchangeApiKey(billing.ExchangeApiKeyRequest(secret=key))
    channels = _bearing(answer.access_token)
    try:
        yield channels
    finally:
        await channels.close()


@contextlib.asynccontextmanager
async def _as_suite(data_dir: Path) -> AsyncIterator[Channels]:
    """Channels of the suite's own service identity."""
    keyring = Keyring.from_secret(secrets.load_or_make(data_dir).secret_key)
    channels = Channels(ServiceTokens(keyring, "suite", SystemClock()))
    try:
        yield channels
    finally:
        await channels.close()


def _bearing(token: str) -> Channels:
    def authorize(callee: str) -> str:
        # One token for whichever service: people's and keys' tokens are for the whole suite.
        del callee
        return f"Bearer {token}"

    return Channels(authorize, as_itself=False)


async def _make_demo_account(
    data_dir: Path, accounts: "billing.AccountServiceAsyncStub", operator: Channels, target: str
) -> None:
    """Signs the demo account up, keeps a key and a password of it, and gives it credits.

    The address is new each time: a run that was cut off after the sign-up has lost the password.
    """
    password = randomness.token_urlsafe(18)
    email = DEMO_EMAIL.replace("@", f"+{new_id()[-12:]}@")
    signed_up = await accounts.SignUp(
        billing.SignUpRequest(account_name="Demo", email=email, password=password, name="Demo owner")
    )
    as_owner = _bearing(signed_up.access_token)
    try:
        keys = as_owner.stub("billing", target, billing.AccountServiceStub)
        made = await keys.CreateApiKey(
            billing.CreateApiKeyRequest(name="igny8 token", scope=billing.ApiKey.SCOPE_ADMIN)
        )
    finally:
        await as_owner.close()
    credits = operator.stub("billing", target, billing.CreditServiceStub)
    await credits.Grant(
        billing.GrantRequest(
            request_id=f"demo-account:{signed_up.account.id}",
            account_id=signed_up.account.id,
            amount=DEMO_CREDITS,
            category=billing.CreditGrant.CATEGORY_PROMOTIONAL,
            description="Credits to try igny8 with",
        )
    )
    private_file.write(data_dir / "demo-account.json", {"email": email, "password": password})
    secrets.keep_api_key(data_dir, "demo", made.secret)


def main() -> int:
    """What the module does when run; returns the exit status."""
    data_dir = settings.load().data_dir
    running = stack.read(data_dir)
    if running is None:
        print(f"No suite runs on {data_dir}.", file=sys.stderr)
        return 1
    return run(data_dir, running)


def run(data_dir: Path, running: stack.StackFile) -> int:
    """`bootstrap` for a process of its own: says what was refused, and returns the exit status."""
    try:
        asyncio.run(bootstrap(data_dir, running))
    except (Refusal, grpc.aio.AioRpcError, prices.PriceListInvalid, OSError) as refusal:
        print(f"The suite could not be made ready for use: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
