"""Who may call which method: every kind of caller against every access level, over the wire."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import grpc
import pytest
from igny8.options.v1 import options_pb2

from chassis.access import AccessUndeclared, check
from chassis.errors import RemoteRefusal
from chassis.identity import Caller, Keyring, Role, TokenVerifier
from chassis.refusal import PermissionDenied
from chassis.server import Server
from chassis.testing.callers import ACCOUNT_ID, api_key, operator, person, service
from chassis.testing.serving import SECRET_KEY, Served, serving
from tests.chassis import echo


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(echo.added(echo.EchoServicer()), service="billing") as running:
        yield running


CALLERS = {
    "viewer": person(Role.VIEWER),
    "editor": person(Role.EDITOR),
    "owner": person(Role.OWNER),
    "read key": api_key(Role.VIEWER),
    "admin key": api_key(Role.OWNER),
    "service for an account": service("ai"),
    "service for nobody": service("ai", account_id=None),
    "operator": operator(),
}

ALLOWED = {
    "Open": set(CALLERS),
    "Greet": set(CALLERS),
    "View": {"viewer", "editor", "owner", "read key", "admin key", "service for an account"},
    "Edit": {"editor", "owner", "admin key", "service for an account"},
    "Own": {"owner", "admin key", "service for an account"},
    "Serve": {"service for an account", "service for nobody"},
    "Operate": {"operator"},
}


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in ALLOWED for name in sorted(ALLOWED[method])]
)
async def test_a_method_answers_those_its_proto_names(served: Served, method: str, name: str) -> None:
    stub = served.stub(echo.Stub, caller=CALLERS[name])

    answer = await getattr(stub, method)(echo.Request(text="hello"))

    assert answer.actor == CALLERS[name].actor


@pytest.mark.parametrize(
    ("method", "name"),
    [(method, name) for method in ALLOWED for name in sorted(CALLERS.keys() - ALLOWED[method])],
)
async def test_a_method_refuses_everybody_else(served: Served, method: str, name: str) -> None:
    stub = served.stub(echo.Stub, caller=CALLERS[name])

    with pytest.raises(RemoteRefusal) as refused:
        await getattr(stub, method)(echo.Request(text="hello"))

    assert refused.value.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("method", ["Greet", "View", "Edit", "Own", "Serve", "Operate", "Upload"])
async def test_without_a_token_only_public_methods_answer(served: Served, method: str) -> None:
    stub = served.stub(echo.Stub, anonymous=True)

    async def requests() -> AsyncIterator[object]:
        yield echo.Request()

    with pytest.raises(RemoteRefusal, match="Sign in") as refused:
        await getattr(stub, method)(requests() if method == "Upload" else echo.Request())

    assert refused.value.reason == "UNAUTHENTICATED"


async def test_a_public_method_answers_anybody(served: Served) -> None:
    answer = await served.stub(echo.Stub, anonymous=True).Open(echo.Request(text="hello"))

    assert (answer.text, answer.actor) == ("hello", "")


async def test_a_bad_token_does_not_close_a_public_method(served: Served) -> None:
    answer = await served.stub(echo.Stub, token="not.a.token").Open(echo.Request(text="hello"))

    assert (answer.text, answer.actor) == ("hello", "")


async def test_a_bad_token_closes_every_other_method(served: Served) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await served.stub(echo.Stub, token="not.a.token").Greet(echo.Request())

    assert refused.value.reason == "UNAUTHENTICATED"


async def test_a_refused_role_says_what_is_needed_and_what_is_there(served: Served) -> None:
    stub = served.stub(echo.Stub, caller=person(Role.VIEWER))

    with pytest.raises(RemoteRefusal, match="needs the role owner; you have the role viewer") as refused:
        await stub.Own(echo.Request())

    assert refused.value.metadata == {"needed": "owner", "role": "viewer"}


@pytest.mark.parametrize("method", ["Edit", "Own"])
@pytest.mark.parametrize("kind", [person, api_key])
async def test_a_suspended_account_changes_nothing(
    served: Served, method: str, kind: Callable[[], Caller]
) -> None:
    stub = served.stub(echo.Stub, caller=replace(kind(), suspended=True))

    with pytest.raises(RemoteRefusal) as refused:
        await getattr(stub, method)(echo.Request())

    assert refused.value.reason == "ACCOUNT_SUSPENDED"
    assert refused.value.metadata == {"account_id": ACCOUNT_ID}


@pytest.mark.parametrize("method", ["Open", "Greet", "View"])
async def test_a_suspended_account_is_read(served: Served, method: str) -> None:
    stub = served.stub(echo.Stub, caller=replace(person(), suspended=True))

    assert (await getattr(stub, method)(echo.Request(text="hello"))).text == "hello"


def test_what_only_owners_read_can_be_read_of_a_suspended_account() -> None:
    check(options_pb2.ACCESS_OWNER, replace(person(), suspended=True), changes=False)


def test_a_role_that_does_not_suffice_is_said_before_the_suspension() -> None:
    with pytest.raises(PermissionDenied):
        check(options_pb2.ACCESS_OWNER, replace(person(Role.VIEWER), suspended=True), changes=True)


async def test_nothing_but_the_token_says_who_calls(served: Served) -> None:
    token = served.token(person(Role.VIEWER))
    forged = (
        ("authorization", f"Bearer {token}"),
        ("x-account-id", "another"),
        ("x-user-id", "somebody"),
        ("x-igny8-role", "owner"),
    )
    async with grpc.aio.insecure_channel(served.target) as channel:
        answer = await echo.Stub(channel).View(echo.Request(), timeout=5, metadata=forged)

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await echo.Stub(channel).Own(echo.Request(), timeout=5, metadata=forged)

    assert answer.account_id == ACCOUNT_ID
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_token_in_another_form_is_refused_with_the_right_one(served: Served) -> None:
    async with grpc.aio.insecure_channel(served.target) as channel:
        with pytest.raises(grpc.aio.AioRpcError, match="Bearer <token>"):
            await echo.Stub(channel).View(
                echo.Request(), timeout=5, metadata=(("authorization", "Basic dXNlcjpwYXNz"),)
            )


async def test_a_server_with_undeclared_methods_does_not_start_and_names_them() -> None:
    server = Server(TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing"))
    servicer = echo.stubs.NakedServiceServicer()
    server.add_servicer(echo.stubs.add_NakedServiceServicer_to_server, servicer)

    with pytest.raises(AccessUndeclared) as refused:
        await server.start("127.0.0.1:0")

    assert "echo.v1.NakedService.Bare" in str(refused.value)
    assert "echo.v1.NakedService.Blank" in str(refused.value)
