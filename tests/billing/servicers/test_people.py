"""People of an account: invited once, given roles, removed; never the last owner; felt at the next token."""

import asyncio
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing.callers import api_key, operator, person
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome
from tests.billing.servicers.people import (
    accept,
    colleague,
    invite,
    refresh,
    remove,
    set_role,
    sign_in,
    sign_up,
)

OWNER, EDITOR, VIEWER = (
    billing_proto.User.ROLE_OWNER,
    billing_proto.User.ROLE_EDITOR,
    billing_proto.User.ROLE_VIEWER,
)


@pytest.fixture
async def joined(calls: Calls) -> billing_proto.SignUpResponse:
    """Ada, the owner of a new account."""
    return await calls.accounts().SignUp(sign_up())


@pytest.fixture
def ada(calls: Calls, joined: billing_proto.SignUpResponse) -> Any:
    """Ada's stub."""
    return calls.accounts(joined.access_token)


async def test_an_invited_person_chooses_a_password_and_is_in(calls: Calls, joined: Any, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    accepted = await calls.accounts().AcceptInvitation(accept(invited.invitation_token))

    me = await calls.accounts(accepted.access_token).GetMe(billing_proto.GetMeRequest())
    again = await calls.accounts().SignIn(sign_in("ben@example.com"))
    assert (invited.user.invited, accepted.user.invited) == (True, False)
    assert (me.account, me.user, again.user) == (joined.account, accepted.user, accepted.user)
    assert (me.user.role, me.user.name) == (EDITOR, "Ben")
    assert await outcome(calls.accounts().Refresh(refresh(accepted.refresh_token))) == ""


async def test_the_person_may_bring_another_name(calls: Calls, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    accepted = await calls.accounts().AcceptInvitation(accept(invited.invitation_token, name="Benjamin"))

    assert accepted.user.name == "Benjamin"


async def test_an_invitation_works_once(calls: Calls, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    outcomes = await asyncio.gather(
        *(outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token))) for _ in range(6))
    )

    assert sorted(outcomes) == ["", *["CREDENTIALS_REFUSED"] * 5]


async def test_an_invitation_ends_after_seven_days(calls: Calls, billing: Billing, ada: Any) -> None:
    invited = await ada.InviteUser(invite())
    billing.clock.advance(days=7)

    assert (
        await outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token)))
        == "CREDENTIALS_REFUSED"
    )


async def test_inviting_again_replaces_the_invitation_and_the_role(calls: Calls, ada: Any) -> None:
    first = await ada.InviteUser(invite())

    second = await ada.InviteUser(invite(role=VIEWER))

    assert second.user.id == first.user.id
    assert (
        await outcome(calls.accounts().AcceptInvitation(accept(first.invitation_token)))
        == "CREDENTIALS_REFUSED"
    )
    accepted = await calls.accounts().AcceptInvitation(accept(second.invitation_token))
    assert accepted.user.role == VIEWER


@pytest.mark.parametrize("email", ["Ada@example.com", "ben@example.com"])
async def test_somebody_who_has_joined_is_not_invited(calls: Calls, ada: Any, email: str) -> None:
    await calls.accounts().SignUp(sign_up(email="ben@example.com"))

    assert await outcome(ada.InviteUser(invite(email))) == "ALREADY_EXISTS"


async def test_an_invitation_does_not_keep_the_address_from_joining_by_itself(calls: Calls, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    elsewhere = await calls.accounts().SignUp(sign_up(email="ben@example.com"))

    assert elsewhere.user.account_id != invited.user.account_id
    assert (
        await outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token))) == "ALREADY_EXISTS"
    )


async def test_two_accounts_may_invite_one_person_who_joins_one_of_them(calls: Calls, ada: Any) -> None:
    other = await calls.accounts().SignUp(sign_up(email="cy@example.com"))
    invitations = [await owner.InviteUser(invite()) for owner in (ada, calls.accounts(other.access_token))]

    outcomes = await asyncio.gather(
        *(outcome(calls.accounts().AcceptInvitation(accept(one.invitation_token))) for one in invitations)
    )

    assert sorted(outcomes) == ["", "ALREADY_EXISTS"]


