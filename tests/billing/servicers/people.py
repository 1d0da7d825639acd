"""Requests of people who join, sign in and invite each other, with what a test need not care about."""

from dataclasses import replace
from typing import Any

from igny8.billing import v1 as billing_proto

from chassis.identity import Caller
from chassis.testing.callers import service
from tests.billing.servicers.calls import Calls

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"


def sign_up(**changes: str) -> billing_proto.SignUpRequest:
    terms = {"account_name": "Garden Ltd", "email": EMAIL, "password": PASSWORD, "name": "Ada"}
    return billing_proto.SignUpRequest(**{**terms, **changes})


def sign_in(email: str = EMAIL, password: str = PASSWORD) -> billing_proto.SignInRequest:
    return billing_proto.SignInRequest(email=email, password=password)


def refresh(token: str) -> billing_proto.RefreshRequest:
    return billing_proto.RefreshRequest(refresh_token=token)


def exchange(token: str) -> billing_proto.ExchangeSessionRequest:
    return billing_proto.ExchangeSessionRequest(refresh_token=token)


def invite(
    email: str = "ben@example.com", role: Any = billing_proto.User.ROLE_EDITOR
) -> billing_proto.InviteUserRequest:
    return billing_proto.InviteUserRequest(email=email, role=role, name="Ben")


def accept(token: str, **changes: str) -> billing_proto.AcceptInvitationRequest:
    terms = {"invitation_token": token, "password": PASSWORD}
    return billing_proto.AcceptInvitationRequest(**{**terms, **changes})


def set_role(user_id: str, role: Any) -> billing_proto.SetUserRoleRequest:
    return billing_proto.SetUserRoleRequest(user_id=user_id, role=role)


def remove(user_id: str) -> billing_proto.RemoveUserRequest:
    return billing_proto.RemoveUserRequest(user_id=user_id)


async def colleague(
    calls: Calls, owner: Any, *, email: str = "ben@example.com", role: Any = billing_proto.User.ROLE_EDITOR
) -> billing_proto.AcceptInvitationResponse:
    """Somebody whom the owner's stub has invited, and who has accepted."""
    invited = await owner.InviteUser(invite(email, role))
    return await calls.accounts().AcceptInvitation(accept(invited.invitation_token))


def client_at(address: str) -> Caller:
    """The gateway, on behalf of somebody at this address who has not signed in."""
    return replace(service("gateway", account_id=None), client_address=address)
