"""What an AI function is: it says how to prepare, prompt, parse and save; the executor does everything else.

A function holds no client of billing, no provider and no database, so it can neither charge, call a model nor write
a task log by any way but the one road.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, TypeVar

from igny8.publisher import v1 as publisher
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from chassis.refusal import NotFound, Refusal
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.schemas import SCHEMAS, Schema
from services.ai.inventory import Inventory
from services.ai.ledger import Estimate
from services.ai.prompts import LATEST, render
from services.ai.providers.port import ImageRequest, ProviderMalformed, TextRequest

CHARACTERS_PER_TOKEN = 4
"""A common rule of thumb for English; only estimates are made of it, never charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An item to be: what it is about, and everything its prompt needs."""

    item_id: str
    label: str
    input: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What came of an item: how many things were made, and which of them a later stage may work on."""

    outputs: int
    flow: tuple[Output, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the item's journal."""
        return {
            **self.facts,
            "outputs": self.outputs,
            "flow": [{"id": output.id, "label": output.label} for output in self.flow],
        }


class Function(Protocol):
    """One AI function."""

    @property
    def name(self) -> FunctionName:
        """Its name on the wire and in the task log."""

    async def prepare(self, inventory: Inventory, task: AiTask) -> list[Draft]:
        """Reads what the task's `payload` names and fixes the items. Raises NotFound for ids that are not the site's."""

    def request(self, task: AiTask, item: TaskItem, *, fault: str = "") -> TextRequest | ImageRequest:
        """What is asked of the model; `fault` says what was wrong with its first answer, for the repair attempt."""

    def estimate(self, task: AiTask, items: Sequence[TaskItem]) -> Estimate:
        """What the items may take, for the quote."""

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        """Tells publisher that the item is being worked on, where publisher keeps such a state."""

    def parse(self, item: TaskItem, answer: Answer) -> Any:
        """The answer to the call that follows on the item's drafts, checked. Raises ProviderMalformed."""

    def assemble(self, item: TaskItem, drafts: tuple[Any, ...]) -> Any | None:
        """What the parsed answers of all calls so far come to; None while there is more to ask for.

        Where it gives None the drafts are JSON, and are kept in the item's journal with the next answer.
        """

    async def save(
        self, inventory: Inventory, task: AiTask, item: TaskItem, output: Any, *, request_id: str
    ) -> Saved:
        """Hands what `assemble` gave to publisher. Safe to repeat under the same request_id."""

    async def fail(self, inventory: Inventory, item: TaskItem, error: str) -> None:
        """Tells publisher that the item failed for good, where publisher keeps such a state."""

    def describe(self, task: AiTask, item: TaskItem) -> str:
        """The item's line in the ledger, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call of a text function: the step of its templates, what they are filled with, and the answer's limit."""

    values: Mapping[str, Any]
    output_tokens_maximum: int
    step: str = ""

    def schema_name(self, name: FunctionName) -> str:
        """By what the JSON schema of the answer is found in `SCHEMAS`."""
        return f"{name.value}_{self.step}" if self.step else name.value

    def schema(self, name: FunctionName) -> Schema:
        """The JSON schema of the answer."""
        return SCHEMAS[self.schema_name(name)]


class TextFunction:
    """What the four text functions share: templates in, JSON of a schema out."""

    name: FunctionName
    output_tokens_expected: int = 800
    output_tokens_maximum: int = 4_000

    def question(self, item: TaskItem) -> Question:
        """The call that follows on the item's drafts."""
        return Question(values=item.input, output_tokens_maximum=self.most_output_tokens(item))

    def request(self, task: AiTask, item: TaskItem, *, fault: str = "") -> TextRequest:
        question, version = self.question(item), LATEST[self.name.value]
        prompt = render(self.name.value, version, question.values, step=question.step)
        user = prompt.user
        if fault:
            user = f"{user}\n\nYour first answer could not be used: {fault}\nAnswer again, correctly."
        return TextRequest(
            model=task.model_name,
            prompt_name=prompt.name,
            prompt_version=version,
            system=prompt.system,
            user=user,
            schema=question.schema(self.name),
            input=question.values,
            max_output_tokens=question.output_tokens_maximum,
        )

    def estimate(self, task: AiTask, items: Sequence[TaskItem]) -> Estimate:
        requests = [self.request(task, item) for item in items]
        read = sum(
            (len(request.system) + len(request.user)) // CHARACTERS_PER_TOKEN + 1 for request in requests
        )
        likely = sum(self.likely_output_tokens(item) for item in items)
        most = sum(self.most_output_tokens(item) for item in items)
        return Estimate(
            items=len(items),
            expected_tokens=read + likely,
            expected_output_tokens=likely,
            maximum_tokens=read + most,
            maximum_output_tokens=most,
        )

    def likely_output_tokens(self, item: TaskItem) -> int:
        return self.output_tokens_expected

    def most_output_tokens(self, item: TaskItem) -> int:
        return self.output_tokens_maximum

    async def begin(self, inventory: Inventory, item: TaskItem) -> None:
        """Publisher keeps no state for it."""

    async def fail(self, inventory: Inventory, item: TaskItem, error: str) -> None:
        """Publisher keeps no state for it: what was read stays as it was."""

    def describe(self, task: AiTask, item: TaskItem) -> str:
        return f"{item.label} with {task.model_name}"

    def assemble(self, item: TaskItem, drafts: tuple[Any, ...]) -> Any | None:
        """One call is enough."""
        return drafts[-1]

    def answer_json(self, item: TaskItem, answer: Answer) -> Any:
        """The answer as data that fits the schema it was asked for with. Raises ProviderMalformed."""
        try:
            data = json.loads(answer.data)
            fault = best_match(_validator(self.question(item).schema_name(self.name)).iter_errors(data))
        except (ValueError, RecursionError) as error:
            raise malformed(answer, str(error)) from error
        if fault is not None:
            raise malformed(answer, fault.message)
        return data


@cache
def _validator(schema_name: str) -> Draft202012Validator:
    """Made once: it costs many times what one answer does."""
    return Draft202012Validator(SCHEMAS[schema_name])


def malformed(answer: Answer, fault: str) -> ProviderMalformed:
    """The answer is not what was asked for; `fault` says how."""
    return ProviderMalformed(
        f"The answer of {answer.model_name} could not be used: {fault[:500]}.",
        provider=answer.model_name,
        metadata={"fault": fault[:500]},
    )


Noun = TypeVar("Noun")


def all_there(kind: str, wanted: Sequence[str], found: Mapping[str, Noun], task: AiTask) -> list[Noun]:
    """The found ones, in order. By hand a missing id is refused; in a run it was deleted meanwhile and is left out."""
    for id in wanted:
        if id not in found and task.run_id is None:
            raise NotFound(kind=kind, id=id)
    return [found[id] for id in wanted if id in found]


async def articles(inventory: Inventory, task: AiTask) -> list[publisher.Content]:
    """The articles the task was asked to work on, as `all_there` does for other nouns."""
    found: dict[str, publisher.Content] = {}
    for id in task_ids(task):
        try:
            content = await inventory.content(id)
        except Refusal as refusal:
            if refusal.reason != NotFound.reason:
                raise
            continue
        if content.site_id == task.site_id:
            found[id] = content
    return all_there("content", task_ids(task), found, task)


def task_ids(task: AiTask) -> list[str]:
    """The ids the task was asked to work on, each once, in order."""
    return list(dict.fromkeys(task.payload["task_ids"]))
