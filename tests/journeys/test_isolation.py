"""No account reads, changes or learns of another's things. The cases come from the protos: no method is forgotten."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import httpx
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from chassis import wire_json
from chassis.errors import STATUS_DETAILS
from chassis.ids import new_id
from gateway.local import PACKAGE
from gateway.operations import Operation, operations_of
from suite.rest import Api
from tests.gateway.sse import listening
from tests.journeys import id_fields
from tests.journeys.belongings import Belongings, furnish, rows_of, sign_up
from tests.journeys.id_fields import FILES, IdField, filled, put
from tests.journeys.suites import RunningSuite

pytestmark = pytest.mark.journey

UNCHANGED: Final = "nothing of the other account's rows may change"
WITHHELD: Final = ("NOT_FOUND", "PERMISSION_DENIED")
VARYING: Final = re.compile(r'"\d{4}-\d\d-\d\dT[^"]*Z"|"(?:etag|id)":"[^"]*"')
"""What two answers to one request differ in when both did the same to the caller's own things."""


@dataclass(kw_only=True)
class Two:
    """Two accounts on one suite: `owner` has everything, `stranger` asks."""

    suite: RunningSuite
    owner: Belongings
    stranger: Belongings
    channels: dict[str, grpc.aio.Channel]
    settings: dict[str, Any]
    asked: set[str] = field(default_factory=set)
    """What the stranger has named itself; its own records may say so."""

    def told(self, text: str) -> list[str]:
        """The owner's ids in an answer that the stranger did not bring."""
        return [one for one in self.owner.ids - self.asked if one in text]

    def request(self, method: MethodDescriptor) -> Any:
        """A request of the stranger about its own things, as far as it has them."""
        ids = {kind: things[0]["id"] for kind, things in self.stranger.things.items()}
        return filled(method, ids, self.settings)

    async def ask(self, method: MethodDescriptor, request: Any) -> tuple[str, str]:
        """The stranger's answer, straight from the service: the code's name, and the message or the error's details."""
        if id_fields.service_of_method(method) == PACKAGE:
            return await self._ask_gateway(method, request)
        name = f"/{method.containing_service.full_name}/{method.name}"
        kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
        make = getattr(self.channels[id_fields.service_of_method(method)], kind)(
            name,
            request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        metadata = [("authorization", f"Bearer {self.stranger.token}")]
        sent = iter([request]) if method.client_streaming else request
        call = make(sent, timeout=20, metadata=metadata)
        try:
            if method.server_streaming:
                return "OK", "".join([wire_json.to_json_bytes(part).decode() async for part in call])
            return "OK", wire_json.to_json_bytes(await call).decode()
        except grpc.aio.AioRpcError as error:
            metadata_back: Any = error.trailing_metadata() or ()
            details = dict(metadata_back).get(STATUS_DETAILS, b"")
            return error.code().name, f"{error.details()} {details!r}"

    async def _ask_gateway(self, method: MethodDescriptor, request: Any) -> tuple[str, str]:
        """What no service has but the gateway puts together, by its route."""
        (operation,) = (one for one in operations_of(FILES) if one.method.full_name == method.full_name)
        path = operation.template
        for variable in operation.variables:
            path = path.replace(f"{{{variable}}}", getattr(request, variable))
        headers = {"Authorization": f"Bearer {self.stranger.token}"}
        async with httpx.AsyncClient(
            base_url=self.suite.stack.gateway_url, headers=headers, trust_env=False
        ) as client:
            answer = await client.request(operation.verb, path)
        if answer.is_success:
            return "OK", answer.text
        problem = answer.json()
        return str(problem["reason"]), f"{problem['detail']} {problem['metadata']}"


@pytest.fixture(scope="module")
async def two(suite: RunningSuite) -> AsyncIterator[Two]:
    owner = await sign_up(suite, "Owner")
    await furnish(suite, owner)
    stranger = await sign_up(suite, "Stranger")
    stranger.things["user"] = [{"id": new_id()}]
    channels = {name: grpc.aio.insecure_channel(target) for name, target in suite.stack.grpc.items()}
    found = Two(suite=suite, owner=owner, stranger=stranger, channels=channels, settings={})
    for method in id_fields.members_methods():
        if method.name in ("GetConfig", "GetDefaultModels", "GetPublishingSettings"):
            (field,) = method.output_type.fields
            _, text = await found.ask(method, found.request(method))
            response = message_factory.GetMessageClass(method.output_type)()
            wire_json.fill(response, json.loads(text))
            found.settings[field.name] = getattr(response, field.name)
    yield found
    for channel in channels.values():
        await channel.close(None)


@pytest.mark.parametrize("id_field", id_fields.id_fields(), ids=str)
async def test_anothers_id_is_answered_as_one_that_never_was(two: Two, id_field: IdField) -> None:
    theirs = two.owner.account_id if id_field.kind == "account" else two.owner.id_of(id_field.kind)
    nobodys = new_id()
    two.asked.add(theirs)
    before = rows_of(two.suite, two.owner.account_id)
    of_theirs, of_nobodys = two.request(id_field.method), two.request(id_field.method)
    put(of_theirs, id_field, theirs)
    put(of_nobodys, id_field, nobodys)

    code, text = await two.ask(id_field.method, of_theirs)
    expected_code, expected_text = await two.ask(id_field.method, of_nobodys)

    assert (code, _stripped(text, theirs)) == (expected_code, _stripped(expected_text, nobodys))
    assert code in ("OK", *WITHHELD), (
        f"{id_field}: the request was refused before the id was looked at: {text}"
    )
    assert two.told(text) == []
    assert rows_of(two.suite, two.owner.account_id) == before, UNCHANGED


@pytest.mark.parametrize(
    "method",
    id_fields.members_methods(),
    ids=lambda method: f"{method.containing_service.name}.{method.name}",
)
async def test_an_answer_about_ones_own_names_nothing_of_anothers(two: Two, method: MethodDescriptor) -> None:
    before = rows_of(two.suite, two.owner.account_id)

    _, text = await two.ask(method, two.request(method))

    assert two.told(text) == []
    assert rows_of(two.suite, two.owner.account_id) == before, UNCHANGED


READS: Final = [
    operation
    for operation in operations_of(FILES)
    if operation.verb == "GET" and operation.variables and operation.access in id_fields.MEMBERS
]


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.method.name)
async def test_the_gateway_hides_anothers_things_as_the_service_does(two: Two, operation: Operation) -> None:
    variable, *others = operation.variables
    id_field = IdField(operation.method, (variable,), operation.method.input_type.fields_by_name[variable])
    template = operation.template
    for other in others:
        template = template.replace(f"{{{other}}}", "1")
    theirs, nobodys = two.owner.id_of(id_field.kind), new_id()
    headers = {"Authorization": f"Bearer {two.stranger.token}"}

    async with httpx.AsyncClient(
        base_url=two.suite.stack.gateway_url, headers=headers, trust_env=False
    ) as client:
        found = await client.get(template.replace(f"{{{variable}}}", theirs))
        unknown = await client.get(template.replace(f"{{{variable}}}", nobodys))

    assert found.status_code == unknown.status_code
    assert found.status_code in (200, 404)
    assert _problem(found, theirs) == _problem(unknown, nobodys)


