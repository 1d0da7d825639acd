"""How the end of an AI function is told, for each of the five."""

from dataclasses import dataclass
from typing import Final

from services.notifications.domain.words import Severity, Told, Words, amount, sentence, sentences

INSUFFICIENT_CREDITS: Final = "INSUFFICIENT_CREDITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWords:
    """The words for one function: what it makes, and how making is called."""

    outputs_key: str
    singular: str
    plural: str
    verb: str

    def succeeded(self, told: Told) -> Words:
        """Something was made, or there was nothing to do."""
        outputs, failed = told.number(self.outputs_key), told.number("items_failed")
        credits = amount(told.number("credits_used"), "credit")
        made = (
            f"{amount(outputs, self.singular, self.plural)} {'was' if outputs == 1 else 'were'} {self.verb}"
        )
        where = " in this automation run" if told.in_run else ""
        if outputs:
            title, message = (
                f"{amount(outputs, self.singular, self.plural)} {self.verb}",
                f"{made}{where} for {credits}",
            )
        else:
            title, message = (
                f"No {self.plural} {self.verb}",
                f"There was nothing new to make{where}; {credits} used",
            )
        return Words(
            title=f"{title}, {failed:,} failed" if failed else title,
            message=sentences(message, _failed_items(failed)),
            severity=Severity.WARNING if failed else Severity.SUCCESS,
        )

    def failed(self, told: Told) -> Words:
        """Nothing was made; the message carries the error as it was said."""
        error = told.text("error") or f"The {self.plural} could not be {self.verb}"
        if told.count > 1:
            error = f"{told.count:,} attempts in this automation run failed, at last with: {error}"
        used = told.number("credits_used")
        return Words(
            title=f"{self.plural[0].upper()}{self.plural[1:]} could not be {self.verb}",
            message=sentences(
                error,
                _way_out(told),
                f"{amount(used, 'credit')} used" if used else "Nothing was charged",
            ),
            severity=Severity.ERROR,
        )


def _failed_items(failed: int) -> str:
    if not failed:
        return ""
    them = "it" if failed == 1 else "them"
    return f"{amount(failed, 'item')} failed and cost nothing; you can run {them} again"


def _way_out(told: Told) -> str:
    """The sentence of a refusal has its way out, except the one about credits, which programs know by heart."""
    if told.text("reason") != INSUFFICIENT_CREDITS:
        return ""
    return sentence("Add credits, then resume the run" if told.in_run else "Add credits, then start it again")


CLUSTERS: Final = TaskWords(
    outputs_key="clusters_created", singular="cluster", plural="clusters", verb="made"
)
IDEAS: Final = TaskWords(outputs_key="ideas_created", singular="idea", plural="ideas", verb="written")
ARTICLES: Final = TaskWords(
    outputs_key="content_created", singular="article", plural="articles", verb="written"
)
PROMPTS: Final = TaskWords(
    outputs_key="prompts_created", singular="image prompt", plural="image prompts", verb="written"
)
IMAGES: Final = TaskWords(outputs_key="images_created", singular="image", plural="images", verb="made")
