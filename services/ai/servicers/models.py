"""ModelService: which models an account uses, and by whose keys."""

from igny8.ai import v1 as ai

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.refusal import FieldFault, RequestInvalid
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.ai import convert
from services.ai.domain.default_models import DefaultModels
from services.ai.domain.function_names import FunctionName, function_name
from services.ai.domain.provider_key import KeyedProvider
from services.ai.model_choice import ModelChoice
from services.ai.servicers import Context
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import default_models, provider_keys


class ModelServicer(ai.ModelServiceServicer):
    """Keys and default models of the caller's account."""

    def __init__(
        self, transactions: Transactions[AiTransaction], clock: Clock, *, models: ModelChoice, sealer: Sealer
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._models = models
        self._sealer = sealer

    async def ListProviderKeys(
        self, request: ai.ListProviderKeysRequest, context: Context
    ) -> ai.ListProviderKeysResponse:
        page = await self._transactions.run(
            provider_keys.list_keys, page=PageRequest.of(request), account_id=current_caller().account()
        )
        return ai.ListProviderKeysResponse(
            provider_keys=map(convert.provider_key_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def PutProviderKey(
        self, request: ai.PutProviderKeyRequest, context: Context
    ) -> ai.PutProviderKeyResponse:
        key = await self._transactions.run(
            provider_keys.put_key,
            account_id=current_caller().account(),
            provider=KeyedProvider(request.provider),
            key=request.key,
            sealer=self._sealer,
            actor=current_caller().actor,
            now=self._clock.now(),
        )
        return ai.PutProviderKeyResponse(provider_key=convert.provider_key_to_proto(key))

    async def DeleteProviderKey(
        self, request: ai.DeleteProviderKeyRequest, context: Context
    ) -> ai.DeleteProviderKeyResponse:
        await self._transactions.run(
            provider_keys.delete_key,
            account_id=current_caller().account(),
            provider=KeyedProvider(request.provider),
        )
        return ai.DeleteProviderKeyResponse()

    async def GetDefaultModels(
        self, request: ai.GetDefaultModelsRequest, context: Context
    ) -> ai.GetDefaultModelsResponse:
        chosen = await self._transactions.run(
            default_models.get_default_models, account_id=current_caller().account()
        )
        return ai.GetDefaultModelsResponse(default_models=self._shown(chosen))

    async def PutDefaultModels(
        self, request: ai.PutDefaultModelsRequest, context: Context
    ) -> ai.PutDefaultModelsResponse:
        chosen = await self._transactions.run(
            default_models.put_default_models,
            account_id=current_caller().account(),
            models=await self._checked(request.default_models),
            etag=request.etag,
            now=self._clock.now(),
        )
        return ai.PutDefaultModelsResponse(default_models=self._shown(chosen))

    async def _checked(self, message: ai.DefaultModels) -> dict[FunctionName, str]:
        """The models by function, each one that the account can use for it. Raises a refusal that names the field."""
        usable = await self._models.usable(current_caller().account())
        found: dict[FunctionName, str] = {}
        for position, given in enumerate(message.models):
            field = f"default_models.models[{position}]"
            function = function_name(given.function, field=f"{field}.function")
            if function in found:
                raise RequestInvalid(FieldFault(f"{field}.function", "must not be there twice"))
            found[function] = given.model_name
            if given.model_name:
                usable.check(
                    given.model_name, makes_images=function.makes_images, field=f"{field}.model_name"
                )
        return {function: model_name for function, model_name in found.items() if model_name}

    def _shown(self, chosen: DefaultModels) -> ai.DefaultModels:
        return convert.default_models_to_proto(chosen, platforms=self._models.platforms)
