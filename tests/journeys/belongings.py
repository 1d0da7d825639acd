"""What two accounts have: the one everything there is, the other a site of its own and a wish to see more."""

from dataclasses import dataclass, field
from typing import Any, Final

from chassis.testing import until
from suite.demo.job import ENDED
from suite.rest import Api
from tests.journeys.suites import RunningSuite

PASSWORD: Final = "correct horse battery"
KEYWORDS: Final = b"Keyword,Volume\ncold frame gardening,2400\nbest cold frame,1900\n"
CREDITS: Final = 2_000

LISTS: Final = {
    "sector": ("sectors", "sectors"),
    "keyword": ("keywords", "keywords"),
    "cluster": ("clusters", "clusters"),
    "idea": ("ideas", "ideas"),
    "task": ("tasks", "tasks"),
    "content": ("content", "content"),
    "image": ("images", "images"),
    "run": ("automation/runs", "runs"),
}
"""Path below the site and plural by kind of thing."""

OF_THE_ACCOUNT: Final = {
    "ai_task": ("ai/tasks", "tasks"),
    "notification": ("notifications", "notifications"),
    "user": ("users", "users"),
    "api_key": ("api-keys", "api_keys"),
    "grant": ("credits/grants", "grants"),
    "reservation": ("credits/reservations", "reservations"),
    "usage": ("credits/usage", "usage"),
    "transaction": ("credits/transactions", "transactions"),
}


@dataclass(kw_only=True)
class Belongings:
    """An account, how to call as its owner, and what it has by kind."""

    account_id: str
    token: str
    things: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def id_of(self, kind: str) -> str:
        """An id of that kind, there to be guessed."""
        return str(self.things[kind][0]["id"])

    @property
    def ids(self) -> set[str]:
        """Every id the account has."""
        return {self.account_id, *(str(thing["id"]) for found in self.things.values() for thing in found)}


async def sign_up(suite: RunningSuite, name: str) -> Belongings:
    """A new account with a site and nothing more."""
    async with Api(suite.stack.gateway_url, "nobody") as nobody:
        made = await nobody.post(
            "/api/v1/auth/signup",
            {"account_name": name, "email": f"{name.lower()}@example.com", "password": PASSWORD},
        )
    one = Belongings(account_id=made["account"]["id"], token=made["access_token"])
    async with Api(suite.stack.gateway_url, one.token) as api:
        site = await api.post("/api/v1/sites", {"name": name, "slug": name.lower()}, key=f"site-of-{name}")
    one.things["site"] = [site["site"]]
    return one


async def furnish(suite: RunningSuite, one: Belongings) -> None:
    """One of everything: a finished run from keywords to an approved article, which nothing publishes by itself."""
    path = f"/api/v1/sites/{one.id_of('site')}"
    async with (
        suite.api("operator") as operator,
        Api(suite.stack.gateway_url, one.token) as api,
    ):
        await operator.post(
            "/api/v1/credits/grants",
            {"account_id": one.account_id, "amount": CREDITS, "category": "promotional"},
            key=f"grant-{one.account_id}",
        )
        await api.post(f"{path}/sectors", {"name": "Gardening"}, key="sector")
        await api.post("/api/v1/api-keys", {"name": "Laptop", "scope": "read"})
        settings = await api.get(f"{path}/publishing-settings")
        await api.put(f"{path}/publishing-settings", {**settings, "auto_approve_content": True, "etag": ""})
        await api.upload(f"{path}/keywords/import", KEYWORDS, "text/csv")
        run = (await api.post(f"{path}/automation/runs", key="the-run"))["run"]
        async for _ in api.events("runs"):
            run = (await api.get(f"/api/v1/automation/runs/{run['id']}"))["run"]
            if run["status"] in ENDED:
                break
        assert run["status"] == "completed", run
        # Publisher hears of charges a moment later, some at a time; from then on nothing of the account moves by itself.
        await until(lambda: _charges_known(suite, one.id_of("site")) == run["credits_used"])
        one.things |= {
            kind: await api.all(f"{path}/{below}", plural) for kind, (below, plural) in LISTS.items()
        }
        one.things |= {
            kind: await api.all(f"/api/v1/{below}", plural)
            for kind, (below, plural) in OF_THE_ACCOUNT.items()
        }
        one.things["run_item"] = await api.all(f"/api/v1/automation/runs/{run['id']}/items", "items")
    assert [kind for kind, found in one.things.items() if not found] == []


def _charges_known(suite: RunningSuite, site_id: str) -> int:
    """What publisher has heard of so far, in credits."""
    [heard] = suite.rows(
        "SELECT coalesce(sum(credits_used), 0) AS credits FROM publisher.site_credits WHERE site_id = %(id)s",
        id=site_id,
    )
    return int(heard["credits"])


def rows_of(suite: RunningSuite, account_id: str) -> dict[str, str]:
    """A digest of the account's rows by table, in every schema.

    Not of the audit log, in which the owner's own calls turn up a moment later; whose entries it shows to whom is
    tested in tests/billing/servicers/test_audit.py.
    """
    tables = suite.rows(
        "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'account_id'"
        " AND has_table_privilege(format('%I.%I', table_schema, table_name), 'SELECT')"
        " AND table_name !~ 'outbox|inbox|audit_entry' ORDER BY 1, 2"
    )
    selects = [
        f"SELECT '{table['table_schema']}.{table['table_name']}' AS name, "
        "md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest "
        f'FROM {table["table_schema"]}."{table["table_name"]}" t WHERE account_id = %(account_id)s'
        for table in tables
    ]
    found = suite.rows(" UNION ALL ".join(selects), account_id=account_id)
    return {str(row["name"]): str(row["digest"]) for row in found}
