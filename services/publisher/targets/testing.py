"""Testing a site's connection: read, tried outside any transaction, and booked."""

import asyncio
from collections.abc import Mapping
from typing import Final

from chassis.clock import Clock
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access, Connection
from services.publisher.domain.delivery import AccessRefused
from services.publisher.domain.finding import Finding, Findings
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.port import TargetPort
from services.publisher.usecases import connections
from services.publisher.usecases.credentials import opened

CHECK_SECONDS_MAX: Final = 30.0


async def check_connection(
    transactions: Transactions[PublisherTransaction],
    clock: Clock,
    *,
    site_id: str,
    account_id: str,
    sealer: Sealer,
    targets: Mapping[Target, TargetPort],
) -> tuple[Connection, Findings]:
    """The connection as it is after the test, and what was found. Raises NotFound for the site."""
    connection = await transactions.run(connections.get_connection, site_id=site_id, account_id=account_id)
    try:
        access = opened(connection, sealer=sealer, now=clock.now())
    except AccessRefused as refused:
        findings = Findings.of(Finding(cause=refused.cause, sentence=refused.sentence))
    else:
        findings = await _check(targets[connection.target], access)
    if connection.target is Target.HOSTED:
        return connection, findings
    after = await transactions.run(
        connections.book_test,
        site_id=site_id,
        account_id=account_id,
        version=connection.version,
        findings=findings,
        now=clock.now(),
    )
    return after, findings


async def _check(target: TargetPort, access: Access) -> Findings:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await target.check(access)
    except TimeoutError:
        sentence = f"The target did not answer within {CHECK_SECONDS_MAX:g} seconds. Try again later, or ask its host."
        return Findings.of(Finding(cause=Cause.TOO_SLOW, sentence=sentence))
