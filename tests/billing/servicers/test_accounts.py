"""Joining, signing in, and the keys of programs, over gRPC."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto
from sqlalchemy import update

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing.callers import operator, person, service
from services.billing.convert import instant_from_proto, instant_to_proto
from services.billing.passwords import Passwords
from services.billing.store import tables
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome

PASSWORD = "correct horse battery"


async def test_who_joins_is_the_owner_and_signed_in_with_the_first_grant(
    calls: Calls, billing: Billing
) -> None:
    joined = await calls.accounts().SignUp(_sign_up())

    me = await calls.accounts(joined.access_token).GetMe(billing_proto.GetMeRequest())
    balance = await calls.credits(joined.access_token).GetBalance(billing_proto.GetBalanceRequest())
    assert (me.account, me.user) == (joined.account, joined.user)
    assert joined.user.role == billing_proto.User.ROLE_OWNER
    assert balance.balance.available == 25
    assert instant_from_proto(joined.expires_at) == billing.clock.now() + timedelta(minutes=10)
    billing.check_books()


async def test_an_address_joins_once_however_it_is_written(calls: Calls, billing: Billing) -> None:
    await calls.accounts().SignUp(_sign_up(email="ada@example.com"))

    with pytest.raises(RemoteRefusal) as refused:
        await calls.accounts().SignUp(_sign_up(email="Ada@Example.COM"))

    assert refused.value.reason == "ALREADY_EXISTS"
    assert billing.rows("SELECT count(*) FROM account") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "too short"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"account_name": ""}, "account_name"),
    ],
)
async def test_what_cannot_join_is_told_why(calls: Calls, changes: dict[str, str], field: str) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.accounts().SignUp(_sign_up(**changes))

    assert refused.value.reason == "REQUEST_INVALID"
    assert refused.value.metadata["fields"] == field


async def test_the_password_lets_its_owner_in_again(calls: Calls) -> None:
    joined = await calls.accounts().SignUp(_sign_up(email="ada@example.com"))

    signed_in = await calls.accounts().SignIn(
        billing_proto.SignInRequest(email=" ADA@example.com", password=PASSWORD)
    )

    assert (signed_in.account, signed_in.user) == (joined.account, joined.user)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_wrong_password_and_an_unknown_person_are_refused_alike(calls: Calls, email: str) -> None:
    await calls.accounts().SignUp(_sign_up(email="ada@example.com"))

    with pytest.raises(RemoteRefusal) as refused:
        await calls.accounts().SignIn(billing_proto.SignInRequest(email=email, password="wrong password"))

    assert refused.value.reason == "CREDENTIALS_REFUSED"
    assert refused.value.message == "The e-mail address or the password is wrong."
    assert refused.value.metadata == {}


async def test_no_password_is_stored(calls: Calls, billing: Billing) -> None:
    await calls.accounts().SignUp(_sign_up())

    [row] = billing.rows('SELECT password_hash FROM "user"')

    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in row.password_hash


async def test_a_hash_of_other_parameters_is_renewed_when_its_owner_signs_in(
    calls: Calls, billing: Billing
) -> None:
    await calls.accounts().SignUp(_sign_up())
    older = await Passwords(passes=3).hash(PASSWORD)
    with billing.transactions.engine.begin() as connection:
        connection.execute(update(tables.user).values(password_hash=older))
    signing_in = billing_proto.SignInRequest(email="ada@example.com", password=PASSWORD)

    await calls.accounts().SignIn(signing_in)

    [row] = billing.rows('SELECT password_hash FROM "user"')
    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await calls.accounts().SignIn(signing_in)).access_token


async def test_a_failed_sign_in_renews_no_hash(calls: Calls, billing: Billing) -> None:
    await calls.accounts().SignUp(_sign_up())
    older = await Passwords(passes=3).hash(PASSWORD)
    with billing.transactions.engine.begin() as connection:
        connection.execute(update(tables.user).values(password_hash=older))

    refused = await outcome(
        calls.accounts().SignIn(billing_proto.SignInRequest(email="ada@example.com", password="wrong"))
    )

    assert refused == "CREDENTIALS_REFUSED"
    assert billing.rows('SELECT password_hash FROM "user"') == [(older,)]


async def test_a_token_ends(calls: Calls, billing: Billing) -> None:
    joined = await calls.accounts().SignUp(_sign_up())
    billing.clock.advance(minutes=10, seconds=6)

    with pytest.raises(RemoteRefusal) as refused:
        await calls.accounts(joined.access_token).GetMe(billing_proto.GetMeRequest())

    assert refused.value.reason == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("scope", "may_list_keys"),
    [
        (billing_proto.ApiKey.SCOPE_READ, False),
        (billing_proto.ApiKey.SCOPE_WRITE, False),
        (billing_proto.ApiKey.SCOPE_ADMIN, True),
    ],
)
async def test_a_key_may_do_what_its_scope_says(
    calls: Calls, billing: Billing, scope: Any, may_list_keys: bool
) -> None:
    account = billing.account(credits=7)
    token = await _token(calls, await _secret(calls, account, scope=scope))

    balance = await calls.credits(token).GetBalance(billing_proto.GetBalanceRequest())
    listed = await outcome(calls.accounts(token).ListApiKeys(billing_proto.ListApiKeysRequest()))

    assert balance.balance.credits == 7
    assert (listed != "PERMISSION_DENIED") is may_list_keys


async def test_a_program_sees_its_own_key_and_never_the_secret_again(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    secret = await _secret(calls, account)

    me = await calls.accounts(await _token(calls, secret)).GetMe(billing_proto.GetMeRequest())
    listed = await calls.accounts(person(account_id=account)).ListApiKeys(billing_proto.ListApiKeysRequest())

    assert me.api_key == listed.api_keys[0]
    assert secret.startswith(me.api_key.prefix)
    assert secret not in str(listed) + str(billing.rows("SELECT * FROM api_key"))


async def test_a_revoked_key_makes_no_token_and_stays_in_the_list(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    owner = calls.accounts(person(account_id=account))
    made = await owner.CreateApiKey(_key())

    revoked = await owner.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=made.api_key.id))
    again = await owner.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=made.api_key.id))

    assert await outcome(_exchange(calls, made.secret)) == "CREDENTIALS_REFUSED"
    assert again.api_key == revoked.api_key
    assert (await owner.ListApiKeys(billing_proto.ListApiKeysRequest())).api_keys[0] == revoked.api_key


async def test_an_expired_key_makes_no_token(calls: Calls, billing: Billing) -> None:
    ends = instant_to_proto(billing.clock.now() + timedelta(hours=1))
    secret = await _secret(calls, billing.account(), expires_at=ends)
    billing.clock.advance(hours=1)

    assert await outcome(_exchange(calls, secret)) == "CREDENTIALS_REFUSED"


async def test_a_secret_nobody_has_makes_no_token(calls: Calls) -> None:
    assert await outcome(_exchange(calls, "igny8_" + "x" * 43)) == "CREDENTIALS_REFUSED"


async def test_a_token_of_a_key_lives_five_minutes(calls: Calls, billing: Billing) -> None:
    secret = await _secret(calls, billing.account())

    exchanged = await _exchange(calls, secret)

    assert instant_from_proto(exchanged.expires_at) == billing.clock.now() + timedelta(minutes=5)


async def test_a_key_of_another_account_is_as_unknown_as_none(calls: Calls, billing: Billing) -> None:
    theirs = await calls.accounts(person(account_id=billing.account())).CreateApiKey(_key())
    owner = calls.accounts(person(account_id=billing.account()))

    outcomes = [
        await outcome(owner.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=api_key_id)))
        for api_key_id in (theirs.api_key.id, new_id())
    ]

    assert outcomes == ["NOT_FOUND", "NOT_FOUND"]
    assert await _token(calls, theirs.secret)


async def test_a_key_tells_when_it_was_last_used_to_five_minutes(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    secret = await _secret(calls, account)
    began = billing.clock.now()
    owner = calls.accounts(person(account_id=account))

    seen = [await _last_use(owner)]
    for minutes in (0, 4, 1):
        billing.clock.advance(minutes=minutes)
        await _exchange(calls, secret)
        seen.append(await _last_use(owner))

    assert seen == [None, began, began, began + timedelta(minutes=5)]


async def test_a_key_that_is_refused_has_not_been_used(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    owner = calls.accounts(person(account_id=account))
    made = await owner.CreateApiKey(_key())
    await owner.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=made.api_key.id))

    assert await outcome(_exchange(calls, made.secret)) == "CREDENTIALS_REFUSED"

    assert await _last_use(owner) is None


async def test_the_key_of_an_operator_speaks_for_the_platform(calls: Calls) -> None:
    made = await calls.accounts(service("suite", account_id=None)).CreateOperatorKey(
        billing_proto.CreateOperatorKeyRequest(name="the suite")
    )

    me = await calls.accounts(await _token(calls, made.secret)).GetMe(billing_proto.GetMeRequest())

    assert me == billing_proto.GetMeResponse(operator=True)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_owners_make_keys(calls: Calls, billing: Billing, role: Role) -> None:
    caller = person(role, account_id=billing.account())

    assert await outcome(calls.accounts(caller).CreateApiKey(_key())) == "PERMISSION_DENIED"


async def test_a_suspended_account_makes_no_key(calls: Calls, billing: Billing) -> None:
    account = billing.suspended(billing.account())

    assert (
        await outcome(calls.accounts(person(account_id=account)).CreateApiKey(_key())) == "ACCOUNT_SUSPENDED"
    )


@pytest.mark.parametrize("caller", [person(), operator()], ids=["an owner", "the operator"])
async def test_only_services_exchange_keys_and_make_operators(calls: Calls, caller: Any) -> None:
    stub = calls.accounts(caller)

    exchange = await outcome(stub.ExchangeApiKey(billing_proto.ExchangeApiKeyRequest(secret="x")))
    make = await outcome(stub.CreateOperatorKey(billing_proto.CreateOperatorKeyRequest(name="x")))

    assert (exchange, make) == ("PERMISSION_DENIED", "PERMISSION_DENIED")


async def test_no_other_service_makes_operators(calls: Calls) -> None:
    stub = calls.accounts(service("gateway", account_id=None))

    refused = await outcome(stub.CreateOperatorKey(billing_proto.CreateOperatorKeyRequest(name="x")))

    assert refused == "PERMISSION_DENIED"


def _sign_up(**changes: str) -> billing_proto.SignUpRequest:
    terms = {"account_name": "Garden Ltd", "email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    return billing_proto.SignUpRequest(**{**terms, **changes})


def _key(**changes: Any) -> billing_proto.CreateApiKeyRequest:
    terms = {"name": "our program", "scope": billing_proto.ApiKey.SCOPE_READ}
    return billing_proto.CreateApiKeyRequest(**{**terms, **changes})


async def _secret(calls: Calls, account_id: str, **key: Any) -> str:
    """The secret of a new key of the account."""
    made = await calls.accounts(person(account_id=account_id)).CreateApiKey(_key(**key))
    return made.secret


def _exchange(calls: Calls, secret: str) -> Any:
    gateway = calls.accounts(service("gateway", account_id=None))
    return gateway.ExchangeApiKey(billing_proto.ExchangeApiKeyRequest(secret=secret))


async def _token(calls: Calls, secret: str) -> str:
    return str((await _exchange(calls, secret)).access_token)


async def _last_use(owner: Any) -> datetime | None:
    """When the account's newest key was last used."""
    key = (await owner.ListApiKeys(billing_proto.ListApiKeysRequest())).api_keys[0]
    return instant_from_proto(key.last_used_at) if key.HasField("last_used_at") else None
