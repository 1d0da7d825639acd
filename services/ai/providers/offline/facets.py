"""Tells from a search phrase which side of a site's main topic it asks about, where it names no narrower topic."""

import re
from enum import Enum
from typing import Final


class Facet(Enum):
    """A side of a topic that many searches ask about. The order decides where a phrase shows several."""

    PLACES = "small spaces"
    ALLOWED = "what is allowed"
    HEALTH = "health"
    PROBLEMS = "problems"
    BASICS = "basics"
    RECIPES = "recipes"
    COMPARED = "compared"
    OFFERS = "offers"


NAMES: Final[dict[Facet, str]] = {
    Facet.PLACES: "{topic} in Small Spaces",
    Facet.ALLOWED: "What Is Allowed in {topic}",
    Facet.HEALTH: "{topic} and Health",
    Facet.PROBLEMS: "{topic} Problems",
    Facet.BASICS: "Getting Started With {topic}",
    Facet.RECIPES: "{topic} Recipes",
    Facet.COMPARED: "{topic} Compared",
    Facet.OFFERS: "Choosing {topic}",
}
REST_NAME: Final = "{topic} Know-How"
"""For the searches of the main topic that belong to none of its sides."""

_SIGNS: Final[dict[Facet, re.Pattern[str]]] = {
    Facet.PLACES: re.compile(
        r"\b(indoors?|apartments?|balcon(y|ies)|small (spaces?|gardens?|yards?|homes?)|condos?|patios?)\b"
    ),
    Facet.ALLOWED: re.compile(
        r"^(can|could|may|should) (you|i|we|my|a|an|the|dogs?|cats?|puppies|kids|babies)\b"
        r"|\bwhat (not to|to avoid|can|cant|cannot|should not|shouldnt|is allowed)\b|^is it (ok|okay|legal)\b"
    ),
    Facet.HEALTH: re.compile(
        r"\b(health|healthy|unhealthy|safe|safety|(good|bad) for (you|me)|side effects?|toxic|poisonous|calories"
        r"|blood (pressure|sugar)|pregnan\w+|anxiety|(how much|how many) .*too (much|many))\b"
    ),
    Facet.PROBLEMS: re.compile(
        r"\b(problems?|troubleshooting|not \w+ing|(wont|doesnt|isnt) \w+|too (?!much\b|many\b|long\b)\w+|smell(s|y|ing)?|stinks?"
        r"|bad|wrong|rats?|mice|flies|maggots|pests?|ants|sour|bitter|moldy|slimy|broken|leak(s|ing)?|stuck|fail(s|ing|ed)?"
        r"|fix(ing)?|mistakes?|get rid of|keep \w+ (out|away))\b"
    ),
    Facet.BASICS: re.compile(
        r"\b(beginners?|start(ed|ing)?|basics?|introduction|101|at home|explained|benefits?|advantages|what (is|are)"
        r"|(how|why) (do|does) \w+ work|works|meaning|guide|types of|kinds of|pros and cons|learn)\b"
    ),
    Facet.RECIPES: re.compile(
        r"\b(recipes?|breakfasts?|lunch(es)?|dinners?|desserts?|snacks?|soups?|salads?|cakes?|\w+cakes?|cookies|bread|pizza"
        r"|chicken|beef|salmon|pasta|ice cream|smoothies?|casseroles?)\b"
    ),
    Facet.COMPARED: re.compile(r"\b(vs|versus|compared|comparison|difference between|or)\b"),
    Facet.OFFERS: re.compile(
        r"\b(best|top|cheap|affordable|buy|price|prices|pricing|costs?|near (me|you)|nearby|for sale|reviews?|services?|hire|online)\b"
    ),
}
_JOINED: Final = re.compile(r"[’'`´]")


def facet_of(text: str) -> Facet | None:
    """The side of its topic that the phrase asks about; None where it shows no sign of any."""
    folded = _JOINED.sub("", text.casefold())
    return next((facet for facet, signs in _SIGNS.items() if signs.search(folded)), None)
