"""A command of the connector in virtual time:   quickbooks_pass.py VIRTUAL_TIME ARGUMENT ...

Only clock and sleep are other than in the real program.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from virtual_time import VirtualTime

from connector.cli.root import run
from connector.world import World


def main() -> int:
    virtual = VirtualTime(*json.loads(sys.argv[1]))
    with (
        patch.object(World, "now", lambda world: int(virtual.now())),
        patch.object(World, "monotonic_ms", lambda world: int(virtual.now() * 1000)),
        patch.object(World, "sleep", lambda world, seconds: virtual.sleep(seconds)),
    ):
        return run(sys.argv[2:])


if __name__ == "__main__":
    raise SystemExit(main())
