"""The keys that accounts gave, from the database to the call: found, opened, and refused with a way out where they cannot be."""

from chassis.logs import get_logger
from chassis.sealing import Sealer, Unsealable
from chassis.transaction import Transactions
from services.ai.domain.provider_key import KeyedProvider
from services.ai.providers.keys import AccountKey, ReadKey
from services.ai.providers.port import ProviderKeyMissing
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import provider_keys


def reading(transactions: Transactions[AiTransaction], sealer: Sealer) -> ReadKey:
    """Reads the key of an account at a provider. What it gives raises ProviderKeyMissing for one that does not open."""

    async def read(account_id: str, provider: str) -> AccountKey | None:
        found = await transactions.run(
            provider_keys.find_key, account_id=account_id, provider=KeyedProvider(provider)
        )
        if found is None:
            return None
        try:
            return AccountKey(secret=provider_keys.open_key(sealer, found), last4=found.last4)
        except Unsealable as fault:
            get_logger().error(
                "a provider key does not open", account_id=account_id, provider=provider, fault=str(fault)
            )
            raise ProviderKeyMissing(
                f"This account's own key for {provider} cannot be read any more. "
                "Give it again, or delete it to use the platform's.",
                provider=provider,
            ) from None

    return read
