"""The peer of the ledger: pgbench, 32 connections, prepared, with the writes of one charge as one transaction."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from suite.embedded.postgres import programs

CONNECTIONS: Final = 32

# The statements a program without coalescing would send for a charge: the row is locked by its update, and the
# draw, the usage, the event and the answer of the request are written beside the line.
SCRIPT: Final = r"""
BEGIN;
UPDATE billing.credit_account SET credits = credits - 1, sequence = sequence + 1, updated_at = now()
    WHERE account_id = '{account_id}' AND credits - reserved >= 1 RETURNING credits, sequence \gset
UPDATE billing.credit_grant SET remaining = remaining - 1 WHERE id = '{grant_id}';
SELECT uuidv7() AS line, uuidv7() AS used, uuidv7() AS event \gset
INSERT INTO billing.igny8_billing_credittransaction VALUES (:line, '{account_id}', :sequence, 'deduction', -1, 0,
    :credits, 0, 'image_generation', '1 image with a model', 'a service', NULL, NULL, '{{}}', now(), sha256('a line'));
INSERT INTO billing.credit_draw VALUES (:line, '{grant_id}', NULL, -1, 0);
INSERT INTO billing.igny8_billing_creditusagelog (id, account_id, transaction_id, operation_type, model_name, price_id,
    input_tokens, output_tokens, images, credits_used, cost_usd, cost_source, credit_price_usd, credit_value_usd,
    platform_loss_credits, item_id, created_at, minimum_credits)
    VALUES (:used, '{account_id}', :line, 'image_generation', 'a model', '{price_id}', 0, 0, 1, 1, 0.001,
    'computed', 0.01, 0.01, 0, 'x', now(), 1);
INSERT INTO billing.outbox (event_id, account_id, stream, subject, payload, headers) VALUES (:event, '{account_id}',
    'IGNY8_EVENTS', 'igny8.v1.credits.{account_id}.captured', repeat('x', 500), '{{"Nats-Msg-Id": "x"}}');
INSERT INTO billing.idempotency VALUES ('{account_id}', 'Charge', :used, sha256('a request'), decode(repeat('78', 400), 'hex'));
COMMIT;
"""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The script on one account's row. A statement that fails ends it."""

    dsn: str
    folder: Path
    account_id: str
    grant_id: str
    price_id: str

    def transactions_per_second(self, *, seconds: int, clients: int = CONNECTIONS) -> float:
        """Charges a second of so many connections."""
        said = self._run("-c", str(clients), "-j", "2", "-T", str(seconds))
        found = re.search(r"tps = ([0-9.]+)", said)
        assert found is not None, said
        return float(found.group(1))

    def median_seconds(self, *, transactions: int) -> float:
        """The median time of a charge on one connection, one after the other."""
        with TemporaryDirectory(dir=self.folder) as logs:
            self._run("-c", "1", "-t", str(transactions), "-l", "--log-prefix", f"{logs}/times")
            [log] = Path(logs).iterdir()
            # The third field is the transaction's time in microseconds (pgbench, "Per-Transaction Logging").
            return median(int(line.split()[2]) for line in log.read_text().splitlines()) / 1e6

    def _run(self, *options: str) -> str:
        script = self.folder / "charge.sql"
        script.write_text(
            SCRIPT.format(account_id=self.account_id, grant_id=self.grant_id, price_id=self.price_id)
        )
        done = subprocess.run(
            [str(programs() / "pgbench"), "-n", "-M", "prepared", *options, "-f", str(script), self.dsn],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
