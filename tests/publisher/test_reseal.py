"""Replacing the suite's secret: connections go on working, are sealed anew, and what cannot be opened is named."""

import pytest
from sqlalchemy import text

from chassis.resealing import KeysUnknown, reseal
from chassis.sealing import Sealer
from services.publisher.domain.target import Target
from services.publisher.reseal import CONNECTIONS
from services.publisher.usecases.credentials import open_secrets
from tests.publisher.newsroom import SEALER, SECRET_KEY, Newsroom

NEW = Sealer("another secret of at least thirty-two characters", before=[SECRET_KEY])


async def test_every_connection_is_sealed_under_the_newest_secret_and_opens_as_before(
    newsroom: Newsroom,
) -> None:
    wordpress, webhook = newsroom.site(), newsroom.site()
    newsroom.connect(wordpress, password="open sesame")
    before = newsroom.connect(webhook, Target.WEBHOOK)

    assert await reseal(newsroom.transactions, NEW, CONNECTIONS) == 2
    assert await reseal(newsroom.transactions, NEW, CONNECTIONS) == 0

    after = newsroom.connection(webhook)
    now = newsroom.clock.now()
    assert (after.key_id, after.etag) == (NEW.key_id, before.etag)
    assert open_secrets(after, sealer=NEW, now=now) == open_secrets(before, sealer=SEALER, now=now)
    [password] = open_secrets(newsroom.connection(wordpress), sealer=NEW, now=now)
    assert password.reveal() == "open sesame"


async def test_connections_under_an_unknown_secret_are_counted_and_left_as_they_are(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    with newsroom.engine.begin() as connection:
        connection.execute(text("UPDATE connection SET key_id = 'abcdef'"))
    before = newsroom.connection(site)

    with pytest.raises(KeysUnknown, match="0 sealed anew; 1 cannot be opened here: 1 under abcdef"):
        await reseal(newsroom.transactions, NEW, CONNECTIONS)

    assert newsroom.connection(site) == before
