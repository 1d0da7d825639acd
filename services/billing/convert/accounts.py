"""Between accounts, people, keys and their messages."""

from igny8.billing import v1 as billing

from services.billing.convert.values import instant_to_proto, maybe_to_proto
from services.billing.domain.account import Account, Role, User
from services.billing.domain.api_key import ApiKey, Scope


def account_to_proto(account: Account) -> billing.Account:
    return billing.Account(
        id=account.id,
        name=account.name,
        suspended=account.suspended,
        created_at=instant_to_proto(account.created_at),
    )


def user_to_proto(user: User) -> billing.User:
    return billing.User(
        id=user.id,
        account_id=user.account_id,
        email=user.email,
        name=user.name,
        role=billing.User.Role.Value(f"ROLE_{user.role.name}"),
        created_at=instant_to_proto(user.created_at),
        invited=user.invited,
    )


def api_key_to_proto(key: ApiKey) -> billing.ApiKey:
    return billing.ApiKey(
        id=key.id,
        account_id=key.account_id or "",
        name=key.name,
        prefix=key.prefix,
        scope=billing.ApiKey.Scope.Value(f"SCOPE_{key.scope.name}"),
        expires_at=maybe_to_proto(key.expires_at),
        revoked_at=maybe_to_proto(key.revoked_at),
        created_at=instant_to_proto(key.created_at),
        last_used_at=maybe_to_proto(key.last_used_at),
    )


def role_from_proto(role: billing.User.Role.ValueType) -> Role:
    return Role[billing.User.Role.Name(role).removeprefix("ROLE_")]


def scope_from_proto(scope: billing.ApiKey.Scope.ValueType) -> Scope:
    return Scope[billing.ApiKey.Scope.Name(scope).removeprefix("SCOPE_")]
