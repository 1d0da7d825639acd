"""Compares protos/ with the newest release tag: what clients rely on on the wire and in JSON must not change."""

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUF = Path(sys.executable).parent / "buf"
BUILT = Path("gen/third_party")


def main() -> int:
    """Runs `buf breaking` against the newest tag. Returns buf's exit code, or 0 where there is no tag yet."""
    tag = _newest_tag()
    if tag is None:
        print("buf breaking: no release tag yet, so there is nothing to compare with.")
        return 0
    with tempfile.TemporaryDirectory(prefix="igny8-breaking-") as scratch:
        released = Path(scratch)
        _unpack(tag, released)
        # Google's protos are built, not committed. Those of today stand in for those of the release:
        # they are not ours to break, and buf.yaml leaves them out of the comparison.
        (released / BUILT).parent.mkdir(parents=True, exist_ok=True)
        (released / BUILT).symlink_to(ROOT / BUILT, target_is_directory=True)
        print(f"buf breaking: comparing with {tag}")
        return subprocess.run([BUF, "breaking", "--against", released], cwd=ROOT, check=False).returncode


def _newest_tag() -> str | None:
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else None


def _unpack(tag: str, folder: Path) -> None:
    archive = subprocess.run(
        ["git", "archive", "--format=tar", tag, "protos", "buf.yaml"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")


if __name__ == "__main__":
    raise SystemExit(main())
