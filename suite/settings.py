"""What `igny8` itself reads from the environment; its children read the rest and refuse it themselves."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA_DIR = ".igny8"
DEFAULT_PORT = 8080


class SettingsInvalid(Exception):
    """The environment cannot be used; the message names every fault with the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSettings:
    """The settings of the embedded suite."""

    data_dir: Path
    """`IGNY8_DATA_DIR`: everything the suite writes lies in this folder, and goes on from there at the next start."""

    port: int = DEFAULT_PORT
    """`PORT`: where the gateway listens; the next free one when somebody else has it."""


def load(environment: Mapping[str, str] = os.environ) -> SuiteSettings:
    """Read the settings. Raises SettingsInvalid with all faults in one message."""
    faults = []
    data_dir = Path(environment.get("IGNY8_DATA_DIR") or DEFAULT_DATA_DIR).expanduser().absolute()
    if data_dir.exists() and not data_dir.is_dir():
        faults.append(f"IGNY8_DATA_DIR: {data_dir} is a file; name a folder.")
    port_text = environment.get("PORT") or str(DEFAULT_PORT)
    if not port_text.isdecimal() or not 1 <= int(port_text) <= 65535:
        faults.append(f"PORT: {port_text!r} is not a port; give a number from 1 to 65535, for example 8080.")
    if faults:
        raise SettingsInvalid(
            "\n".join(["The settings of igny8 are not usable:", *(f"  {fault}" for fault in faults)])
        )
    return SuiteSettings(data_dir=data_dir, port=int(port_text))
