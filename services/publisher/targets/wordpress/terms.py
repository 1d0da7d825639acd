"""Categories and tags: looked up by slug, made where they are missing."""

import html
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from services.publisher.domain.slug import slug_of
from services.publisher.targets.wordpress.answers import Reply
from services.publisher.targets.wordpress.client import WordPressClient
from services.publisher.targets.wordpress.faults import Trouble, WordPressFault
from services.publisher.targets.wordpress.turns import turn

NAME_CHARACTERS_MAX: Final = 200
"""As many as WordPress keeps."""


class Taxonomy(Enum):
    """The two that posts of every WordPress have; the value is the route."""

    CATEGORIES = "categories"
    TAGS = "tags"


async def find_or_create(client: WordPressClient, taxonomy: Taxonomy, names: Sequence[str]) -> list[int]:
    """The ids of the terms with these names, in their order. Raises WordPressFault.

    One lookup finds all that are there. What is missing is created by its name alone: WordPress then refuses a
    second one of the same name in any case, and names the first.
    """
    wanted = cleaned(names)
    known = await _known(client, taxonomy, wanted)
    if len(known) < len(wanted):
        async with turn(client, taxonomy.value):
            known = await _known(client, taxonomy, wanted)
            for name in wanted:
                if name not in known:
                    known[name] = await _create(client, taxonomy, name)
    return list(dict.fromkeys(known[name] for name in wanted))


async def _known(client: WordPressClient, taxonomy: Taxonomy, names: Sequence[str]) -> dict[str, int]:
    """The ids of those that are there, by name."""
    slugs = {name: slugs_of(name) for name in names}
    asked = list(dict.fromkeys(slug for each in slugs.values() for slug in each))
    if not asked:
        return {}
    # As a visitor: who may not edit categories may not see them as an editor either.
    reply = await client.get(
        taxonomy.value, context="view", slug=",".join(asked), per_page=100, _fields="id,slug"
    )
    found = {str(term["slug"]).casefold(): int(term["id"]) for term in _terms(client, reply)}
    ids = {name: next((found[slug] for slug in slugs[name] if slug in found), None) for name in names}
    return {name: id for name, id in ids.items() if id is not None}


def cleaned(names: Sequence[str]) -> list[str]:
    """Without empty ones, on which WordPress fails, and without repetitions, in which it takes no heed of case."""
    found: dict[str, str] = {}
    for name in names:
        plain = " ".join(name.split())[:NAME_CHARACTERS_MAX].strip()
        if plain:
            found.setdefault(plain.casefold(), plain)
    return list(found.values())


def slugs_of(name: str) -> tuple[str, ...]:
    """What WordPress may have made of a name: plain letters, with & left out or not, or the name percent-encoded."""
    with_and = slug_of(name)
    without_and = slug_of(name.replace("&", ""))
    encoded = quote("-".join(name.casefold().split()), safe="-").casefold()
    return tuple(dict.fromkeys((with_and, without_and, encoded)))


async def _create(client: WordPressClient, taxonomy: Taxonomy, name: str) -> int:
    reply = await client.post(taxonomy.value, {"name": name})
    if reply.status == 201:
        return await _first(client, taxonomy, name, reply.item)
    if reply.code == "term_exists" and "term_id" in reply.detail:
        return int(reply.detail["term_id"])
    if reply.status == 403:
        # Its slug may be another than its name's; then only its name tells.
        known = await _named(client, taxonomy, name)
        if known is not None:
            return known
        account = client.account
        raise WordPressFault(Trouble.MAY_NOT_CREATE_TERM, host=account.host, user=account.user, name=name)
    raise not_accepted(client, reply)


async def _first(client: WordPressClient, taxonomy: Taxonomy, name: str, made: dict[str, Any]) -> int:
    """The one of that name. Another publisher may have made it at the same instant: the second has another slug."""
    own = int(made["id"])
    if str(made["slug"]).casefold() in slugs_of(name):
        return own
    first = (await _known(client, taxonomy, [name])).get(name, own)
    if first != own:
        # An author may not delete terms; then it stays, without articles.
        await client.delete(f"{taxonomy.value}/{own}")
    return first


async def _named(client: WordPressClient, taxonomy: Taxonomy, name: str) -> int | None:
    # Names are kept escaped, and found only so.
    reply = await client.get(
        taxonomy.value,
        context="view",
        search=html.escape(name, quote=False),
        per_page=100,
        _fields="id,name",
    )
    for term in _terms(client, reply):
        if html.unescape(str(term["name"])).casefold() == name.casefold():
            return int(term["id"])
    return None


def not_accepted(client: WordPressClient, reply: Reply) -> WordPressFault:
    """The fault of a reply that nobody has an own word for."""
    return WordPressFault(
        Trouble.NOT_ACCEPTED, host=client.account.host, status=reply.status, said=reply.said, code=reply.code
    )


def _terms(client: WordPressClient, reply: Reply) -> list[dict[str, Any]]:
    if reply.status != 200 or not isinstance(reply.data, list):
        raise not_accepted(client, reply)
    return reply.items
