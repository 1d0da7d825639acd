"""What WordPress answers is not always JSON, not always alone, and not always its own."""

import json

import pytest

from services.publisher.targets.wordpress.answers import Reply, fault_of, read_json
from services.publisher.targets.wordpress.faults import Ending, Trouble, WordPressFault

POST = {"id": 7, "slug": "a"}
NOTICE = (
    "<br />\n<b>Notice</b>: Undefined index: x in <b>/wp-content/plugins/x.php</b> on line <b>3</b><br />\n"
)


def fault(
    status: int, data: object = None, *, writes: bool = True, headers: dict[str, str] | None = None
) -> WordPressFault | None:
    reply = Reply(status=status, data=data, headers=headers or {})
    return fault_of(reply, host="blog.example", user="author", writes=writes)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(POST),
        "\ufeff" + json.dumps(POST),
        "\n\n " + json.dumps(POST) + "\n",
        NOTICE + json.dumps(POST),
        "Warning: [x] {y}\n" + json.dumps(POST),
    ],
)
def test_json_is_found_behind_what_a_plugin_writes_before_it(body: str) -> None:
    assert read_json(body.encode()) == POST


@pytest.mark.parametrize("body", ["", "<html>", "<h1>{}</h1>", '{"id": 7', "\xff\xfe", NOTICE])
def test_what_is_no_json_is_none(body: str) -> None:
    assert read_json(body.encode("latin-1")) is None


@pytest.mark.parametrize("status", [200, 201, 400, 403, 404, 410, 412])
def test_what_wordpress_says_of_what_was_asked_is_left_to_who_asked(status: int) -> None:
    assert fault(status, {"code": "rest_x", "data": {"params": {"slug": "Invalid."}}}) is None


@pytest.mark.parametrize(
    ("status", "data", "headers", "trouble", "ending"),
    [
        (401, {"code": "rest_cannot_create"}, {}, Trouble.PASSWORD_WRONG, Ending.ACCESS_REFUSED),
        (401, None, {}, Trouble.PASSWORD_WRONG, Ending.ACCESS_REFUSED),
        (
            400,
            {"code": "rest_invalid_param", "data": {"params": {"status": "Status is forbidden."}}},
            {},
            Trouble.PASSWORD_WRONG,
            Ending.ACCESS_REFUSED,
        ),
        (403, None, {}, Trouble.BLOCKED, Ending.ACCESS_REFUSED),
        (404, None, {}, Trouble.ANSWER_UNREADABLE, Ending.UNAVAILABLE),
        (200, None, {}, Trouble.ANSWER_UNREADABLE, Ending.LOST),
        (302, None, {"location": "/wp-login.php"}, Trouble.REDIRECTED, Ending.ACCESS_REFUSED),
        (408, None, {}, Trouble.TARGET_FAULT, Ending.LOST),
        (413, None, {}, Trouble.TOO_LARGE, Ending.CONTENT_REFUSED),
        (429, None, {"retry-after": "30"}, Trouble.RATE_LIMITED, Ending.UNAVAILABLE),
        (500, {"code": "wp_die"}, {}, Trouble.TARGET_FAULT, Ending.LOST),
        (
            500,
            {"code": "rest_upload_sideload_error"},
            {},
            Trouble.PICTURE_NOT_ACCEPTED,
            Ending.CONTENT_REFUSED,
        ),
        (502, None, {}, Trouble.TARGET_FAULT, Ending.LOST),
        (503, None, {"retry-after": "600"}, Trouble.MAINTENANCE, Ending.UNAVAILABLE),
        (503, None, {}, Trouble.TARGET_FAULT, Ending.LOST),
        (504, None, {}, Trouble.TARGET_FAULT, Ending.LOST),
    ],
)
def test_a_write_that_may_have_been_done_is_told_from_one_that_was_not(
    status: int, data: object, headers: dict[str, str], trouble: Trouble, ending: Ending
) -> None:
    found = fault(status, data, headers=headers)

    assert found is not None
    assert (found.trouble, found.ending) == (trouble, ending)


@pytest.mark.parametrize("status", [200, 408, 500, 502, 503, 504])
def test_a_read_that_got_no_answer_has_done_nothing(status: int) -> None:
    found = fault(status, writes=False)

    assert found is not None
    assert found.ending is Ending.UNAVAILABLE


@pytest.mark.parametrize(("given", "seconds"), [("30", 30), ("", 0), ("Fri, 20 Nov 2026 10:00:00 GMT", 0)])
def test_how_long_it_wants_to_be_left_alone_is_told_on(given: str, seconds: float) -> None:
    found = fault(429, headers={"retry-after": given} if given else {})

    assert found is not None
    assert found.retry_after_seconds == seconds


def test_its_own_words_are_told_as_plain_text() -> None:
    reply = Reply(status=400, data={"message": "<strong>Error:</strong> No &amp; no."}, headers={})

    assert reply.said == "Error: No & no."


@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_has_a_sentence_of_its_own(trouble: Trouble) -> None:
    sentence = WordPressFault(trouble, host="blog.example", user="author", name="Compost").sentence

    assert sentence.endswith(".")
    assert "{" not in sentence
