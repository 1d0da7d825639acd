"""Categories and tags at a real WordPress, which takes the same name twice where it is asked at the same instant."""

import asyncio
import html
from dataclasses import replace

from chassis.ids import new_id
from services.publisher.targets.wordpress.terms import Taxonomy, find_or_create
from tests.wordpress.running import RunningWordPress

AT_ONCE = 6


async def test_names_that_articles_ask_for_at_once_are_made_once(wordpress: RunningWordPress) -> None:
    names = names_of(4)

    asked = [find_or_create(wordpress.client(), Taxonomy.TAGS, names) for _ in range(AT_ONCE)]
    ids = await asyncio.gather(*asked)

    assert [ids[0]] * AT_ONCE == ids
    assert await made(wordpress, names) == sorted(names)


async def test_two_publishers_that_make_a_name_at_once_agree_on_one(wordpress: RunningWordPress) -> None:
    # By another name of the same machine it is another WordPress, as it is for another process.
    elsewhere = replace(wordpress.admin, url=wordpress.url.replace("127.0.0.1", "localhost"))
    clients = [wordpress.client(), wordpress.client(elsewhere)]
    for _ in range(AT_ONCE):
        names = names_of(1)

        ids = await asyncio.gather(*(find_or_create(each, Taxonomy.TAGS, names) for each in clients))

        assert ids[0] == ids[1]
        assert await made(wordpress, names) == names


def names_of(count: int) -> list[str]:
    return [f"Peat & moss {number} {new_id()}" for number in range(count)]


async def made(wordpress: RunningWordPress, names: list[str]) -> list[str]:
    """The names at WordPress that are among these, each as often as it is there."""
    there = [html.unescape(term["name"]) for term in await wordpress.all("tags")]
    return sorted(name for name in there if name in names)
