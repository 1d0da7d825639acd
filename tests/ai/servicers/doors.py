"""Stubs of the ai service, called by an account's people."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from igny8.ai import v1 as ai

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from chassis.testing.serving import Served
from tests.ai.workshop import Workshop

if TYPE_CHECKING:
    from igny8.ai.v1.automation_service_pb2_grpc import AutomationServiceAsyncStub
    from igny8.ai.v1.generation_service_pb2_grpc import GenerationServiceAsyncStub
    from igny8.ai.v1.model_service_pb2_grpc import ModelServiceAsyncStub


@dataclass(frozen=True)
class Doors:
    """By default the workshop's owner calls."""

    served: Served
    workshop: Workshop

    def generation(self, *, role: Role = Role.OWNER, account_id: str = "") -> "GenerationServiceAsyncStub":
        caller = person(role, account_id=account_id or self.workshop.account_id)
        return self.served.stub(ai.GenerationServiceStub, caller=caller)

    def automation(self, *, role: Role = Role.OWNER, account_id: str = "") -> "AutomationServiceAsyncStub":
        caller = person(role, account_id=account_id or self.workshop.account_id)
        return self.served.stub(ai.AutomationServiceStub, caller=caller)

    def models(self, *, role: Role = Role.OWNER, account_id: str = "") -> "ModelServiceAsyncStub":
        caller = person(role, account_id=account_id or self.workshop.account_id)
        return self.served.stub(ai.ModelServiceStub, caller=caller)

    async def give_key(self, key: str, *, provider: str = "openai") -> ai.ProviderKey:
        request = ai.PutProviderKeyRequest(provider=provider, key=key)
        return (await self.models().PutProviderKey(request)).provider_key

    async def run_function(
        self,
        function: str = "cluster_keywords",
        *ids: str,
        everything: bool = False,
        request_id: str = "",
        model_name: str = "",
        account_id: str = "",
        role: Role = Role.OWNER,
    ) -> ai.AiTask:
        request = ai.RunFunctionRequest(
            site_id=self.workshop.site_id,
            function=function,
            ids=ids,
            all=everything,
            request_id=request_id,
            model_name=model_name,
        )
        return (await self.generation(role=role, account_id=account_id).RunFunction(request)).task

    async def start_run(self, *, request_id: str = "") -> ai.AutomationRun:
        request = ai.StartRunRequest(site_id=self.workshop.site_id, request_id=request_id)
        return (await self.automation().StartRun(request)).run

    async def pause_run(self, run_id: str) -> ai.AutomationRun:
        return (await self.automation().PauseRun(ai.PauseRunRequest(run_id=run_id))).run

    async def items(self, run_id: str) -> list[ai.RunItem]:
        request = ai.ListRunItemsRequest(run_id=run_id)
        return list((await self.automation().ListRunItems(request)).items)

    async def configure(self, **config: object) -> ai.AutomationConfig:
        request = ai.PutConfigRequest(
            site_id=self.workshop.site_id,
            config=ai.AutomationConfig(**config),  # type: ignore[arg-type]
        )
        return (await self.automation().PutConfig(request)).config


def refused(reason: str) -> "pytest.RaisesExc[RemoteRefusal]":
    """`with refused("NOT_FOUND") as refusal:`"""
    return pytest.raises(RemoteRefusal, check=lambda refusal: refusal.reason == reason)


OTHER = OTHER_ACCOUNT_ID
