"""No password, key, token or hash gets into logs, answers to others, events or readable tables, whatever happens."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto
from sqlalchemy import Engine, inspect, text

from chassis.errors import RemoteRefusal
from chassis.testing.callers import service
from services.billing.domain.secret import hash_of
from services.billing.domain.session import GRACE
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.people import accept, invite, refresh, sign_in, sign_up
from tests.chassis.captured_logs import configured

PASSWORD = "canary-password-of-ada"
WRONG = "canary-password-that-is-wrong"
BENS = "canary-password-of-ben"


@dataclass
class Story:
    """What was secret in everything people did, and what they were told."""

    secrets: set[str] = field(default_factory=lambda: {PASSWORD, WRONG, BENS})
    refusals: list[str] = field(default_factory=list)
    logged: str = ""

    async def refused(self, call: Any) -> None:
        with pytest.raises(RemoteRefusal) as refused:
            await call
        self.refusals.append(f"{refused.value} {refused.value.metadata} {refused.value.fields}")

    @property
    def stored_forms(self) -> set[str]:
        """The secrets as they are, and as they are stored."""
        return self.secrets | {hash_of(secret) for secret in self.secrets}


@pytest.fixture
async def story(calls: Calls, billing: Billing, capsys: pytest.CaptureFixture[str]) -> Story:
    """Everything that can be done with secrets, well and badly, at the log's most talkative level."""
    story = Story()
    with configured(level="debug"):
        await _do_everything(calls, billing, story)
    story.logged = "".join(capsys.readouterr())
    story.secrets |= {row.password_hash for row in billing.rows('SELECT password_hash FROM "user"')}
    return story


async def _do_everything(calls: Calls, billing: Billing, story: Story) -> None:
    anybody, gateway = calls.accounts(), calls.accounts(service("gateway", account_id=None))
    joined = await anybody.SignUp(sign_up(password=PASSWORD))
    signed_in = await anybody.SignIn(sign_in(password=PASSWORD))
    renewed = await anybody.Refresh(refresh(signed_in.refresh_token))
    ada = calls.accounts(renewed.access_token)
    key = await ada.CreateApiKey(
        billing_proto.CreateApiKeyRequest(name="our program", scope=billing_proto.ApiKey.SCOPE_READ)
    )
    exchanged = await gateway.ExchangeApiKey(billing_proto.ExchangeApiKeyRequest(secret=key.secret))
    invited = await ada.InviteUser(invite())
    accepted = await anybody.AcceptInvitation(accept(invited.invitation_token, password=BENS))
    story.secrets |= {joined.refresh_token, signed_in.refresh_token, renewed.refresh_token, key.secret}
    story.secrets |= {joined.access_token, signed_in.access_token, renewed.access_token}
    story.secrets |= {exchanged.access_token, invited.invitation_token}
    story.secrets |= {accepted.access_token, accepted.refresh_token}
    await story.refused(anybody.SignIn(sign_in(password=WRONG)))
    await story.refused(anybody.SignUp(sign_up(password=PASSWORD)))
    await story.refused(anybody.SignUp(sign_up(email="no address", password=PASSWORD)))
    billing.clock.advance(seconds=GRACE.seconds + 1)
    await story.refused(anybody.Refresh(refresh(signed_in.refresh_token)))
    await story.refused(anybody.AcceptInvitation(accept(invited.invitation_token, password=BENS)))
    await story.refused(calls.accounts(key.secret).GetMe(billing_proto.GetMeRequest()))
    await ada.RevokeApiKey(billing_proto.RevokeApiKeyRequest(api_key_id=key.api_key.id))
    await story.refused(gateway.ExchangeApiKey(billing_proto.ExchangeApiKeyRequest(secret=key.secret)))
    await anybody.SignOut(billing_proto.SignOutRequest(refresh_token=joined.refresh_token))


async def test_no_secret_is_logged(story: Story) -> None:
    assert story.logged.count("SignUp") >= 3
    assert [secret for secret in story.stored_forms if secret in story.logged] == []


async def test_no_secret_is_told_by_a_refusal(story: Story) -> None:
    assert len(story.refusals) == 7
    assert [secret for secret in story.stored_forms if secret in " ".join(story.refusals)] == []


async def test_no_secret_stands_in_a_table_that_can_be_read(story: Story, read_only: Engine) -> None:
    readable = _everything_readable(read_only)

    assert "ada@example.com" in readable
    assert [secret for secret in story.stored_forms if secret in readable] == []


async def test_no_secret_stands_in_any_table_as_it_is(story: Story, billing: Billing) -> None:
    stored = " ".join(
        str(row) for table in _tables(billing.transactions.engine) for row in billing.rows(f'TABLE "{table}"')
    )
    plain = {secret for secret in story.secrets if not secret.startswith("$argon2")}

    assert [secret for secret in plain if secret in stored] == []


def _everything_readable(engine: Engine) -> str:
    """All that the read-only role can see, events in the outbox included."""
    with engine.connect() as connection:
        # This view names only the columns that the role may read.
        columns = connection.execute(
            text(
                "SELECT table_name, string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
                " WHERE table_schema = 'billing' GROUP BY table_name"
            )
        ).all()
        rows = [
            row
            for table, names in columns
            for row in connection.exec_driver_sql(f'SELECT {names} FROM billing."{table}"')
        ]
    return " ".join(str([bytes(one) if isinstance(one, memoryview) else one for one in row]) for row in rows)


def _tables(engine: Engine) -> list[str]:
    names = inspect(engine).get_table_names(schema="billing")
    return [name for name in names if name != "alembic_version"]
