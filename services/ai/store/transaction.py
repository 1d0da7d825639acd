"""The ai service's transaction: one database transaction with its stores hung on it."""

from functools import cached_property

from chassis.transaction import Transaction
from services.ai.store.by_hand import ByHand
from services.ai.store.configs import Configs
from services.ai.store.default_models import DefaultModelsOfAccounts
from services.ai.store.leases import Leases
from services.ai.store.planned_runs import PlannedRuns
from services.ai.store.provider_keys import ProviderKeys
from services.ai.store.run_items import RunItems
from services.ai.store.run_sheets import RunSheets
from services.ai.store.runs import Runs
from services.ai.store.task_items import TaskItems
from services.ai.store.tasks import Tasks


class AiTransaction(Transaction):
    """Use cases of the ai service take this."""

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.connection)

    @cached_property
    def by_hand(self) -> ByHand:
        return ByHand(self.connection)

    @cached_property
    def task_items(self) -> TaskItems:
        return TaskItems(self.connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection)

    @cached_property
    def run_sheets(self) -> RunSheets:
        return RunSheets(self.connection)

    @cached_property
    def run_items(self) -> RunItems:
        return RunItems(self.connection)

    @cached_property
    def configs(self) -> Configs:
        return Configs(self.connection)

    @cached_property
    def planned_runs(self) -> PlannedRuns:
        return PlannedRuns(self.connection)

    @cached_property
    def default_models(self) -> DefaultModelsOfAccounts:
        return DefaultModelsOfAccounts(self.connection)

    @cached_property
    def provider_keys(self) -> ProviderKeys:
        return ProviderKeys(self.connection)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.connection)
