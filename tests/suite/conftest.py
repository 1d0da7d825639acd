"""Folders and users for the tests of the suite."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that only its owner can enter, below one that only its owner can enter, as /root is."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-test-"))
    yield outer / "data"
    shutil.rmtree(outer)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
