"""Whether a data folder has been made ready for use, told by three small files and nothing heavy to import."""

import hashlib
from pathlib import Path
from typing import Final

from suite import private_file, secrets

PRICE_LIST: Final = Path(__file__).parent.parent / "examples" / "prices.yaml"
"""The price list a fresh suite starts with; `igny8 prices FILE` loads another one."""

_FILE: Final = "bootstrap.json"


def needed(data_dir: Path, price_list: Path = PRICE_LIST) -> bool:
    """Whether a key is missing, or the price list was edited since it was loaded."""
    state = private_file.read(data_dir / _FILE) or {}
    return state.get("prices") != _digest(price_list) or not all(
        secrets.kept_api_key(data_dir, name) for name in ("operator", "demo")
    )


def done(data_dir: Path, price_list: Path = PRICE_LIST) -> None:
    """Notes that everything is there, with this price list."""
    private_file.write(data_dir / _FILE, {"prices": _digest(price_list)})


def _digest(price_list: Path) -> str:
    return hashlib.sha256(price_list.read_bytes()).hexdigest()
