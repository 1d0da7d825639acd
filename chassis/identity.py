"""Who calls: the caller of a request, and the signed tokens by which every service knows it without asking anybody."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.clock import Clock, SystemClock
from chassis.ids import new_id
from chassis.refusal import PermissionDenied, Unauthenticated

SERVICES: Final = frozenset({"billing", "ai", "publisher", "notifications", "gateway", "suite"})
"""Names a service token may be issued by."""

PLATFORM_ISSUER: Final = "igny8-billing"
"""Issuer of the tokens of people, API keys and operators; only billing signs with its key."""

PLATFORM_AUDIENCE: Final = "igny8"
"""Audience of those tokens: every service of the suite."""

TOKEN_LIFETIME_SECONDS: Final = 600
LEEWAY_SECONDS: Final = 5
SECRET_KEY_LENGTH_MIN: Final = 32


class CallerKind(StrEnum):
    """What kind of caller a token speaks for."""

    PERSON = "person"
    API_KEY = "api_key"
    SERVICE = "service"
    OPERATOR = "operator"


class Role(IntEnum):
    """What a caller may do in its account; each role includes the ones before it."""

    VIEWER = 1
    EDITOR = 2
    OWNER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A verified caller. A service has the role OWNER in the account it acts for; an operator has no account."""

    kind: CallerKind
    subject: str
    account_id: str | None
    role: Role
    suspended: bool = False
    """Whether the platform had suspended the account when the token was made: then it can only be read."""
    client_address: str = ""
    """In the gateway's own tokens, the IP address of whom it serves before anybody has signed in."""

    @property
    def actor(self) -> str:
        """The caller in one word for records: `user:<id>`, `api_key:<id>`, `service:ai`, `operator:<id>`."""
        return f"{'user' if self.kind is CallerKind.PERSON else self.kind}:{self.subject}"

    def account(self) -> str:
        """The account the call is about. Raises PermissionDenied for a caller that acts for none."""
        if self.account_id is None:
            raise PermissionDenied(
                f"This needs an account, and a caller of the kind {self.kind} acts for none here.",
                metadata={"needed": "account", "kind": self.kind},
            )
        return self.account_id


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current_caller() -> Caller:
    """The caller of the request being served. Raises Unauthenticated where a public method got no token."""
    caller = _caller.get()
    if caller is None:
        raise Unauthenticated("Sign in first: this call came without a token.")
    return caller


def caller_or_none() -> Caller | None:
    """The caller of the request being served, or None outside a request and on an anonymous public one."""
    return _caller.get()


def set_caller(caller: Caller | None) -> None:
    """Sets the caller for the rest of this task; for the server, whose every call is a task of its own."""
    _caller.set(caller)


@contextmanager
def calling_as(caller: Caller | None) -> Iterator[None]:
    """Lets the code inside run as if `caller` had made the request; for consumers, commands and tests."""
    before = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(before)


class Keyring:
    """One Ed25519 signing key per issuer, derived from the suite's secret, so that none has to be handed around."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._private: dict[str, Ed25519PrivateKey] = {}
        self._issuers = {key_id(issuer): issuer for issuer in (*SERVICES, PLATFORM_ISSUER)}

    @classmethod
    def from_secret(cls, secret_key: str) -> Self:
        """Raises ValueError for a secret of fewer than 32 characters."""
        if len(secret_key) < SECRET_KEY_LENGTH_MIN:
            raise ValueError(f"The secret key must have at least {SECRET_KEY_LENGTH_MIN} characters.")
        return cls(secret_key.encode())

    def derived(self, purpose: str) -> bytes:
        """32 secret bytes for one purpose, independent of every signing key and of every other purpose."""
        info = f"igny8 derived key v1 purpose={purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret)

    def private(self, issuer: str) -> Ed25519PrivateKey:
        """The key `issuer` signs with."""
        key = self._private.get(issuer)
        if key is None:
            # HKDF of RFC 5869; the info string makes the keys of two issuers independent of each other.
            info = f"igny8 token signing key v1 issuer={issuer}".encode()
            seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret)
            key = self._private[issuer] = Ed25519PrivateKey.from_private_bytes(seed)
        return key

    def public(self, kid: str) -> tuple[str, Ed25519PublicKey] | None:
        """The issuer and key of a key id of our own ring; None for any other id."""
        issuer = self._issuers.get(kid)
        return None if issuer is None else (issuer, self.private(issuer).public_key())


def key_id(issuer: str) -> str:
    """The `kid` of an issuer's key; the version moves when the derivation does."""
    return f"{issuer}.v1"


