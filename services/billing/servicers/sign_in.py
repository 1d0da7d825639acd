"""The methods of AccountService by which people join, sign in, stay signed in and sign out."""

from datetime import datetime, timedelta
from urllib.parse import unquote

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.identity import Caller, CallerKind, TokenIssuer, caller_or_none
from chassis.identity import Role as CallerRole
from chassis.transaction import Transactions
from services.billing.convert import account_to_proto, instant_to_proto, user_to_proto
from services.billing.domain.account import CredentialsRefused
from services.billing.domain.secret import successor_of
from services.billing.domain.session import REFRESH_START, SessionRefused
from services.billing.passwords import Passwords
from services.billing.servicers import Context
from services.billing.settings import BillingSettings
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import sign_in
from services.billing.usecases.sign_in import Present, SignedIn


class SignInMethods:
    """A part of AccountServicer: what is open to people without a token."""

    def __init__(
        self,
        transactions: Transactions[BillingTransaction],
        clock: Clock,
        *,
        issuer: TokenIssuer,
        passwords: Passwords,
        settings: BillingSettings,
        refresh_key: bytes,
    ) -> None:
        """`refresh_key` makes each refresh token's successor."""
        self._transactions = transactions
        self._clock = clock
        self._issuer = issuer
        self._passwords = passwords
        self._settings = settings
        self._refresh_key = refresh_key
        self._session_lifetime = timedelta(days=settings.refresh_token_days)

    async def SignUp(self, request: billing.SignUpRequest, context: Context) -> billing.SignUpResponse:
        # Counted too, since its refusal tells whether an address has joined.
        attempt = sign_in.attempt_of(client_address=_client_address(context))
        await self._transactions.run(sign_in.begin_attempt, attempt=attempt, now=self._clock.now())
        # Hashed before the transaction begins: it takes longer than everything in it.
        password_hash = await self._passwords.hash(request.password)
        now = self._clock.now()
        signed_in = await self._transactions.run(
            sign_in.join,
            attempt=attempt,
            account_name=request.account_name,
            email=request.email,
            name=request.name,
            password_hash=password_hash,
            credits=self._settings.signup_credits,
            lifetime=self._session_lifetime,
            now=now,
        )
        token, ends_at = self._access_token(signed_in, now)
        return billing.SignUpResponse(
            account=account_to_proto(signed_in.account),
            user=user_to_proto(signed_in.user),
            access_token=token,
            expires_at=instant_to_proto(ends_at),
            refresh_token=signed_in.refresh_token,
            refresh_token_expires_at=instant_to_proto(signed_in.refresh_token_expires_at),
        )

    async def SignIn(self, request: billing.SignInRequest, context: Context) -> billing.SignInResponse:
        attempt = sign_in.attempt_of(email=request.email, client_address=_client_address(context))
        login = await self._transactions.run(sign_in.begin_attempt, attempt=attempt, now=self._clock.now())
        fits = await self._passwords.fits(request.password, stored=login.password_hash if login else None)
        if login is None or not fits:
            raise CredentialsRefused("The e-mail address or the password is wrong.")
        renewed_hash = await self._passwords.renewed(request.password, stored=login.password_hash)
        now = self._clock.now()
        signed_in = await self._transactions.run(
            sign_in.sign_in,
            attempt=attempt,
            login=login,
            renewed_hash=renewed_hash,
            lifetime=self._session_lifetime,
            now=now,
        )
        token, ends_at = self._access_token(signed_in, now)
        return billing.SignInResponse(
            account=account_to_proto(signed_in.account),
            user=user_to_proto(signed_in.user),
            access_token=token,
            expires_at=instant_to_proto(ends_at),
            refresh_token=signed_in.refresh_token,
            refresh_token_expires_at=instant_to_proto(signed_in.refresh_token_expires_at),
        )

    async def Refresh(self, request: billing.RefreshRequest, context: Context) -> billing.RefreshResponse:
        now = self._clock.now()
        signed_in = await self._transactions.run(
            sign_in.refresh,
            secret=request.refresh_token,
            successor=successor_of(request.refresh_token, REFRESH_START, key=self._refresh_key),
            lifetime=self._session_lifetime,
            now=now,
        )
        if signed_in is None:
            raise SessionRefused
        token, ends_at = self._access_token(signed_in, now)
        return billing.RefreshResponse(
            access_token=token,
            expires_at=instant_to_proto(ends_at),
            refresh_token=signed_in.refresh_token,
            refresh_token_expires_at=instant_to_proto(signed_in.refresh_token_expires_at),
        )

    async def ExchangeSession(
        self, request: billing.ExchangeSessionRequest, context: Context
    ) -> billing.ExchangeSessionResponse:
        now = self._clock.now()
        present = await self._transactions.run(sign_in.session_of, secret=request.refresh_token, now=now)
        token, ends_at = self._access_token(present, now, until=present.session_ends_at)
        return billing.ExchangeSessionResponse(access_token=token, expires_at=instant_to_proto(ends_at))

    async def SignOut(self, request: billing.SignOutRequest, context: Context) -> billing.SignOutResponse:
        await self._transactions.run(sign_in.sign_out, secret=request.refresh_token, now=self._clock.now())
        return billing.SignOutResponse()

    async def AcceptInvitation(
        self, request: billing.AcceptInvitationRequest, context: Context
    ) -> billing.AcceptInvitationResponse:
        await self._transactions.run(
            sign_in.check_invitation, secret=request.invitation_token, now=self._clock.now()
        )
        password_hash = await self._passwords.hash(request.password)
        now = self._clock.now()
        signed_in = await self._transactions.run(
            sign_in.accept_invitation,
            secret=request.invitation_token,
            name=request.name,
            password_hash=password_hash,
            lifetime=self._session_lifetime,
            now=now,
        )
        token, ends_at = self._access_token(signed_in, now)
        return billing.AcceptInvitationResponse(
            account=account_to_proto(signed_in.account),
            user=user_to_proto(signed_in.user),
            access_token=token,
            expires_at=instant_to_proto(ends_at),
            refresh_token=signed_in.refresh_token,
            refresh_token_expires_at=instant_to_proto(signed_in.refresh_token_expires_at),
        )

    def _access_token(
        self, signed_in: SignedIn | Present, now: datetime, *, until: datetime | None = None
    ) -> tuple[str, datetime]:
        """A token that works for as long as the settings say, and not beyond `until`."""
        caller = Caller(
            kind=CallerKind.PERSON,
            subject=signed_in.user.id,
            account_id=signed_in.account.id,
            role=CallerRole[signed_in.user.role.name],
            suspended=signed_in.account.suspended,
        )
        seconds = self._settings.access_token_seconds
        if until is not None:
            seconds = min(seconds, int((until - now).total_seconds()))
        token = self._issuer.issue(caller, lifetime_seconds=seconds)
        return token, now + timedelta(seconds=seconds)


def _client_address(context: Context) -> str:
    """Where the person is: as the gateway's token says, else the other end of the connection.

    Nothing in the request can say it, so nobody escapes a limit by naming another address.
    """
    caller = caller_or_none()
    if caller is not None and caller.client_address:
        return caller.client_address
    # "ipv4:127.0.0.1:50123" or "ipv6:%5B::1%5D:50123", see grpc's naming document.
    _, _, address = unquote(context.peer()).partition(":")
    return address.rpartition(":")[0].strip("[]")
