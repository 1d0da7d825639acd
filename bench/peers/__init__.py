"""Programs of others that a figure is measured beside, each in a venv of its own: the suite needs none of them."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
VENVS: Final = HERE.parents[1] / ".venv" / "peers"
SECONDS_MAX: Final = 600.0


def ask(name: str, question: Any, say: Callable[[str], None]) -> Any:
    """What the program <name>.py answers on its standard output, as JSON, to the question on its standard input.

    It is run by a Python that has what <name>.txt pins by hash; the first time that is installed. Raises
    subprocess.CalledProcessError where that fails, or the program does.
    """
    answer = subprocess.run(
        [python_of(name, say), HERE / f"{name}.py"],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    return json.loads(answer.stdout)


def python_of(name: str, say: Callable[[str], None]) -> Path:
    """A Python that has what <name>.txt pins; the first time that is installed. Raises subprocess.CalledProcessError."""
    pinned = HERE / f"{name}.txt"
    # A venv is that of one list of pins: another list has another.
    venv = VENVS / f"{name}-{hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]}"
    python, done = venv / "bin" / "python", venv / "installed"
    if not done.is_file():
        say(f"installing {pinned.relative_to(HERE.parents[1])}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", venv], check=True)
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
        pins = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(pinned)]
        subprocess.run([*install, *pins], check=True)
        done.touch()
    return python
