"""The composition root of billing."""

import asyncio
from datetime import timedelta
from typing import Final

from igny8.billing import v1 as billing

from chassis.host import Host
from services.billing import convert
from services.billing.passwords import Passwords
from services.billing.scheduler import Sweeper
from services.billing.servicers.accounts import AccountServicer
from services.billing.servicers.audit import AuditServicer
from services.billing.servicers.credits import CreditServicer
from services.billing.servicers.prices import PricingServicer
from services.billing.servicers.writer import Writer
from services.billing.settings import BillingSettings
from services.billing.store.transaction import BillingTransaction

REFRESH_TOKENS: Final = "refresh tokens"
"""What the key is for that makes them."""


async def serve(settings: BillingSettings) -> None:
    """Runs the service until it is told to end."""
    async with Host(
        name="billing",
        settings=settings,
        transaction=BillingTransaction,
        encode=convert.encode,
    ) as host:
        passwords = Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
        writer = Writer(host.transactions, host.clock)
        host.add_servicer(
            billing.add_AccountServiceServicer_to_server,
            AccountServicer(
                host.transactions,
                host.clock,
                issuer=host.token_issuer(),
                passwords=passwords,
                settings=settings,
                refresh_key=host.keyring.derived(REFRESH_TOKENS),
            ),
        )
        host.add_servicer(
            billing.add_CreditServiceServicer_to_server,
            CreditServicer(
                host.transactions,
                host.clock,
                writer=writer,
                capture_beyond_hold=settings.capture_beyond_hold,
            ),
        )
        host.add_servicer(
            billing.add_PricingServiceServicer_to_server, PricingServicer(host.transactions, host.clock)
        )
        host.add_servicer(billing.add_AuditServiceServicer_to_server, AuditServicer(host.transactions))
        sweeper = Sweeper(
            host.transactions,
            host.clock,
            every_seconds=settings.sweep_seconds,
            audit_kept=timedelta(days=settings.audit_days),
        )
        host.add_task("sweeper", sweeper.run)
        try:
            await host.run()
        finally:
            await asyncio.to_thread(writer.close)
            passwords.close()
