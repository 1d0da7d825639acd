"""AccountService: joining, signing in, keys."""

from datetime import datetime, timedelta

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.identity import Caller, CallerKind, TokenIssuer, current_caller
from chassis.identity import Role as CallerRole
from chassis.paging import PageRequest
from chassis.refusal import PermissionDenied
from chassis.transaction import Transactions
from services.billing.convert import (
    account_to_proto,
    api_key_to_proto,
    instant_from_proto,
    instant_to_proto,
    scope_from_proto,
    user_to_proto,
)
from services.billing.domain.account import CredentialsRefused, User
from services.billing.domain.api_key import ApiKey, Scope
from services.billing.passwords import Passwords
from services.billing.servicers import Context
from services.billing.settings import BillingSettings
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import accounts

INSTALLER = "suite"
"""The service identity by which whoever installs the suite, and so has its secret, acts."""

_ROLE_OF_SCOPE = {
    Scope.READ: CallerRole.VIEWER,
    Scope.WRITE: CallerRole.EDITOR,
    Scope.ADMIN: CallerRole.OWNER,
}


class AccountServicer(billing.AccountServiceServicer):
    """Customers, their people and their keys."""

    def __init__(
        self,
        transactions: Transactions[BillingTransaction],
        clock: Clock,
        *,
        issuer: TokenIssuer,
        passwords: Passwords,
        settings: BillingSettings,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._issuer = issuer
        self._passwords = passwords
        self._settings = settings

    async def SignUp(self, request: billing.SignUpRequest, context: Context) -> billing.SignUpResponse:
        # Hashed before the transaction begins: it takes longer than everything in it.
        password_hash = await self._passwords.hash(request.password)
        now = self._clock.now()
        account, user = await self._transactions.run(
            accounts.sign_up,
            account_name=request.account_name,
            email=request.email,
            name=request.name,
            password_hash=password_hash,
            credits=self._settings.signup_credits,
            now=now,
        )
        token, ends_at = self._person_token(user, now)
        return billing.SignUpResponse(
            account=account_to_proto(account),
            user=user_to_proto(user),
            access_token=token,
            expires_at=instant_to_proto(ends_at),
        )

    async def SignIn(self, request: billing.SignInRequest, context: Context) -> billing.SignInResponse:
        login = await self._transactions.run(accounts.find_login, email=request.email)
        fits = await self._passwords.fits(request.password, stored=login.password_hash if login else None)
        if login is None or not fits:
            raise CredentialsRefused("The e-mail address or the password is wrong.")
        token, ends_at = self._person_token(login.user, self._clock.now())
        return billing.SignInResponse(
            account=account_to_proto(login.account),
            user=user_to_proto(login.user),
            access_token=token,
            expires_at=instant_to_proto(ends_at),
        )

    async def GetMe(self, request: billing.GetMeRequest, context: Context) -> billing.GetMeResponse:
        caller = current_caller()
        if caller.account_id is None:
            return billing.GetMeResponse(operator=caller.kind is CallerKind.OPERATOR)
        me = await self._transactions.run(
            accounts.get_me,
            account_id=caller.account_id,
            user_id=caller.subject if caller.kind is CallerKind.PERSON else None,
            api_key_id=caller.subject if caller.kind is CallerKind.API_KEY else None,
        )
        return billing.GetMeResponse(
            account=account_to_proto(me.account),
            user=user_to_proto(me.user) if me.user else None,
            api_key=api_key_to_proto(me.api_key) if me.api_key else None,
        )

    async def CreateApiKey(
        self, request: billing.CreateApiKeyRequest, context: Context
    ) -> billing.CreateApiKeyResponse:
        ends = request.HasField("expires_at")
        key, secret = await self._transactions.run(
            accounts.create_api_key,
            account_id=current_caller().account(),
            name=request.name,
            scope=scope_from_proto(request.scope),
            expires_at=instant_from_proto(request.expires_at) if ends else None,
            now=self._clock.now(),
        )
        return billing.CreateApiKeyResponse(api_key=api_key_to_proto(key), secret=secret)

    async def ListApiKeys(
        self, request: billing.ListApiKeysRequest, context: Context
    ) -> billing.ListApiKeysResponse:
        page = await self._transactions.run(
            accounts.list_api_keys, account_id=current_caller().account(), page=PageRequest.of(request)
        )
        return billing.ListApiKeysResponse(
            api_keys=map(api_key_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def RevokeApiKey(
        self, request: billing.RevokeApiKeyRequest, context: Context
    ) -> billing.RevokeApiKeyResponse:
        key = await self._transactions.run(
            accounts.revoke_api_key,
            account_id=current_caller().account(),
            api_key_id=request.api_key_id,
            now=self._clock.now(),
        )
        return billing.RevokeApiKeyResponse(api_key=api_key_to_proto(key))

    async def ExchangeApiKey(
        self, request: billing.ExchangeApiKeyRequest, context: Context
    ) -> billing.ExchangeApiKeyResponse:
        now = self._clock.now()
        key, ends_at = await self._transactions.run(accounts.exchange_api_key, secret=request.secret, now=now)
        token = self._issuer.issue(_caller_of(key), lifetime_seconds=_seconds(ends_at - now))
        return billing.ExchangeApiKeyResponse(access_token=token, expires_at=instant_to_proto(ends_at))

    async def CreateOperatorKey(
        self, request: billing.CreateOperatorKeyRequest, context: Context
    ) -> billing.CreateOperatorKeyResponse:
        caller = current_caller()
        if caller.subject != INSTALLER:
            raise PermissionDenied(
                f"Only whoever installs the suite makes operators; the service {caller.subject} cannot.",
                metadata={"needed": INSTALLER, "service": caller.subject},
            )
        key, secret = await self._transactions.run(
            accounts.create_operator_key, name=request.name, now=self._clock.now()
        )
        return billing.CreateOperatorKeyResponse(api_key_id=key.id, secret=secret)

    def _person_token(self, user: User, now: datetime) -> tuple[str, datetime]:
        caller = Caller(
            kind=CallerKind.PERSON,
            subject=user.id,
            account_id=user.account_id,
            role=CallerRole[user.role.name],
        )
        lifetime = timedelta(seconds=self._settings.access_token_seconds)
        return self._issuer.issue(caller, lifetime_seconds=_seconds(lifetime)), now + lifetime


def _caller_of(key: ApiKey) -> Caller:
    return Caller(
        kind=CallerKind.OPERATOR if key.account_id is None else CallerKind.API_KEY,
        subject=key.id,
        account_id=key.account_id,
        role=_ROLE_OF_SCOPE[key.scope],
    )


def _seconds(span: timedelta) -> int:
    # Rounded down: a token must not outlive its key by the part of a second.
    return int(span.total_seconds())