async def test_people_are_listed_in_order_with_pages(calls: Calls, joined: Any, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    first = await ada.ListUsers(billing_proto.ListUsersRequest(page_size=1))
    second = await ada.ListUsers(
        billing_proto.ListUsersRequest(page_size=1, page_token=first.next_page_token)
    )

    assert [*first.users, *second.users] == [joined.user, invited.user]
    assert second.next_page_token == ""


async def test_a_role_counts_from_the_next_token_and_ends_the_sessions(calls: Calls, ada: Any) -> None:
    ben = await colleague(calls, ada, role=OWNER)
    as_ben = calls.accounts(ben.access_token)

    changed = await ada.SetUserRole(set_role(ben.user.id, VIEWER))

    signed_in = await calls.accounts().SignIn(sign_in("ben@example.com"))
    anew = calls.accounts(signed_in.access_token)
    assert changed.user.role == VIEWER
    assert await outcome(calls.accounts().Refresh(refresh(ben.refresh_token))) == "CREDENTIALS_REFUSED"
    assert await outcome(as_ben.ListUsers(billing_proto.ListUsersRequest())) == ""
    assert await outcome(anew.ListUsers(billing_proto.ListUsersRequest())) == "PERMISSION_DENIED"


async def test_the_same_role_again_signs_nobody_out(calls: Calls, ada: Any) -> None:
    ben = await colleague(calls, ada)

    await ada.SetUserRole(set_role(ben.user.id, EDITOR))

    assert await outcome(calls.accounts().Refresh(refresh(ben.refresh_token))) == ""


async def test_a_removed_person_is_out(calls: Calls, ada: Any) -> None:
    ben = await colleague(calls, ada)

    await ada.RemoveUser(remove(ben.user.id))

    assert await outcome(calls.accounts().Refresh(refresh(ben.refresh_token))) == "CREDENTIALS_REFUSED"
    assert await outcome(calls.accounts().SignIn(sign_in("ben@example.com"))) == "CREDENTIALS_REFUSED"
    assert await outcome(ada.RemoveUser(remove(ben.user.id))) == "NOT_FOUND"
    assert len((await ada.ListUsers(billing_proto.ListUsersRequest())).users) == 1


async def test_removing_an_invited_person_takes_the_invitation_back(calls: Calls, ada: Any) -> None:
    invited = await ada.InviteUser(invite())

    await ada.RemoveUser(remove(invited.user.id))

    assert (
        await outcome(calls.accounts().AcceptInvitation(accept(invited.invitation_token)))
        == "CREDENTIALS_REFUSED"
    )


async def test_the_only_owner_neither_goes_nor_becomes_less(joined: Any, ada: Any) -> None:
    await ada.InviteUser(invite(role=OWNER))

    with pytest.raises(RemoteRefusal, match="is the only owner") as refused:
        await ada.SetUserRole(set_role(joined.user.id, EDITOR))

    assert refused.value.reason == "STATE_CONFLICT"
    assert await outcome(ada.RemoveUser(remove(joined.user.id))) == "STATE_CONFLICT"


async def test_of_two_owners_who_remove_each_other_at_once_one_stays(
    calls: Calls, billing: Billing, joined: Any, ada: Any
) -> None:
    ben = await colleague(calls, ada, role=OWNER)
    as_ben = calls.accounts(ben.access_token)

    outcomes = await asyncio.gather(
        outcome(ada.RemoveUser(remove(ben.user.id))), outcome(as_ben.RemoveUser(remove(joined.user.id)))
    )

    assert sorted(outcomes) == ["", "STATE_CONFLICT"]
    assert billing.rows('SELECT count(*) FROM "user"') == [(1,)]


async def test_people_of_another_account_are_as_unknown_as_nobody(calls: Calls, ada: Any) -> None:
    theirs = (await calls.accounts().SignUp(sign_up(email="cy@example.com"))).user

    outcomes = [
        await outcome(call)
        for user_id in (theirs.id, new_id())
        for call in (ada.SetUserRole(set_role(user_id, VIEWER)), ada.RemoveUser(remove(user_id)))
    ]

    assert outcomes == ["NOT_FOUND"] * 4
    assert len((await ada.ListUsers(billing_proto.ListUsersRequest())).users) == 1


@pytest.mark.parametrize(
    "caller",
    [person(Role.EDITOR), api_key(Role.EDITOR), operator()],
    ids=["an editor", "a key", "the operator"],
)
async def test_only_owners_manage_people(calls: Calls, caller: Any) -> None:
    stub = calls.accounts(caller)

    outcomes = [
        await outcome(stub.ListUsers(billing_proto.ListUsersRequest())),
        await outcome(stub.InviteUser(invite())),
        await outcome(stub.SetUserRole(set_role(new_id(), VIEWER))),
        await outcome(stub.RemoveUser(remove(new_id()))),
    ]

    assert set(outcomes) == {"PERMISSION_DENIED"}


@pytest.mark.parametrize("token", ["igny8i_" + "x" * 43, "nonsense"])
async def test_an_invitation_nobody_was_given_is_refused(calls: Calls, token: str) -> None:
    assert await outcome(calls.accounts().AcceptInvitation(accept(token))) == "CREDENTIALS_REFUSED"


async def test_a_short_password_is_told_and_the_invitation_stays(calls: Calls, ada: Any) -> None:
    token = (await ada.InviteUser(invite())).invitation_token

    refused = await outcome(calls.accounts().AcceptInvitation(accept(token, password="too short")))

    assert refused == "REQUEST_INVALID"
    assert await outcome(calls.accounts().AcceptInvitation(accept(token))) == ""


@pytest.mark.parametrize(
    "request_",
    [invite("nobody"), invite(""), invite(role=billing_proto.User.ROLE_UNSPECIFIED)],
    ids=["no address", "empty", "no role"],
)
async def test_an_invitation_that_cannot_be_is_refused(ada: Any, request_: Any) -> None:
    assert await outcome(ada.InviteUser(request_)) == "REQUEST_INVALID"
