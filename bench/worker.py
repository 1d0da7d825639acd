"""An ai worker whose models answer after a fixed time: `python -m bench.worker`, for the benchmarks of runs.

Texts are the offline provider's, pictures always the same one, so that the time of a run is ours and the models' alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from bench.outside import PICTURE_SIZE, picture_png
from chassis.entry import run_service
from chassis.ids import new_id
from chassis.transaction import Transactions
from services.ai.composition import Models, Parts, host_of
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import Run
from services.ai.domain.stages import Stage
from services.ai.domain.task import AiTask
from services.ai.functions.base import Draft, Function
from services.ai.functions.registry import FUNCTIONS
from services.ai.inventory import Inventory
from services.ai.providers.limits import Limits
from services.ai.providers.offline import OfflineTextProvider
from services.ai.providers.port import (
    ImageAnswer,
    ImageRequest,
    Progressed,
    TextAnswer,
    TextRequest,
    nobody_waits,
)
from services.ai.store.transaction import AiTransaction
from services.ai.worker import WorkerSettings, work

T = TypeVar("T")

WALL_POLL_SECONDS: Final = 0.05
WALL_POLLS_MAX: Final = 6_000
STAGES: Final = {stage.function: stage for stage in Stage if stage.function is not None}


class BenchSettings(WorkerSettings):
    """What the benchmark sets besides."""

    bench_latency_seconds: float = 0.5
    """What a model takes to answer."""

    bench_calls_at_once: int = 16
    """Calls at once to the text model and to the image model, together."""

    bench_calls_log: Path = Path("/dev/null")
    """Where each call is noted, a line of JSON each."""

    bench_slow_call_seconds: float = 0.0
    """What the first call of each kind but the clustering takes in each run; 0 for no longer than the others."""

    bench_wall: bool = False
    """Whether no item of a stage begins before every item of the stages before it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to a model."""

    name: str
    began: float
    ended: float


class Latency:
    """How long each call takes."""

    def __init__(self, *, seconds: float, slow_seconds: float) -> None:
        self._seconds = seconds
        self._slow_seconds = slow_seconds
        self._asked: set[str] = set()

    def of(self, name: str) -> float:
        """Seconds that the next call of this name takes."""
        if name == FunctionName.CLUSTER_KEYWORDS.value:
            # The one call that every run of the benchmark begins with; all others follow from it.
            self._asked.clear()
        elif self._slow_seconds and name not in self._asked:
            self._asked.add(name)
            return self._slow_seconds
        return self._seconds


class _Slow:
    """What both models share: the latency, the slots, the log."""

    name = "offline"

    def __init__(self, settings: BenchSettings, latency: Latency, slots: asyncio.Semaphore) -> None:
        self._latency = latency
        self._log = settings.bench_calls_log
        self._slots = slots

    async def _slowly(self, name: str, answer: Callable[[], Awaitable[T]]) -> T:
        async with self._slots:
            began = time.time()
            made, _ = await asyncio.gather(answer(), asyncio.sleep(self._latency.of(name)))
            call = Call(name=name, began=began, ended=time.time())
        with self._log.open("ab") as log:
            log.write(orjson.dumps(asdict(call)) + b"\n")
        return made


class SlowTexts(_Slow):
    """The offline provider's texts, late."""

    def __init__(self, settings: BenchSettings, latency: Latency, slots: asyncio.Semaphore) -> None:
        super().__init__(settings, latency, slots)
        self._offline = OfflineTextProvider()

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        return await self._slowly(
            request.prompt_name, lambda: self._offline.complete(request, deadline=deadline)
        )


class SlowPictures(_Slow):
    """The same picture, late."""

    def __init__(self, settings: BenchSettings, latency: Latency, slots: asyncio.Semaphore) -> None:
        super().__init__(settings, latency, slots)
        self._picture = picture_png()

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        async def picture() -> ImageAnswer:
            width, height = PICTURE_SIZE
            return ImageAnswer(
                data=self._picture,
                media_type="image/png",
                width=width,
                height=height,
                model=request.model,
                provider_request_id=new_id(),
            )

        return await self._slowly(FunctionName.GENERATE_IMAGES.value, picture)


class Walled:
    """A function of a stage that waits for the whole of those before it, as a tool that works stage by stage does."""

    def __init__(self, function: Function, transactions: Transactions[AiTransaction]) -> None:
        self._function = function
        self._transactions = transactions
        self._openings: dict[str, asyncio.Task[None]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        assert task.run_id is not None, "the benchmark works by runs"
        if task.run_id not in self._openings:
            # One asks for all who wait: what the wall costs is the waiting alone.
            self._openings[task.run_id] = asyncio.create_task(self._until_open(task))
        await asyncio.shield(self._openings[task.run_id])
        return await self._function.prepare(inventory, task)

    async def _until_open(self, task: AiTask) -> None:
        for _ in range(WALL_POLLS_MAX):
            if not await self._transactions.run(self._is_behind, task=task):
                return
            await asyncio.sleep(WALL_POLL_SECONDS)
        raise AssertionError("the stages before never ended")

    def _is_behind(self, tx: AiTransaction, *, task: AiTask) -> bool:
        run: Run = tx.runs.get(task.run_id or "", account_id=task.account_id)
        before = [each for each in run.stages if each.stage < STAGES[self._function.name]]
        return any(each.ended < each.total for each in before)


async def main(settings: BenchSettings) -> None:
    """Works until it is told to end."""
    async with host_of(settings) as host:
        slots = asyncio.Semaphore(settings.bench_calls_at_once)
        latency = Latency(
            seconds=settings.bench_latency_seconds, slow_seconds=settings.bench_slow_call_seconds
        )
        functions: Mapping[FunctionName, Any] = FUNCTIONS
        if settings.bench_wall:
            functions = {name: Walled(each, host.transactions) for name, each in FUNCTIONS.items()}
        models = Models(
            text={"offline": SlowTexts(settings, latency, slots)},
            image={"offline": SlowPictures(settings, latency, slots)},
            # The slots above are the limit; waiting for one is not the model's time.
            limits={"offline": Limits(calls_at_once=settings.bench_calls_at_once)},
        )
        await work(host, settings, Parts(host, settings, role="worker", models=models, functions=functions))


if __name__ == "__main__":
    run_service(BenchSettings, main)
