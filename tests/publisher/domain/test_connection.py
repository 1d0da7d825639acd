"""Addresses, secrets and what a connection goes through."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.refusal import RequestInvalid, StaleEtag, StateConflict
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import (
    OVERLAP,
    SECRETS_MAX,
    Access,
    Connection,
    ConnectionStatus,
    Secret,
    checked_url,
)
from services.publisher.domain.target import Target
from tests.publisher.domain.builders import NOW


def _connection(target: Target = Target.WEBHOOK) -> Connection:
    return Connection(site_id="site-1", account_id="account-1", target=target, created_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Garden.Example/", "https://garden.example"),
        ("https://garden.example/blog/", "https://garden.example/blog"),
        ("https://garden.example/blog/wp-admin/", "https://garden.example/blog"),
        ("https://garden.example/wp-json", "https://garden.example"),
        (" http://127.0.0.1:8089 ", "http://127.0.0.1:8089"),
    ],
)
def test_the_address_of_a_wordpress_is_kept_in_one_form(given: str, kept: str) -> None:
    assert checked_url(given, target=Target.WORDPRESS) == kept


def test_the_address_of_a_receiver_keeps_its_path_and_query() -> None:
    given = "https://Hooks.example/In/?for=Garden"

    assert checked_url(given, target=Target.WEBHOOK) == "https://hooks.example/In/?for=Garden"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://user:secret@garden.example", Target.WORDPRESS),
        ("https://user@garden.example", Target.WEBHOOK),
        ("https://garden.example/#top", Target.WEBHOOK),
        ("https://garden.example/?p=1", Target.WORDPRESS),
    ],
)
def test_what_is_no_address_of_a_target_is_refused_without_being_repeated(url: str, target: Target) -> None:
    with pytest.raises(RequestInvalid) as refused:
        checked_url(url, target=target)

    assert [fault.field for fault in refused.value.fields] == ["url"]
    assert "secret" not in str(refused.value)


def test_no_repr_shows_a_secret() -> None:
    access = Access(
        account_id="account-1", site_id="site-1", target=Target.WORDPRESS, secrets=(Secret("canary"),)
    )

    assert "canary" not in f"{access!r} {access} {access.secrets[0]!r} {access.secrets[0]}"
    assert access.secrets[0].reveal() == "canary"


def test_a_lost_connection_says_why_until_it_works_again() -> None:
    lost = _connection().lose(Cause.GONE, "It wants no more.", now=NOW)

    found = lost.succeed(now=NOW)

    assert (lost.status, lost.cause, lost.reason) == (ConnectionStatus.LOST, Cause.GONE, "It wants no more.")
    assert (found.status, found.cause, found.reason) == (ConnectionStatus.CONNECTED, None, "")
    assert lost.etag == found.etag


def test_secrets_from_before_are_good_for_a_day_and_no_longer() -> None:
    rotated = _connection().rotate(1, now=NOW)

    assert rotated.overlaps(now=NOW + OVERLAP - timedelta(seconds=1))
    assert not rotated.overlaps(now=NOW + OVERLAP)
    assert not _connection().overlaps(now=NOW)
    assert rotated.etag != _connection().etag


@pytest.mark.parametrize(("target", "kept"), [(Target.WORDPRESS, 1), (Target.WEBHOOK, SECRETS_MAX)])
def test_no_secret_is_made_for_wordpress_nor_beyond_a_handful(target: Target, kept: int) -> None:
    overlapping = _connection(target).lose(Cause.GONE, "", now=NOW)
    if kept > 1:
        overlapping = overlapping.rotate(1, now=NOW)

    with pytest.raises(StateConflict):
        overlapping.rotate(kept, now=NOW)


def test_only_the_place_that_a_secret_was_given_for_gets_it() -> None:
    connection = _connection()
    there: dict[str, Any] = {
        "target": connection.target,
        "url": connection.url,
        "username": connection.username,
    }

    assert connection.leads_to(**there)
    assert not connection.leads_to(**{**there, "url": "https://elsewhere.example"})
    assert not connection.leads_to(**{**there, "username": "admin"})
    assert not connection.leads_to(**{**there, "target": Target.WORDPRESS})


def test_another_etag_than_the_one_that_was_read_is_stale() -> None:
    with pytest.raises(StaleEtag):
        _connection().check_etag("7")


def test_the_causes_that_need_a_person_lose_the_connection_and_no_others() -> None:
    passing = {cause for cause in Cause if not cause.loses_connection}

    assert passing == {
        Cause.UNREACHABLE,
        Cause.NAME_UNKNOWN,
        Cause.TLS_FAULT,
        Cause.TOO_SLOW,
        Cause.MAINTENANCE,
        Cause.TARGET_FAULT,
        Cause.RATE_LIMITED,
        Cause.ANSWER_UNREADABLE,
        Cause.PUBLIC_URL_MISSING,
        Cause.CONTENT_REFUSED,
        Cause.POST_DELETED,
        Cause.POST_TRASHED,
        Cause.POST_EDITED,
        Cause.NOT_CONNECTED,
    }
