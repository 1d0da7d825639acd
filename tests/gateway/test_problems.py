"""Every reason of the catalogue as an answer: its status, its headers, its members."""

import orjson
import pytest

from chassis.errors import CATALOGUE, remote_refusal
from gateway.problems import problem

STATUSES = {400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 429, 431, 500, 503, 504}


@pytest.mark.parametrize("reason", sorted(CATALOGUE))
def test_a_reason_has_its_status_and_says_whether_to_come_back(reason: str) -> None:
    meaning = CATALOGUE[reason]

    answer = problem(remote_refusal(reason, "A sentence.", service="billing"))

    document = orjson.loads(answer.body)
    assert answer.status_code == document["status"] == meaning.http_status
    assert document["reason"] == reason
    assert ("retry-after" in answer.headers) == meaning.retryable
    assert ("www-authenticate" in answer.headers) == (meaning.http_status == 401)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_the_catalogue_uses_the_statuses_that_http_has_for_them() -> None:
    assert {meaning.http_status for meaning in CATALOGUE.values()} >= STATUSES


@pytest.mark.parametrize(("said", "header"), [(None, "1"), (0.2, "1"), (1.2, "2"), (30, "30")])
def test_a_service_says_when_to_come_back(said: float | None, header: str) -> None:
    refusal = remote_refusal("SERVICE_UNAVAILABLE", "Away.", service="ai", retry_after_seconds=said)

    assert problem(refusal).headers["retry-after"] == header
