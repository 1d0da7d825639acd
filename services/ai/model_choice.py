"""Which model a function uses: what the call names, else the site, else the account, else the platform."""

from collections.abc import Collection

from chassis.transaction import Transactions
from services.ai.domain.config import AutomationConfig
from services.ai.domain.function_names import FunctionName
from services.ai.providers.registry import Providers
from services.ai.providers.usable import UsableModels
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import default_models


class ModelChoice:
    """Chooses models, and refuses those that an account cannot use before anything is written or held."""

    def __init__(self, transactions: Transactions[AiTransaction], providers: Providers) -> None:
        self._transactions = transactions
        self._providers = providers

    async def usable(self, account_id: str) -> UsableModels:
        """The models that the account can use now."""
        return await self._providers.usable(account_id)

    def platforms(self, function: FunctionName) -> str:
        """The platform's model of a function."""
        return self._providers.defaults.of(makes_images=function.makes_images)

    async def for_functions(
        self,
        functions: Collection[FunctionName],
        *,
        account_id: str,
        config: AutomationConfig,
        asked: str = "",
    ) -> dict[FunctionName, str]:
        """The model of each function. `asked` is the one that the call names in its `model_name`.

        Raises ModelUnknown, which names the models that can be used, and ProviderKeyMissing.
        """
        usable = await self.usable(account_id)
        chosen = await self._transactions.run(default_models.get_default_models, account_id=account_id)
        found: dict[FunctionName, str] = {}
        for function in functions:
            makes_images = function.makes_images
            of_site = config.image_model if makes_images else config.text_model
            name, field, origin = next(
                wish
                for wish in (
                    (asked, "model_name", ""),
                    (of_site, "", "the site's automation settings"),
                    (chosen.models.get(function, ""), "", "the account's default models"),
                    (self.platforms(function), "", "the platform's settings"),
                )
                if wish[0]
            )
            found[function] = usable.check(name, makes_images=makes_images, field=field, origin=origin)
        return found