class TokenIssuer:
    """Signs tokens as one service: service tokens as itself and, as billing, those of people, keys and operators."""

    def __init__(self, keyring: Keyring, issuer: str, clock: Clock | None = None) -> None:
        assert issuer in SERVICES, f"{issuer} is no service of the suite"
        self._keyring = keyring
        self._issuer = issuer
        self._clock = clock or SystemClock()

    def issue(
        self,
        caller: Caller,
        *,
        audience: str = PLATFORM_AUDIENCE,
        lifetime_seconds: int = TOKEN_LIFETIME_SECONDS,
        token_id: str = "",
    ) -> str:
        """A token that lets its bearer call as `caller`. `audience` is the callee's name for a service token."""
        by_service = caller.kind is CallerKind.SERVICE
        if by_service:
            assert caller.subject == self._issuer, "a service issues tokens for itself only"
            assert audience != PLATFORM_AUDIENCE, "a service token is for one callee"
        else:
            assert self._issuer == "billing", "only billing issues the tokens of people, keys and operators"
            assert audience == PLATFORM_AUDIENCE, "such a token is for every service"
        issuer = self._issuer if by_service else PLATFORM_ISSUER
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": audience,
            "sub": caller.subject,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=lifetime_seconds)).timestamp()),
            "jti": token_id or new_id(),
            "kind": caller.kind.value,
            "role": caller.role.name.lower(),
        }
        if caller.account_id is not None:
            claims["account_id"] = caller.account_id
        if caller.suspended:
            claims["suspended"] = True
        if caller.client_address:
            assert by_service, "people and keys do not say where they come from"
            claims["client_address"] = caller.client_address
        return jwt.encode(
            claims, self._keyring.private(issuer), algorithm="EdDSA", headers={"kid": key_id(issuer)}
        )


class TokenVerifier:
    """Verifies tokens for one service, offline.

    A token that was verified is remembered until it expires, because a verification takes a hundred
    microseconds and the same few tokens come with almost every call.
    """

    def __init__(
        self, keyring: Keyring, audience: str, clock: Clock | None = None, *, remembered_max: int = 4096
    ) -> None:
        self._keyring = keyring
        self._audience = audience
        self._clock = clock or SystemClock()
        self._remembered_max = remembered_max
        self._remembered: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """The caller the token speaks for. Raises Unauthenticated for any fault, without telling the details."""
        known = self._remembered.get(token)
        if known is not None:
            caller, expires_at = known
            if self._clock.now().timestamp() < expires_at:
                return caller
            del self._remembered[token]
        claims = self._claims(token)
        caller = self._caller(claims)
        self._remembered[token] = (caller, float(claims["exp"]))
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        """The claims of a token with a good signature, a known issuer, our audience and a time that is now."""
        try:
            # Only our own ring is asked: `jku`, `x5u` and `jwk` in the header are never looked at (RFC 8725, 3.10).
            found = self._keyring.public(str(jwt.get_unverified_header(token).get("kid")))
            if found is None:
                raise Unauthenticated(_REFUSED)
            issuer, key = found
            audience = PLATFORM_AUDIENCE if issuer == PLATFORM_ISSUER else self._audience
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=audience,
                issuer=issuer,
                options={
                    "require": ["exp", "iat", "aud", "iss", "sub", "jti"],
                    # Times are judged below by the clock that was passed in.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "strict_aud": True,
                },
            )
            now = self._clock.now().timestamp()
            expires_at, issued_at = float(claims["exp"]), float(claims["iat"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated(_REFUSED) from error
        if now > expires_at + LEEWAY_SECONDS:
            raise Unauthenticated("Sign in again: the access token has expired.")
        if issued_at > now + LEEWAY_SECONDS:
            raise Unauthenticated(_REFUSED)
        return claims

    def _caller(self, claims: dict[str, Any]) -> Caller:
        try:
            kind = CallerKind(str(claims.get("kind")))
            role = Role[str(claims.get("role")).upper()]
        except (KeyError, ValueError) as error:
            raise Unauthenticated(_REFUSED) from error
        by_service = kind is CallerKind.SERVICE
        account_id = claims.get("account_id")
        fits = (
            claims["iss"] in SERVICES and claims["sub"] == claims["iss"]
            if by_service
            else claims["iss"] == PLATFORM_ISSUER
        )
        # A person or a key without an account, or an operator with one, was never issued.
        if not by_service:
            fits = fits and (account_id is None) == (kind is CallerKind.OPERATOR)
        if not fits or not (account_id is None or isinstance(account_id, str)):
            raise Unauthenticated(_REFUSED)
        return Caller(
            kind=kind,
            subject=str(claims["sub"]),
            account_id=account_id,
            role=role,
            suspended=bool(claims.get("suspended", False)),
            client_address=str(claims.get("client_address", "")) if by_service else "",
        )


_REFUSED: Final = "Sign in again: the access token is not valid here."
