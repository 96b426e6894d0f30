"""Where files live that need not outlive the tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
# All tests together need a good gigabyte; a container often has 64 MB there.
ENOUGH_BYTES = 4 << 30


def memory_folder() -> Path | None:
    """A folder in memory with room for all tests; None where there is none."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH_BYTES:
        return None
    return MEMORY
