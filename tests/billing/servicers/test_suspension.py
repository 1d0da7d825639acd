"""A suspended account can be read, and neither written nor spent from, until the operator lifts that."""

from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.ids import new_id
from chassis.testing.callers import api_key, operator, person, service
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome
from tests.billing.servicers.people import accept, invite, refresh, remove, set_role, sign_in, sign_up


def _suspend(account_id: str) -> billing_proto.SuspendAccountRequest:
    return billing_proto.SuspendAccountRequest(account_id=account_id)


def _lift(account_id: str) -> billing_proto.LiftSuspensionRequest:
    return billing_proto.LiftSuspensionRequest(account_id=account_id)


@pytest.fixture
async def joined(calls: Calls) -> Any:
    """Ada, whose account is suspended after she has signed in."""
    joined = await calls.accounts().SignUp(sign_up())
    suspended = await calls.accounts(operator()).SuspendAccount(_suspend(joined.account.id))
    assert suspended.account.suspended
    return joined


async def _fresh_token(calls: Calls, joined: Any, how: str) -> str:
    """An access token made after the suspension."""
    if how == "signed in":
        return (await calls.accounts().SignIn(sign_in())).access_token
    return (await calls.accounts().Refresh(refresh(joined.refresh_token))).access_token


@pytest.mark.parametrize("how", ["as before", "signed in", "refreshed"])
async def test_people_read_and_change_nothing(calls: Calls, joined: Any, how: str) -> None:
    token = joined.access_token if how == "as before" else await _fresh_token(calls, joined, how)
    ada = calls.accounts(token)

    written = [
        await outcome(ada.CreateApiKey(_key())),
        await outcome(ada.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=new_id()))),
        await outcome(ada.InviteUser(invite())),
        await outcome(ada.SetUserRole(set_role(joined.user.id, billing_proto.User.ROLE_OWNER))),
        await outcome(ada.RemoveUser(remove(joined.user.id))),
    ]
    read = [
        await outcome(ada.GetMe(billing_proto.GetMeRequest())),
        await outcome(ada.ListUsers(billing_proto.ListUsersRequest())),
        await outcome(ada.ListApiKeys(billing_proto.ListApiKeysRequest())),
        await outcome(calls.credits(token).GetBalance(billing_proto.GetBalanceRequest())),
        await outcome(calls.credits(token).ListUsage(billing_proto.ListUsageRequest())),
    ]

    assert set(written) == {"ACCOUNT_SUSPENDED"}
    assert set(read) == {""}


async def test_nothing_is_spent_by_a_service_either(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    quote = billing.quote(account, images=1)
    await calls.accounts(operator()).SuspendAccount(_suspend(account))
    ai = calls.credits(service("ai", account_id=account))

    refused = await outcome(ai.Reserve(billing_proto.ReserveRequest(request_id="x", quote_id=quote.id)))

    assert refused == "ACCOUNT_SUSPENDED"
    assert billing.balance(account).reserved == 0


async def test_a_program_learns_it_with_its_next_token(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    made = await calls.accounts(person(account_id=account)).CreateApiKey(_key())
    await calls.accounts(operator()).SuspendAccount(_suspend(account))

    exchanged = await calls.accounts(service("gateway", account_id=None)).ExchangeApiKey(
        billing_proto.ExchangeApiKeyRequest(secret=made.secret)
    )

    caller = calls.verified(exchanged.access_token)
    assert (caller.suspended, caller.account_id) == (True, account)
    program = calls.accounts(exchanged.access_token)
    assert await outcome(program.CreateApiKey(_key())) == "ACCOUNT_SUSPENDED"
    assert await outcome(program.ListApiKeys(billing_proto.ListApiKeysRequest())) == ""


async def test_an_invitation_waits_until_the_suspension_is_lifted(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(sign_up())
    invited = await calls.accounts(joined.access_token).InviteUser(invite())
    await calls.accounts(operator()).SuspendAccount(_suspend(joined.account.id))
    refused = await outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token)))

    await calls.accounts(operator()).LiftSuspension(_lift(joined.account.id))

    assert refused == "ACCOUNT_SUSPENDED"
    assert await outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token))) == ""


async def test_a_lifted_suspension_lets_people_work_again(calls: Calls, joined: Any) -> None:
    lifted = await calls.accounts(operator()).LiftSuspension(_lift(joined.account.id))

    token = await _fresh_token(calls, joined, "refreshed")
    assert not lifted.account.suspended
    assert await outcome(calls.accounts(token).CreateApiKey(_key())) == ""


async def test_suspending_and_lifting_twice_changes_nothing(calls: Calls, joined: Any) -> None:
    stub = calls.accounts(operator())

    again = await stub.SuspendAccount(_suspend(joined.account.id))
    lifted = [await stub.LiftSuspension(_lift(joined.account.id)) for _ in range(2)]

    assert again.account.suspended
    assert lifted[0] == lifted[1]


@pytest.mark.parametrize("caller", [person(), api_key(), service()], ids=lambda caller: caller.kind.value)
async def test_only_the_operator_suspends(calls: Calls, billing: Billing, caller: Any) -> None:
    account = billing.account()

    outcomes = [
        await outcome(calls.accounts(caller).SuspendAccount(_suspend(account))),
        await outcome(calls.accounts(caller).LiftSuspension(_lift(account))),
    ]

    assert outcomes == ["PERMISSION_DENIED", "PERMISSION_DENIED"]


async def test_an_account_nobody_has_is_not_suspended(calls: Calls) -> None:
    assert await outcome(calls.accounts(operator()).SuspendAccount(_suspend(new_id()))) == "NOT_FOUND"


def _key() -> billing_proto.CreateApiKeyRequest:
    return billing_proto.CreateApiKeyRequest(name="our program", scope=billing_proto.ApiKey.SCOPE_ADMIN)
