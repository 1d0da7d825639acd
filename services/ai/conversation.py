"""The calls of one item, one after the other until the function has all it asked for; each is repaired once at most."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.ai.domain.task_item import Answer, TaskItem
from services.ai.functions.base import Function
from services.ai.providers.port import ProviderMalformed

AskOnce = Callable[[TaskItem, tuple[Any, ...], str], Awaitable[TaskItem]]
"""Makes the call that follows on the drafts and gives the item with its answer, journalled.

Told what was wrong with the first answer when this is the repair, else an empty text.
"""


async def understood(function: Function, item: TaskItem, ask_once: AskOnce) -> tuple[TaskItem, Any]:
    """The item with all its answers journalled, and what they come to together.

    An answer that is journalled already is not asked for. Raises ProviderMalformed, and whatever the call raises.
    """
    drafts = item.drafts
    while True:
        item, draft = await _drafted(function, item, drafts, ask_once)
        drafts = (*drafts, draft)
        output = function.assemble(item, drafts)
        if output is not None:
            return item, output


def reread(function: Function, item: TaskItem) -> Any:
    """What the journalled answers of an item come to, of which none is missing."""
    return function.assemble(item, (*item.drafts, function.parse(item, journalled(item))))


def journalled(item: TaskItem) -> Answer:
    """The last answer of an item that has one."""
    assert item.answer is not None, "the answer is journalled"
    return item.answer


async def _drafted(
    function: Function, item: TaskItem, drafts: tuple[Any, ...], ask_once: AskOnce
) -> tuple[TaskItem, Any]:
    """The item with the answer to the call that follows on `drafts`, and what it says."""
    try:
        if item.answer is None or len(drafts) > len(item.drafts):
            item = await ask_once(item, drafts, "")
        return item, function.parse(item, journalled(item))
    except ProviderMalformed as malformed:
        if item.repaired and len(drafts) == len(item.drafts):
            raise
        fault = malformed.metadata.get("fault") or malformed.fact
    item = await ask_once(item, drafts, fault)
    return item, function.parse(item, journalled(item))
