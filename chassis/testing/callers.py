"""Callers for tests: one line each, with ids that a test need not care about."""

from typing import Final

from chassis.identity import Caller, CallerKind, Role

ACCOUNT_ID: Final = "0199aaaa-0000-7000-8000-000000000001"
OTHER_ACCOUNT_ID: Final = "0199aaaa-0000-7000-8000-000000000002"
USER_ID: Final = "0199bbbb-0000-7000-8000-000000000001"
API_KEY_ID: Final = "0199cccc-0000-7000-8000-000000000001"
OPERATOR_ID: Final = "0199dddd-0000-7000-8000-000000000001"


def person(role: Role = Role.OWNER, *, account_id: str = ACCOUNT_ID, user_id: str = USER_ID) -> Caller:
    """A person signed in to an account."""
    return Caller(kind=CallerKind.PERSON, subject=user_id, account_id=account_id, role=role)


def api_key(role: Role = Role.OWNER, *, account_id: str = ACCOUNT_ID, key_id: str = API_KEY_ID) -> Caller:
    """An API key of an account; its scopes as a role."""
    return Caller(kind=CallerKind.API_KEY, subject=key_id, account_id=account_id, role=role)


def service(name: str = "ai", *, account_id: str | None = ACCOUNT_ID) -> Caller:
    """A service of the suite, acting for an account or, with None, for nobody."""
    return Caller(kind=CallerKind.SERVICE, subject=name, account_id=account_id, role=Role.OWNER)


def operator(operator_id: str = OPERATOR_ID) -> Caller:
    """The platform's own staff."""
    return Caller(kind=CallerKind.OPERATOR, subject=operator_id, account_id=None, role=Role.VIEWER)
