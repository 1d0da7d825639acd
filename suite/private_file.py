"""Small JSON files that only their owner may read, replaced whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file by this content, mode 0600; a reader sees the old or the new, never a half."""
    making = path.with_name(f"{path.name}.{os.getpid()}")
    with open(making, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)


def read(path: Path) -> dict[str, Any] | None:
    """The content; None when there is no such file. Raises ValueError when it is not a JSON object."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    if not isinstance(content, dict):
        raise ValueError(f"{path} does not hold a JSON object.")
    return content
