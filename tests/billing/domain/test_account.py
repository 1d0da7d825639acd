"""An account is never left without an owner, and a suspended one is not written."""

import pytest

from chassis.refusal import AccountSuspended
from services.billing.domain.account import Account, LastOwner, Role, User, check_owner_stays
from tests.billing.domain.builders import NOW


def _user(role: Role = Role.OWNER, *, invited: bool = False) -> User:
    return User(
        id="ada",
        account_id="garden",
        email="ada@example.com",
        name="Ada",
        role=role,
        created_at=NOW,
        invited=invited,
    )


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, None])
def test_the_only_owner_stays_one(role: Role | None) -> None:
    with pytest.raises(LastOwner, match="is the only owner"):
        check_owner_stays(_user(), role=role, owners=1)


@pytest.mark.parametrize(
    ("user", "role", "owners"),
    [
        (_user(), Role.EDITOR, 2),
        (_user(), None, 2),
        (_user(), Role.OWNER, 1),
        (_user(Role.EDITOR), None, 1),
        (_user(invited=True), None, 1),
    ],
    ids=["one of two", "one of two goes", "stays owner", "no owner", "has not joined"],
)
def test_everybody_else_may_change(user: User, role: Role | None, owners: int) -> None:
    check_owner_stays(user, role=role, owners=owners)


def test_a_suspended_account_is_not_written_until_that_is_lifted() -> None:
    account = Account(id="garden", name="Garden Ltd", created_at=NOW).suspend()

    with pytest.raises(AccountSuspended):
        account.check_may_write()
    account.lift_suspension().check_may_write()
