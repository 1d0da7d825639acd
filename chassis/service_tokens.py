"""The tokens a service calls others with: its own, for one callee, naming the account it acts for."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from chassis.clock import Clock, SystemClock
from chassis.identity import (
    TOKEN_LIFETIME_SECONDS,
    Caller,
    CallerKind,
    Keyring,
    Role,
    TokenIssuer,
    caller_or_none,
)

RENEW_BEFORE_SECONDS: Final = 60
TOKENS_MAX: Final = 4096

_acting_for: ContextVar[str | None] = ContextVar("acting_for", default=None)


@contextmanager
def acting_for(account_id: str | None) -> Iterator[None]:
    """Calls made inside carry this account. Outside it is the account of the request being served, if any."""
    before = _acting_for.set(account_id)
    try:
        yield
    finally:
        _acting_for.reset(before)


def account_acted_for() -> str | None:
    """The account that calls made here carry."""
    account_id = _acting_for.get()
    if account_id is not None:
        return account_id
    caller = caller_or_none()
    return caller.account_id if caller else None


class ServiceTokens:
    """Makes `authorization` values for one service's calls; signs once per callee and account, not per call."""

    def __init__(self, keyring: Keyring, service: str, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._issuer = TokenIssuer(keyring, service, self._clock)
        self._service = service
        self._tokens: OrderedDict[tuple[str, str | None], tuple[str, float]] = OrderedDict()

    def __call__(self, callee: str) -> str:
        """`Bearer <token>` for a call to `callee` made now, valid for another minute at least."""
        account_id = account_acted_for()
        key = (callee, account_id)
        now = self._clock.now().timestamp()
        found = self._tokens.get(key)
        if found is None or found[1] <= now:
            found = self._tokens[key] = (self._signed(callee, account_id), now + _KEPT_SECONDS)
            if len(self._tokens) > TOKENS_MAX:
                self._tokens.popitem(last=False)
        return found[0]

    def for_client(self, callee: str, client_address: str) -> str:
        """A token for one call on behalf of somebody at this address who has not signed in yet.

        Signed anew each time: only few and slow calls, such as signing in, need it.
        """
        caller = Caller(
            kind=CallerKind.SERVICE,
            subject=self._service,
            account_id=None,
            role=Role.OWNER,
            client_address=client_address,
        )
        return self._issuer.issue(caller, audience=callee)

    def _signed(self, callee: str, account_id: str | None) -> str:
        caller = Caller(
            kind=CallerKind.SERVICE, subject=self._service, account_id=account_id, role=Role.OWNER
        )
        return f"Bearer {self._issuer.issue(caller, audience=callee)}"


_KEPT_SECONDS: Final = TOKEN_LIFETIME_SECONDS - RENEW_BEFORE_SECONDS
