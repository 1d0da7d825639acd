"""Makes a suite of containers usable, as the embedded one makes itself: operator's key, price list, demo account.

`python -m suite.container_setup`, once billing is healthy. The keys stay in the folder IGNY8_DATA_DIR, where
`igny8 token` finds them. A second run finds everything done.
"""

import os
import sys
from pathlib import Path
from typing import Final

from suite import bootstrap, secrets
from suite.stack import StackFile

_WANTED: Final = ("IGNY8_DATA_DIR", "IGNY8_SECRET_KEY", "IGNY8_BILLING_ADDR")


def main() -> int:
    """What the module does when run; returns the exit status."""
    missing = [name for name in _WANTED if not os.environ.get(name)]
    if missing:
        print("These settings are missing: " + ", ".join(missing), file=sys.stderr)
        return 78
    data_dir = Path(os.environ["IGNY8_DATA_DIR"])
    secrets.keep_secret_key(data_dir, os.environ["IGNY8_SECRET_KEY"])
    running = StackFile(
        gateway_url="",
        grpc={"billing": os.environ["IGNY8_BILLING_ADDR"]},
        nats_url="",
        database_url="",
        read_only_database_url="",
    )
    return bootstrap.run(data_dir, running)


if __name__ == "__main__":
    sys.exit(main())
