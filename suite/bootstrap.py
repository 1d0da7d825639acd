"""What a fresh suite needs before anybody can use it: the operator's key, the price list, the demo account.

`python -m suite.bootstrap` reads the running suite of IGNY8_DATA_DIR. It is a process of its own, so that what gRPC
needs in memory is gone with it. A second run finds everything done.
"""

import asyncio
import secrets as randomness
import sys
from pathlib import Path
from typing import Any, Final

import grpc

from chassis.channel import Channels
from chassis.clock import SystemClock
from chassis.identity import Keyring
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.service_tokens import ServiceTokens
from igny8.billing import v1 as billing
from suite import bootstrap_state, prices, private_file, secrets, settings, stack

DEMO_CREDITS: Final = 10_000
DEMO_EMAIL: Final = "demo@igny8.example"


async def bootstrap(data_dir: Path, running: stack.StackFile, price_list: Path = bootstrap_state.PRICE_LIST) -> None:
    """Makes what is missing. Each step keeps its result at once, so a run that was cut off goes on where it was."""
    target = running.grpc["billing"]
    keyring = Keyring.from_secret(secrets.load_or_make(data_dir).secret_key)
    as_suite = Channels(ServiceTokens(keyring, "suite", SystemClock()))
    try:
        accounts = as_suite.stub("billing", target, billing.AccountServiceStub)
        operator = secrets.kept_api_key(data_dir, "operator")
        if operator is None:
            answer = await accounts.CreateOperatorKey(
                billing.CreateOperatorKeyRequest(name="the embedded suite")
            )
            operator = answer.secret
            secrets.keep_api_key(data_dir, "operator", operator)
        as_operator = await _signed_in(accounts, operator)
        try:
            pricing = as_operator.stub("billing", target, billing.PricingServiceStub)
            await prices.load(pricing, prices.read(price_list))
            if secrets.kept_api_key(data_dir, "demo") is None:
                await _make_demo_account(data_dir, accounts, as_operator, target)
        finally:
            await as_operator.close()
        bootstrap_state.done(data_dir, price_list)
    finally:
        await as_suite.close()


async def _signed_in(accounts: "billing.AccountServiceAsyncStub", key: str) -> Channels:
    """Channels that carry the access token of an API key."""
    answer = await accounts.ExchangeApiKey(billing.ExchangeApiKeyRequest(secret=key))
    return _bearing(answer.access_token)


def _bearing(token: str) -> Channels:
    return Channels(lambda callee: f"Bearer {token}", as_itself=False)


async def _make_demo_account(
    data_dir: Path, accounts: "billing.AccountServiceAsyncStub", as_operator: Channels, target: str
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
        owner = as_owner.stub("billing", target, billing.AccountServiceStub)
        made = await owner.CreateApiKey(
            billing.CreateApiKeyRequest(name="igny8 token", scope=billing.ApiKey.SCOPE_ADMIN)
        )
    finally:
        await as_owner.close()
    credits = as_operator.stub("billing", target, billing.CreditServiceStub)
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
    content: dict[str, Any] | None = private_file.read(data_dir / "stack.json")
    if content is None:
        print(f"No suite runs on {data_dir}.", file=sys.stderr)
        return 1
    running = stack.StackFile(
        **{name: content[name] for name in stack.StackFile.__slots__ if name in content}
    )
    try:
        asyncio.run(bootstrap(data_dir, running))
    except (Refusal, grpc.aio.AioRpcError) as refusal:
        print(f"The suite could not be made ready for use: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
