"""What the ai server and its workers are both made of; this file and the two that use it are the only ones to know all."""

import os
import random
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from igny8.billing import v1 as billing
from igny8.publisher import v1 as publisher

from chassis.host import Host
from chassis.sealing import Sealer
from services.ai import convert
from services.ai.account_keys import reading
from services.ai.automation.item_worker import ItemWorker
from services.ai.domain.function_names import FunctionName
from services.ai.executor import Executor
from services.ai.functions.base import Function
from services.ai.functions.registry import FUNCTIONS
from services.ai.inventory import Inventory
from services.ai.ledger import Ledger, Quotes
from services.ai.model_choice import ModelChoice
from services.ai.providers.keys import AccountKeys
from services.ai.providers.limits import Limits, changed, own_limits
from services.ai.providers.port import ImageProvider, TextProvider
from services.ai.providers.registry import Defaults, Providers
from services.ai.settings import AiSettings
from services.ai.store.transaction import AiTransaction
from services.ai.task_worker import TaskWorker


def host_of(settings: AiSettings) -> Host[AiTransaction]:
    """A process of the ai service."""
    return Host(
        name="ai",
        settings=settings,
        transaction=AiTransaction,
        encode=convert.encode,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The providers of a process by their names, and the limits of their models."""

    text: Mapping[str, TextProvider]
    image: Mapping[str, ImageProvider]
    limits: Mapping[str, Limits]
    own_text: Mapping[str, Callable[[str], TextProvider]] = field(default_factory=dict)
    own_image: Mapping[str, Callable[[str], ImageProvider]] = field(default_factory=dict)
    """What makes a provider that works by an account's own key."""


class Parts:
    """The executor and all it stands on, wired once."""

    def __init__(
        self,
        host: Host[AiTransaction],
        settings: AiSettings,
        *,
        role: str,
        models: Models | None = None,
        functions: Mapping[FunctionName, Function] = FUNCTIONS,
    ) -> None:
        """`models` stand in for those that the settings name, for whoever wants to know what the rest of it costs."""
        self._host = host
        randomness = random.SystemRandom()
        self.owner = f"{role}@{socket.gethostname()}:{os.getpid()}"
        self.clock = host.clock
        self.transactions = host.transactions
        self.ledger = Ledger(
            host.client("billing", billing.CreditServiceStub),
            host.client("billing", billing.PricingServiceStub),
        )
        self.quotes = Quotes(
            host.client("billing", billing.CreditServiceStub),
            host.client("billing", billing.AccountServiceStub),
        )
        self.inventory = Inventory(
            sites=host.client("publisher", publisher.SiteServiceStub),
            planner=host.client("publisher", publisher.PlannerServiceStub),
            writer=host.client("publisher", publisher.WriterServiceStub),
            pipeline=host.client("publisher", publisher.PipelineServiceStub),
        )
        at_hand = models or _models(settings)
        self.sealer = Sealer.of(settings)
        self.providers = Providers(
            text=at_hand.text,
            image=at_hand.image,
            own_text=at_hand.own_text,
            own_image=at_hand.own_image,
            keys=AccountKeys(reading(host.transactions, self.sealer)),
            models=self.ledger.models,
            defaults=Defaults(
                text_model=settings.default_text_model, image_model=settings.default_image_model
            ),
            limits=at_hand.limits,
        )
        self.models = ModelChoice(host.transactions, self.providers)
        self.executor = Executor(
            transactions=host.transactions,
            functions=functions,
            providers=self.providers,
            ledger=self.ledger,
            inventory=self.inventory,
            clock=host.clock,
            randomness=randomness,
        )
        self.item_worker = ItemWorker(
            transactions=host.transactions,
            executor=self.executor,
            inventory=self.inventory,
            clock=host.clock,
            randomness=randomness,
            owner=self.owner,
        )
        self.task_worker = TaskWorker(
            transactions=host.transactions, executor=self.executor, clock=host.clock, owner=self.owner
        )

    def acting_for(self, account_id: str) -> AbstractContextManager[None]:
        """Calls made inside carry this account."""
        return self._host.acting_for(account_id)


def _models(settings: AiSettings) -> Models:
    """The providers by the platform's keys: offline always, openai with a key or an address, runware with a key.

    Those outside also work by an account's own key, at the same address.
    """
    from services.ai.providers.offline import OfflineImageProvider, OfflineTextProvider
    from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
    from services.ai.providers.runware import RunwareImageProvider

    text: dict[str, TextProvider] = {"offline": OfflineTextProvider()}
    image: dict[str, ImageProvider] = {"offline": OfflineImageProvider()}
    key, base_url = settings.openai_api_key.get_secret_value(), settings.openai_base_url
    openai_text = OpenAiTextProvider(api_key=key, base_url=base_url)
    openai_image = OpenAiImageProvider(
        api_key=key, base_url=base_url, allow_private=settings.allow_private_addresses
    )
    if key or base_url:
        text["openai"], image["openai"] = openai_text, openai_image
    key = settings.runware_api_key.get_secret_value()
    runware_image = RunwareImageProvider(api_key=key, base_url=settings.runware_base_url)
    if key:
        image["runware"] = runware_image
    return Models(
        text=text,
        image=image,
        own_text={"openai": openai_text.with_key},
        own_image={"openai": openai_image.with_key, "runware": runware_image.with_key},
        limits=changed(
            calls_at_once=settings.provider_calls_at_once,
            calls_per_minute=settings.provider_calls_per_minute,
            own=own_limits(settings.provider_limits),
        ),
    )
