"""The audit log from one end to the other: a call at the gateway, an entry at billing, a list for its owner."""

import re
from typing import Any

import httpx
import pytest
from google.protobuf.descriptor_pb2 import MethodOptions

from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing import until
from chassis.testing.callers import operator, person
from gateway.bodies import UPLOAD_TYPES
from gateway.operations import Operation, descriptor_set, operations_of, product_files
from tests.gateway.product.conftest import PASSWORD, Front, csrf, sign_up, signed_in

WRITES = [
    one
    for one in operations_of(product_files(descriptor_set()))
    if one.method.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS
]


async def _entries(front: Front, headers: dict[str, str], count: int, **filters: str) -> list[dict[str, Any]]:
    """The entries a caller sees, once there are so many."""
    async with front.program(**headers) as client:

        async def found() -> list[dict[str, Any]]:
            query = {"page_size": "200", **filters}
            answer = await client.get("/api/v1/audit-entries", params=query)
            assert answer.status_code == 200, answer.text
            listed: list[dict[str, Any]] = answer.json()["audit_entries"]
            return listed if len(listed) >= count else []

        return await until(found)


async def test_no_write_of_the_product_is_forgotten(front: Front) -> None:
    async with front.program(**signed_in(person())) as client:
        for operation in WRITES:
            await _tried(client, operation)

    entries = await _entries(front, signed_in(operator()), len(WRITES))

    assert sorted(entry["method"] for entry in entries) == sorted(one.method.full_name for one in WRITES)


async def _tried(client: httpx.AsyncClient, operation: Operation) -> None:
    """One call, which need not succeed: what was tried is kept too."""
    path = re.sub(r"\{[a-z_]+\}", lambda _: new_id(), operation.template)
    body: dict[str, Any] = (
        {"content": b"Keyword\n", "headers": {"Content-Type": UPLOAD_TYPES[0]}}
        if operation.is_upload
        else {"json": {}}
        if operation.body
        else {}
    )
    answer = await client.request(operation.verb, path, **body)
    assert answer.status_code not in (401, 405, 500), (operation.template, answer.text)
    assert '"kind":"route"' not in answer.text


async def test_a_person_who_joins_signs_in_and_makes_a_key_finds_it_all_in_the_log(front: Front) -> None:
    async with front.browser() as client:
        joined = (await sign_up(client)).json()
        await client.post("/api/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
        made = await client.post(
            "/api/v1/api-keys", json={"name": "K", "scope": "read"}, headers=csrf(client)
        )
        await until(lambda: _sees(client, 3))
        answer = await client.get("/api/v1/audit-entries")

    entries = answer.json()["audit_entries"]
    assert [entry["method"].rpartition(".")[2] for entry in entries] == ["CreateApiKey", "SignIn", "SignUp"]
    assert {entry["actor"] for entry in entries} == {f"user:{joined['user']['id']}"}
    assert {"field": "api_key_id", "id": made.json()["api_key"]["id"]} in entries[0]["resources"]
    assert made.json()["secret"] not in answer.text
    assert PASSWORD not in answer.text
    assert "ada@example.com" not in answer.text


async def _sees(client: httpx.AsyncClient, count: int) -> bool:
    answer = await client.get("/api/v1/audit-entries")
    return len(answer.json()["audit_entries"]) == count


async def test_what_was_refused_to_nobody_known_is_the_operators_to_see(front: Front) -> None:
    async with front.browser() as client:
        answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": "igny8r_" + "x" * 43})
    assert answer.status_code == 401

    (entry,) = await _entries(front, signed_in(operator()), 1, outcome="CREDENTIALS_REFUSED")

    assert (entry["actor"], entry["account_id"], entry["client_address"]) == ("", "", "127.0.0.1")


async def test_pages_and_filters_of_the_list_work_over_rest(front: Front) -> None:
    sent = signed_in(person())
    async with front.program(**sent) as client:
        for _ in range(3):
            await client.post(f"/api/v1/content/{new_id()}/approve", json={})
        await _entries(front, sent, 3)

        first = (await client.get("/api/v1/audit-entries?page_size=2")).json()
        second = await client.get(f"/api/v1/audit-entries?page_size=2&page_token={first['next_page_token']}")
        about = first["audit_entries"][0]["resources"][0]["id"]
        found = await client.get("/api/v1/audit-entries", params={"resource_id": about})

    assert [len(first["audit_entries"]), len(second.json()["audit_entries"])] == [2, 1]
    assert second.json()["next_page_token"] == ""
    assert [entry["outcome"] for entry in found.json()["audit_entries"]] == ["SERVICE_UNAVAILABLE"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_who_is_no_owner_is_told_that_owners_read_it(front: Front, role: Role) -> None:
    async with front.program(**signed_in(person(role))) as client:
        answer = await client.get("/api/v1/audit-entries")

    assert answer.status_code == 403
    assert answer.json()["metadata"]["needed"] == "owner"
