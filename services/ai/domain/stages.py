"""The seven stages of a run: what each is called, which AI function it runs, and where its outputs flow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from services.ai.domain.function_names import FunctionName


class Stage(IntEnum):
    """A stage. It is a label on an item and not a wall between items."""

    CLUSTER = 1
    IDEAS = 2
    TASKS = 3
    CONTENT = 4
    IMAGE_PROMPTS = 5
    IMAGES = 6
    REVIEW = 7

    @property
    def title(self) -> str:
        return _TITLES[self]

    @property
    def function(self) -> FunctionName | None:
        """The AI function the stage runs; None where no model is needed."""
        return _FUNCTIONS.get(self)

    @property
    def outputs_noun(self) -> str:
        """What the stage makes, for people."""
        return _OUTPUTS[self]

    @property
    def output_type(self) -> str:
        """The noun of publisher that what the stage makes is found under."""
        return _OUTPUT_TYPES.get(self, "content")


_OUTPUT_TYPES = {Stage.CLUSTER: "cluster", Stage.IDEAS: "idea", Stage.TASKS: "task"}
_TITLES = {
    Stage.CLUSTER: "Keywords to clusters",
    Stage.IDEAS: "Clusters to ideas",
    Stage.TASKS: "Ideas to tasks",
    Stage.CONTENT: "Tasks to articles",
    Stage.IMAGE_PROMPTS: "Articles to image prompts",
    Stage.IMAGES: "Image prompts to images",
    Stage.REVIEW: "Review and approval",
}
_OUTPUTS = {
    Stage.CLUSTER: "clusters",
    Stage.IDEAS: "ideas",
    Stage.TASKS: "tasks",
    Stage.CONTENT: "articles",
    Stage.IMAGE_PROMPTS: "prompts",
    Stage.IMAGES: "images",
    Stage.REVIEW: "reviewed",
}
_INPUTS = {
    Stage.CLUSTER: "keyword",
    Stage.IDEAS: "cluster",
    Stage.TASKS: "idea",
    Stage.CONTENT: "task",
    Stage.IMAGE_PROMPTS: "article",
    Stage.IMAGES: "article",
    Stage.REVIEW: "article",
}
_FUNCTIONS = {
    Stage.CLUSTER: FunctionName.CLUSTER_KEYWORDS,
    Stage.IDEAS: FunctionName.GENERATE_IDEAS,
    Stage.CONTENT: FunctionName.GENERATE_CONTENT,
    Stage.IMAGE_PROMPTS: FunctionName.GENERATE_IMAGE_PROMPTS,
    Stage.IMAGES: FunctionName.GENERATE_IMAGES,
}

BATCHED: Final = frozenset({Stage.CLUSTER, Stage.TASKS})
"""Stages whose item is a batch of inputs; an item of the others has one input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """The settings of one stage."""

    enabled: bool = True
    batch_size: int = 1
    """Inputs of one item, for the stages that batch."""
    concurrency: int = 1
    """Items of this stage in flight at once."""
    max_items_per_run: int = 0
    """At most this many inputs a run; 0 means no limit."""


DEFAULTS: Final[Mapping[Stage, StageConfig]] = {
    # Whatever is clustered together is merged; one batch after the other sees the clusters of those before.
    Stage.CLUSTER: StageConfig(batch_size=1_000, concurrency=1),
    Stage.IDEAS: StageConfig(concurrency=4),
    Stage.TASKS: StageConfig(batch_size=50, concurrency=2),
    Stage.CONTENT: StageConfig(concurrency=4),
    Stage.IMAGE_PROMPTS: StageConfig(concurrency=4),
    Stage.IMAGES: StageConfig(concurrency=4),
    Stage.REVIEW: StageConfig(concurrency=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """An item of a run that is to be made: what it works on, and what people call it."""

    stage: Stage
    input_ids: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Something a finished item made, which may be the input of a later stage."""

    id: str
    label: str


def images_wanted(enabled: Collection[Stage]) -> bool:
    """Whether articles of a run with these stages get images before they go to review."""
    return Stage.IMAGE_PROMPTS in enabled


def next_stage(stage: Stage, enabled: Collection[Stage]) -> Stage | None:
    """Where the outputs of a stage flow in a run with these stages; None when they stay in the inventory."""
    if stage is Stage.REVIEW:
        return None
    following = Stage(stage + 1)
    if stage is Stage.CONTENT and not images_wanted(enabled):
        following = Stage.REVIEW
    return following if following in enabled else None


def plan(stage: Stage, outputs: Collection[Output], *, batch_size: int) -> list[PlannedItem]:
    """Items of `stage` for these inputs: batches where the stage batches, else one item each."""
    inputs, noun = list(outputs), _INPUTS[stage]
    size = batch_size if stage in BATCHED else 1
    batches = [inputs[start : start + size] for start in range(0, len(inputs), size)]
    return [
        PlannedItem(
            stage=stage,
            input_ids=tuple(output.id for output in batch),
            label=f"{len(batch)} {noun}s" if len(batch) > 1 else batch[0].label or f"1 {noun}",
        )
        for batch in batches
    ]
