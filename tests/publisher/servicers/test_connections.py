"""SiteService over gRPC: connections and their tests, as callers see them."""

import re
from typing import Any

import pytest
from igny8.publisher import v1 as publisher
from sqlalchemy import text

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.sealing import Sealer
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from services.publisher.domain.cause import Cause
from services.publisher.domain.finding import Finding, Findings
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import SEALER, Newsroom
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal

CONNECTION = publisher.Connection
PASSWORD = "canary abcd efgh ijkl mnop qrst"
WORDPRESS = {
    "target": "wordpress",
    "url": "https://garden.example/",
    "username": "author",
    "password": PASSWORD,
}
WEBHOOK = {"target": "webhook", "url": "https://hooks.example/in"}
WRONG_PASSWORD = Finding(cause=Cause.PASSWORD_WRONG, sentence="The password is wrong. Make a new one.")


async def put(calls: Calls, site_id: str, **words: Any) -> publisher.PutConnectionResponse:
    return await calls.sites().PutConnection(publisher.PutConnectionRequest(site_id=site_id, **words))


async def get(calls: Calls, site_id: str) -> publisher.Connection:
    request = publisher.GetConnectionRequest(site_id=site_id)
    return (await calls.sites().GetConnection(request)).connection


async def rotate(calls: Calls, site_id: str, **words: Any) -> publisher.RotateConnectionSecretResponse:
    request = publisher.RotateConnectionSecretRequest(site_id=site_id, **words)
    return await calls.sites().RotateConnectionSecret(request)


async def tried(calls: Calls, site_id: str) -> publisher.TestConnectionResponse:
    return await calls.sites().TestConnection(publisher.TestConnectionRequest(site_id=site_id))


async def test_a_site_that_was_given_no_connection_is_hosted(calls: Calls) -> None:
    site = await calls.site()

    connection = await get(calls, site.id)

    assert (connection.target, connection.url, connection.status) == (
        "hosted",
        "",
        CONNECTION.STATUS_CONNECTED,
    )


async def test_a_wordpress_is_kept_without_ever_showing_its_password(calls: Calls) -> None:
    site = await calls.site()

    given = await put(calls, site.id, **WORDPRESS)

    connection = await get(calls, site.id)
    assert given.connection == connection
    assert given.signing_secret == ""
    assert (connection.target, connection.url, connection.username) == (
        "wordpress",
        "https://garden.example",
        "author",
    )
    assert connection.status == CONNECTION.STATUS_UNTESTED
    assert "canary" not in f"{given}{connection}"


async def test_the_row_holds_the_password_sealed_to_its_site(calls: Calls, newsroom: Newsroom) -> None:
    site, other = await calls.site("One"), await calls.site("Two")
    await put(calls, site.id, **WORDPRESS)
    await put(calls, other.id, **{**WORDPRESS, "password": "another"})

    with newsroom.engine.begin() as connection:
        rows = list(connection.execute(text("SELECT * FROM connection")).mappings())
        connection.execute(
            text("UPDATE connection SET sealed = (SELECT sealed FROM connection WHERE site_id = :id)"),
            {"id": site.id},
        )

    assert all(row["key_id"] == SEALER.key_id for row in rows)
    assert all(b"canary" not in bytes(row["sealed"]) for row in rows)
    findings = (await tried(calls, other.id)).findings
    assert [found.cause for found in findings] == ["credentials_unreadable"]


async def test_the_same_again_changes_nothing_and_an_empty_password_keeps_the_one_there(calls: Calls) -> None:
    site = await calls.site()
    first = (await put(calls, site.id, **WORDPRESS)).connection

    again = (await put(calls, site.id, **WORDPRESS)).connection
    kept = (await put(calls, site.id, **{**WORDPRESS, "password": ""})).connection

    assert again == kept == first


