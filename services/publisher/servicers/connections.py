"""The connections of SiteService."""

from collections.abc import Mapping
from typing import Any

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.publisher.convert_connection import connection_to_proto, finding_to_proto, wanted_from_proto
from services.publisher.domain.target import Target
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.port import TargetPort
from services.publisher.targets.testing import check_connection
from services.publisher.usecases import connections, leaving
from services.publisher.usecases.credentials import new_signing_secret


class ConnectionActions:
    """GetConnection, PutConnection, DeleteConnection, TestConnection and RotateConnectionSecret; SiteServicer inherits them."""

    _transactions: Transactions[PublisherTransaction]
    _clock: Clock
    _sealer: Sealer
    _targets: Mapping[Target, TargetPort]

    async def GetConnection(
        self, request: publisher.GetConnectionRequest, context: Context
    ) -> publisher.GetConnectionResponse:
        connection = await self._transactions.run(
            connections.get_connection, site_id=request.site_id, account_id=current_caller().account()
        )
        return publisher.GetConnectionResponse(connection=connection_to_proto(connection))

    async def PutConnection(
        self, request: publisher.PutConnectionRequest, context: Context
    ) -> publisher.PutConnectionResponse:
        caller = current_caller()
        given = await self._transactions.run(
            connections.put_connection,
            site_id=request.site_id,
            account_id=caller.account(),
            wanted=wanted_from_proto(request),
            etag=request.etag,
            sealer=self._sealer,
            make_secret=new_signing_secret,
            actor=caller.actor,
            now=self._clock.now(),
        )
        return publisher.PutConnectionResponse(
            connection=connection_to_proto(given.connection),
            signing_secret=given.signing_secret.reveal() if given.signing_secret else "",
        )

    async def DeleteConnection(
        self, request: publisher.DeleteConnectionRequest, context: Context
    ) -> publisher.DeleteConnectionResponse:
        asked: dict[str, Any] = {
            "site_id": request.site_id,
            "account_id": current_caller().account(),
            "etag": request.etag,
            "now": self._clock.now(),
        }
        if request.leave_content:
            # Some at a time: a site may have thousands, and each is locked.
            while await self._transactions.run(leaving.leave_some, **asked):
                continue
        await self._transactions.run(connections.delete_connection, **asked)
        return publisher.DeleteConnectionResponse()

    async def TestConnection(
        self, request: publisher.TestConnectionRequest, context: Context
    ) -> publisher.TestConnectionResponse:
        connection, findings = await check_connection(
            self._transactions,
            self._clock,
            site_id=request.site_id,
            account_id=current_caller().account(),
            sealer=self._sealer,
            targets=self._targets,
        )
        return publisher.TestConnectionResponse(
            connection=connection_to_proto(connection),
            findings=map(finding_to_proto, findings.findings),
            about=findings.about,
        )

    async def RotateConnectionSecret(
        self, request: publisher.RotateConnectionSecretRequest, context: Context
    ) -> publisher.RotateConnectionSecretResponse:
        given = await self._transactions.run(
            connections.rotate_secret,
            site_id=request.site_id,
            account_id=current_caller().account(),
            etag=request.etag,
            sealer=self._sealer,
            make_secret=new_signing_secret,
            now=self._clock.now(),
        )
        assert given.signing_secret is not None, "rotating makes a secret"
        return publisher.RotateConnectionSecretResponse(
            connection=connection_to_proto(given.connection), signing_secret=given.signing_secret.reveal()
        )