async def test_anothers_events_do_not_come_and_its_place_in_the_stream_gives_nothing(two: Two) -> None:
    url = two.suite.stack.gateway_url
    ours, theirs = _bearer(two.stranger), _bearer(two.owner)
    async with listening(url, theirs) as of_owner, listening(url, ours) as of_stranger:
        place = await of_owner.block()
        assert place is not None
        await _grant(two, two.owner)
        assert two.owner.account_id in (await of_owner.event()).data
        await _grant(two, two.stranger)

        live = await of_stranger.event()
        async with listening(url, ours, last_id=place.id) as again:
            resumed = await again.event()

    assert two.stranger.account_id in live.data
    assert (resumed.id, resumed.data) == (live.id, live.data)


async def test_an_article_that_is_not_published_is_nobodys_to_read(two: Two) -> None:
    """What is published is everybody's, and so is an image to who knows the hash of its bytes: both on purpose."""
    site, content = two.owner.things["site"][0], two.owner.things["content"][0]
    shown = next(image for image in two.owner.things["image"] if image["url"])
    url = two.suite.stack.gateway_url
    async with httpx.AsyncClient(base_url=url, headers=_bearer(two.stranger), trust_env=False) as client:
        article = await client.get(f"/published/{site['slug']}/{content['slug']}")
        never = await client.get(f"/published/{site['slug']}/no-such-article")
        image = await client.get(shown["url"])
        no_image = await client.get(f"/media/{'0' * 64}")

    assert (article.status_code, article.text) == (404, never.text)
    assert image.status_code == 200
    assert no_image.status_code == 404


async def test_a_calendar_feed_is_read_by_its_secret_alone_and_shows_nothing_of_another_account(
    two: Two,
) -> None:
    feeds = []
    for one in (two.owner, two.stranger):
        async with Api(two.suite.stack.gateway_url, one.token) as api:
            made = await api.post(f"/api/v1/sites/{one.id_of('site')}/calendar/feed", {})
        feeds.append(httpx.URL(made["url"]).path)
    url = two.suite.stack.gateway_url
    async with httpx.AsyncClient(base_url=url, headers=_bearer(two.stranger), trust_env=False) as client:
        ours = await client.get(feeds[1])
        guessed = await client.get(f"/calendar/{two.owner.id_of('site')}.ics")
        again = await client.get(feeds[1], headers={"If-None-Match": ours.headers["etag"]})
    async with httpx.AsyncClient(base_url=url, trust_env=False) as anybody:
        theirs = await anybody.get(feeds[0])

    assert (ours.status_code, theirs.status_code, guessed.status_code) == (200, 200, 404)
    assert (again.status_code, again.content) == (304, b"")
    assert ours.headers["content-type"] == "text/calendar; charset=utf-8"
    assert two.told(ours.text) == []


async def test_a_request_id_of_anothers_call_replays_nothing(two: Two) -> None:
    body = {"name": "Stranger two", "slug": "stranger-two"}

    async with Api(two.suite.stack.gateway_url, two.stranger.token) as api:
        made = await api.post("/api/v1/sites", body, key="site-of-Owner")

    assert made["site"]["slug"] == "stranger-two"


async def _grant(two: Two, one: Belongings) -> None:
    terms = {"account_id": one.account_id, "amount": 7, "category": "promotional"}
    async with two.suite.api("operator") as operator:
        await operator.post("/api/v1/credits/grants", terms, key=f"isolation-{one.account_id}")


def _bearer(one: Belongings) -> dict[str, str]:
    return {"Authorization": f"Bearer {one.token}"}


def _stripped(text: str, id: str) -> str:
    return VARYING.sub("…", text.replace(id, "<id>"))


def _problem(answer: httpx.Response, id: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(answer.text.replace(id, "<id>"))
    told.pop("trace_id", None)
    return told