@pytest.mark.parametrize("change", [{"url": "https://evil.example"}, {"username": "admin"}])
async def test_a_stored_password_is_never_sent_to_another_place_or_user(
    calls: Calls, elsewhere: FakeTarget, change: dict[str, str]
) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)

    with pytest.raises(RemoteRefusal) as refused:
        await put(calls, site.id, **{**WORDPRESS, "password": "", **change})

    assert [fault.field for fault in refused.value.fields] == ["password"]
    await tried(calls, site.id)
    assert elsewhere.checked[0].url == "https://garden.example"


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ({**WORDPRESS, "target": "hosted"}, ["target"]),
        ({**WORDPRESS, "target": ""}, ["target"]),
        ({**WORDPRESS, "url": "garden.example"}, ["url"]),
        ({**WORDPRESS, "url": "https://me:canary@garden.example"}, ["url"]),
        ({**WORDPRESS, "url": "ftp://garden.example"}, ["url"]),
        ({**WORDPRESS, "username": ""}, ["username"]),
        ({**WORDPRESS, "username": "au:thor"}, ["username"]),
        ({**WORDPRESS, "password": ""}, ["password"]),
        ({**WORDPRESS, "password": "canary\r\nX-Evil: 1"}, ["password"]),
        ({**WORDPRESS, "username": "", "password": ""}, ["username", "password"]),
        ({**WEBHOOK, "username": "author"}, ["username"]),
        ({**WEBHOOK, "password": "canary"}, ["password"]),
    ],
)
async def test_what_is_no_connection_is_refused_by_its_fields(
    calls: Calls, words: dict[str, str], fields: list[str]
) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as refused:
        await put(calls, site.id, **words)

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == fields
    assert "canary" not in f"{refused.value} {refused.value.metadata} {refused.value.fields}"
    assert (await get(calls, site.id)).target == "hosted"


async def test_a_webhook_shows_its_secret_once(calls: Calls) -> None:
    site = await calls.site()

    first = await put(calls, site.id, **WEBHOOK)
    again = await put(calls, site.id, **WEBHOOK)

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", first.signing_secret)
    assert again.signing_secret == ""
    assert again.connection == first.connection


async def test_a_new_secret_signs_beside_the_one_before_for_a_day(
    calls: Calls, newsroom: Newsroom, elsewhere: FakeTarget
) -> None:
    site = await calls.site()
    first = (await put(calls, site.id, **WEBHOOK)).signing_secret

    second = await rotate(calls, site.id)
    await tried(calls, site.id)
    newsroom.clock.advance(days=1)
    await tried(calls, site.id)

    during, after = [[secret.reveal() for secret in access.secrets] for access in elsewhere.checked]
    assert during == [second.signing_secret, first]
    assert after == [second.signing_secret]
    assert second.connection.HasField("overlap_ends_at")


async def test_a_secret_whose_answer_was_lost_is_made_again_without_ending_the_receivers(
    calls: Calls, elsewhere: FakeTarget
) -> None:
    site = await calls.site()
    receivers = (await put(calls, site.id, **WEBHOOK)).signing_secret

    await rotate(calls, site.id)
    again = (await rotate(calls, site.id)).signing_secret

    await tried(calls, site.id)
    signing = [secret.reveal() for secret in elsewhere.checked[0].secrets]
    assert (signing[0], signing[-1], len(signing)) == (again, receivers, 3)


async def test_there_are_at_most_five_secrets_in_a_day(calls: Calls) -> None:
    site = await calls.site()
    await put(calls, site.id, **WEBHOOK)
    for _ in range(4):
        await rotate(calls, site.id)

    with pytest.raises(RemoteRefusal) as refused:
        await rotate(calls, site.id)

    assert refused.value.reason == "STATE_CONFLICT"


async def test_only_a_webhook_has_a_secret_to_rotate(calls: Calls) -> None:
    site = await calls.site()
    of_hosted = await refusal(rotate(calls, site.id))
    await put(calls, site.id, **WORDPRESS)

    assert (of_hosted, await refusal(rotate(calls, site.id))) == ("STATE_CONFLICT", "STATE_CONFLICT")


async def test_a_stale_etag_changes_nothing(calls: Calls) -> None:
    site = await calls.site()
    read = (await put(calls, site.id, **WEBHOOK)).connection.etag
    kept = (await rotate(calls, site.id, etag=read)).connection

    stale = [
        await refusal(put(calls, site.id, **WORDPRESS, etag=read)),
        await refusal(rotate(calls, site.id, etag=read)),
        await refusal(
            calls.sites().DeleteConnection(publisher.DeleteConnectionRequest(site_id=site.id, etag=read))
        ),
    ]

    assert stale == ["STALE_ETAG"] * 3
    assert await get(calls, site.id) == kept


async def test_without_its_connection_a_site_is_hosted_again(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)

    for _ in range(2):
        await calls.sites().DeleteConnection(publisher.DeleteConnectionRequest(site_id=site.id))

    assert (await get(calls, site.id)).target == "hosted"
    with newsroom.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM connection")).scalar_one() == 0


async def test_a_good_test_connects(calls: Calls, elsewhere: FakeTarget) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)
    elsewhere.findings = Findings.of(about="WordPress 6.1, as author.")

    answer = await tried(calls, site.id)

    assert (answer.connection.status, answer.about) == (
        CONNECTION.STATUS_CONNECTED,
        "WordPress 6.1, as author.",
    )
    assert answer.connection.HasField("tested_at")
    assert list(answer.findings) == []
    assert elsewhere.checked[0].secrets[0].reveal() == PASSWORD


