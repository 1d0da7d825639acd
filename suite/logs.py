"""Log files of the suite's processes, kept from growing for ever."""

from pathlib import Path

SIZE_MAX_BYTES = 20 * 1024 * 1024
KEPT = 3


def log_file(data_dir: Path, name: str) -> Path:
    """The file that process `name` writes to; an old one above 20 MB is moved on to `<name>.log.1` … `.3`."""
    folder = data_dir / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > SIZE_MAX_BYTES:
        for number in range(KEPT, 0, -1):
            older = path if number == 1 else folder / f"{name}.log.{number - 1}"
            if older.exists():
                older.replace(folder / f"{name}.log.{number}")
    return path
