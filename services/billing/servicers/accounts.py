"""AccountService: people, keys and suspension; joining and signing in are in `sign_in.py`."""

from igny8.billing import v1 as billing

from chassis.identity import Caller, CallerKind, current_caller
from chassis.identity import Role as CallerRole
from chassis.paging import PageRequest
from chassis.refusal import PermissionDenied
from services.billing.convert import (
    account_to_proto,
    api_key_to_proto,
    instant_from_proto,
    instant_to_proto,
    role_from_proto,
    scope_from_proto,
    user_to_proto,
)
from services.billing.domain.api_key import Scope
from services.billing.servicers import Context
from services.billing.servicers.sign_in import SignInMethods
from services.billing.usecases import accounts, people

INSTALLER = "suite"
"""The service identity by which whoever installs the suite, and so has its secret, acts."""

_ROLE_OF_SCOPE = {
    Scope.READ: CallerRole.VIEWER,
    Scope.WRITE: CallerRole.EDITOR,
    Scope.ADMIN: CallerRole.OWNER,
}


class AccountServicer(SignInMethods, billing.AccountServiceServicer):
    """Customers, their people and their keys."""

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

    async def ListUsers(
        self, request: billing.ListUsersRequest, context: Context
    ) -> billing.ListUsersResponse:
        page = await self._transactions.run(
            people.list_users, account_id=current_caller().account(), page=PageRequest.of(request)
        )
        return billing.ListUsersResponse(
            users=map(user_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def InviteUser(
        self, request: billing.InviteUserRequest, context: Context
    ) -> billing.InviteUserResponse:
        user, invitation, secret = await self._transactions.run(
            people.invite_user,
            account_id=current_caller().account(),
            email=request.email,
            name=request.name,
            role=role_from_proto(request.role),
            now=self._clock.now(),
        )
        return billing.InviteUserResponse(
            user=user_to_proto(user),
            invitation_token=secret,
            expires_at=instant_to_proto(invitation.expires_at),
        )

    async def SetUserRole(
        self, request: billing.SetUserRoleRequest, context: Context
    ) -> billing.SetUserRoleResponse:
        user = await self._transactions.run(
            people.set_user_role,
            account_id=current_caller().account(),
            user_id=request.user_id,
            role=role_from_proto(request.role),
            now=self._clock.now(),
        )
        return billing.SetUserRoleResponse(user=user_to_proto(user))

    async def RemoveUser(
        self, request: billing.RemoveUserRequest, context: Context
    ) -> billing.RemoveUserResponse:
        await self._transactions.run(
            people.remove_user, account_id=current_caller().account(), user_id=request.user_id
        )
        return billing.RemoveUserResponse()

    async def SuspendAccount(
        self, request: billing.SuspendAccountRequest, context: Context
    ) -> billing.SuspendAccountResponse:
        account = await self._transactions.run(accounts.suspend, account_id=request.account_id)
        return billing.SuspendAccountResponse(account=account_to_proto(account))

    async def LiftSuspension(
        self, request: billing.LiftSuspensionRequest, context: Context
    ) -> billing.LiftSuspensionResponse:
        account = await self._transactions.run(accounts.lift_suspension, account_id=request.account_id)
        return billing.LiftSuspensionResponse(account=account_to_proto(account))

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
        made = await self._transactions.run(accounts.exchange_api_key, secret=request.secret, now=now)
        # Rounded down: a token must not outlive its key by the part of a second.
        seconds = int((made.ends_at - now).total_seconds())
        token = self._issuer.issue(_caller_of(made), lifetime_seconds=seconds)
        return billing.ExchangeApiKeyResponse(access_token=token, expires_at=instant_to_proto(made.ends_at))

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


def _caller_of(made: accounts.Exchanged) -> Caller:
    key = made.key
    return Caller(
        kind=CallerKind.OPERATOR if key.account_id is None else CallerKind.API_KEY,
        subject=key.id,
        account_id=key.account_id,
        role=_ROLE_OF_SCOPE[key.scope],
        suspended=made.suspended,
    )