async def test_a_warning_does_not_lose_a_connection(calls: Calls, elsewhere: FakeTarget) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)
    elsewhere.findings = Findings.of(
        Finding(cause=Cause.RIGHTS_MISSING, sentence="It makes no categories.", blocks=False)
    )

    answer = await tried(calls, site.id)

    assert answer.connection.status == CONNECTION.STATUS_CONNECTED
    assert [(found.cause, found.blocks) for found in answer.findings] == [("rights_missing", False)]


async def test_a_connection_is_told_of_as_lost_once_and_as_restored_once(
    calls: Calls, newsroom: Newsroom, elsewhere: FakeTarget
) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)
    for findings in (
        Findings(),
        Findings.of(WRONG_PASSWORD),
        Findings.of(WRONG_PASSWORD),
        Findings(),
        Findings(),
    ):
        elsewhere.findings = findings
        answer = await tried(calls, site.id)
        if findings.findings:
            assert answer.connection.cause == "password_wrong"
            assert answer.connection.reason == WRONG_PASSWORD.sentence

    assert newsroom.events() == ["connection_lost", "connection_restored"]
    [lost] = newsroom.told("connection_lost")
    assert (lost["site_id"], lost["target"], lost["cause"]) == (site.id, "wordpress", "password_wrong")


async def test_a_first_test_that_fails_is_answered_and_not_told(
    calls: Calls, newsroom: Newsroom, elsewhere: FakeTarget
) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)
    elsewhere.findings = Findings.of(WRONG_PASSWORD)

    answer = await tried(calls, site.id)
    elsewhere.findings = Findings()
    mended = await tried(calls, site.id)

    assert answer.connection.status == CONNECTION.STATUS_LOST
    assert mended.connection.status == CONNECTION.STATUS_CONNECTED
    assert newsroom.events() == []


async def test_another_secret_of_the_suite_is_a_named_cause(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    await put(calls, site.id, **WORDPRESS)
    with newsroom.engine.begin() as connection:
        connection.execute(text("UPDATE connection SET key_id = :other"), {"other": Sealer("x" * 32).key_id})

    answer = await tried(calls, site.id)
    given_again = await put(calls, site.id, **WORDPRESS)

    assert [found.cause for found in answer.findings] == ["credentials_unreadable"]
    assert given_again.connection.status == CONNECTION.STATUS_UNTESTED


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_owners_give_and_take_connections(calls: Calls, role: Role) -> None:
    site = await calls.site()
    of_role = calls.sites(person(role))

    answers = [
        await refusal(of_role.PutConnection(publisher.PutConnectionRequest(site_id=site.id, **WORDPRESS))),
        await refusal(of_role.DeleteConnection(publisher.DeleteConnectionRequest(site_id=site.id))),
        await refusal(
            of_role.RotateConnectionSecret(publisher.RotateConnectionSecretRequest(site_id=site.id))
        ),
        await refusal(of_role.GetConnection(publisher.GetConnectionRequest(site_id=site.id))),
        await refusal(of_role.TestConnection(publisher.TestConnectionRequest(site_id=site.id))),
    ]

    tests = "" if role is Role.EDITOR else "PERMISSION_DENIED"
    assert answers == ["PERMISSION_DENIED", "PERMISSION_DENIED", "PERMISSION_DENIED", "", tests]


async def test_the_connection_of_another_account_does_not_exist(calls: Calls, elsewhere: FakeTarget) -> None:
    site = await calls.site()
    await put(calls, site.id, **WEBHOOK)
    stranger = calls.sites(person(account_id=OTHER_ACCOUNT_ID))

    answers = [
        await refusal(stranger.GetConnection(publisher.GetConnectionRequest(site_id=site.id))),
        await refusal(stranger.PutConnection(publisher.PutConnectionRequest(site_id=site.id, **WORDPRESS))),
        await refusal(stranger.DeleteConnection(publisher.DeleteConnectionRequest(site_id=site.id))),
        await refusal(stranger.TestConnection(publisher.TestConnectionRequest(site_id=site.id))),
        await refusal(
            stranger.RotateConnectionSecret(publisher.RotateConnectionSecretRequest(site_id=site.id))
        ),
    ]

    assert answers == ["NOT_FOUND"] * 5
    assert elsewhere.checked == []
    assert (await get(calls, site.id)).target == "webhook"
