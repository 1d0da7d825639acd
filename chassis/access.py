"""Who may call a method, as the protos say, and the check of a caller against it."""

from collections.abc import Iterable
from typing import Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from igny8.options.v1 import options_pb2

from chassis.identity import Caller, CallerKind, Role
from chassis.refusal import AccountSuspended, PermissionDenied, Unauthenticated

ROLE_NEEDED: Final = {
    options_pb2.ACCESS_VIEWER: Role.VIEWER,
    options_pb2.ACCESS_EDITOR: Role.EDITOR,
    options_pb2.ACCESS_OWNER: Role.OWNER,
}

UNGUARDED_PACKAGES: Final = ("grpc.health.", "grpc.reflection.")
"""Services of grpc's own that every server has; they tell nothing of anybody."""


class AccessUndeclared(Exception):
    """A server was to serve methods that do not say who may call them."""

    def __init__(self, methods: Iterable[str]) -> None:
        super().__init__(
            "These methods have no (igny8.options.v1.access) in their proto, so they cannot be served: "
            + ", ".join(methods)
        )


def service_descriptor(full_name: str) -> ServiceDescriptor:
    """The descriptor of a service whose stubs are imported. Raises KeyError for any other."""
    return descriptor_pool.Default().FindServiceByName(full_name)


def access_of(method: MethodDescriptor) -> "options_pb2.Access.ValueType":
    """Who may call the method; ACCESS_UNSPECIFIED where its proto does not say."""
    return method.GetOptions().Extensions[options_pb2.access]


def require_declared(services: Iterable[ServiceDescriptor]) -> None:
    """Raises AccessUndeclared, naming every method of the services without an `access` option."""
    missing = [
        method.full_name
        for service in services
        for method in service.methods
        if access_of(method) == options_pb2.ACCESS_UNSPECIFIED
    ]
    if missing:
        raise AccessUndeclared(missing)


def changes_something(method: MethodDescriptor) -> bool:
    """Whether the method does more than read."""
    return method.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS


def check(access: "options_pb2.Access.ValueType", caller: Caller | None, *, changes: bool) -> None:
    """Raises Unauthenticated or PermissionDenied where a method of this access is not for the caller.

    What editors and owners change (`changes`) is refused with AccountSuspended to a suspended account.
    """
    if access == options_pb2.ACCESS_PUBLIC:
        return
    if caller is None:
        raise Unauthenticated("Sign in first: this call came without a token.")
    role = ROLE_NEEDED.get(access)
    if role is not None:
        _check_role(role, caller)
        if caller.suspended and changes and role > Role.VIEWER:
            raise AccountSuspended(caller.account())
    elif access == options_pb2.ACCESS_INTERNAL:
        if caller.kind is not CallerKind.SERVICE:
            raise PermissionDenied(
                "Only services of the suite may call this.",
                metadata={"needed": "service", "kind": caller.kind},
            )
    elif access == options_pb2.ACCESS_OPERATOR:
        if caller.kind is not CallerKind.OPERATOR:
            raise PermissionDenied(
                "Only the platform's operator may do this; no role of an account can.",
                metadata={"needed": "operator", "kind": caller.kind},
            )
    elif access != options_pb2.ACCESS_SIGNED_IN:
        raise PermissionDenied("Nobody may call this.", metadata={"needed": "nobody"})


def _check_role(needed: Role, caller: Caller) -> None:
    caller.account()
    if caller.role < needed:
        has, wants = caller.role.name.lower(), needed.name.lower()
        raise PermissionDenied(
            f"This needs the role {wants}; you have the role {has}. Ask an owner of the account.",
            metadata={"needed": wants, "role": has},
        )
