"""The five AI functions by name, what billing calls each, and how notifications and results count what each makes."""

from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, Refusal


class FunctionName(StrEnum):
    """An AI function. Its value is the name on the wire, in the task log and in the file of its code."""

    CLUSTER_KEYWORDS = "cluster_keywords"
    GENERATE_IDEAS = "generate_ideas"
    GENERATE_CONTENT = "generate_content"
    GENERATE_IMAGE_PROMPTS = "generate_image_prompts"
    GENERATE_IMAGES = "generate_images"

    @property
    def operation_type(self) -> str:
        """What billing calls it in the ledger and the usage log."""
        return _OPERATION_TYPES[self]

    @property
    def outputs_key(self) -> str:
        """The name of its own count in a task's result, for example `images_created`."""
        return _OUTPUTS_KEYS[self]

    @property
    def makes_images(self) -> bool:
        """Whether it needs an image model rather than a text model."""
        return self is FunctionName.GENERATE_IMAGES


_OPERATION_TYPES = {
    FunctionName.CLUSTER_KEYWORDS: "clustering",
    FunctionName.GENERATE_IDEAS: "idea_generation",
    FunctionName.GENERATE_CONTENT: "content_generation",
    FunctionName.GENERATE_IMAGE_PROMPTS: "image_prompt_extraction",
    FunctionName.GENERATE_IMAGES: "image_generation",
}
_OUTPUTS_KEYS = {
    FunctionName.CLUSTER_KEYWORDS: "clusters_created",
    FunctionName.GENERATE_IDEAS: "ideas_created",
    FunctionName.GENERATE_CONTENT: "content_created",
    FunctionName.GENERATE_IMAGE_PROMPTS: "prompts_created",
    FunctionName.GENERATE_IMAGES: "images_created",
}


_FIRST = {
    FunctionName.CLUSTER_KEYWORDS: "Import keywords first.",
    FunctionName.GENERATE_IDEAS: "Cluster keywords first, or add a cluster.",
    FunctionName.GENERATE_CONTENT: "Queue ideas first, or add a task.",
    FunctionName.GENERATE_IMAGE_PROMPTS: "Write an article first.",
    FunctionName.GENERATE_IMAGES: "Make image prompts first, or name an article of which images failed.",
}
"""What there must be before a function has something to work on, as a sentence for people."""


class FunctionUnknown(Refusal):
    """No AI function has this name."""

    reason = "FUNCTION_UNKNOWN"

    def __init__(self, function: str, *, field: str) -> None:
        known = ", ".join(FunctionName)
        super().__init__(
            f"No AI function is called {function}. Known: {known}.",
            metadata={"function": function, "field": field},
            fields=[FieldFault(field, f"must be one of {known}")],
        )


class NothingToDo(Refusal):
    """No item is in the state that the function or run would work on."""

    reason = "NOTHING_TO_DO"

    @classmethod
    def of(cls, function: FunctionName) -> Self:
        """What was given is done already."""
        return cls(
            f"Nothing of what was given waits for {function}: it is done already. {_FIRST[function]}",
            metadata={"function": function.value},
        )

    @classmethod
    def at_all(cls, function: FunctionName) -> Self:
        """All was asked for, and there is none."""
        return cls(
            f"Nothing of this site waits for {function}. {_FIRST[function]}",
            metadata={"function": function.value},
        )


def function_name(value: str, *, field: str = "function") -> FunctionName:
    """The function of this name, which the request has in `field`. Raises FunctionUnknown."""
    try:
        return FunctionName(value)
    except ValueError:
        raise FunctionUnknown(value, field=field) from None
