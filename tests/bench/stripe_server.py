"""A stand-in for Stripe in a process of its own, with a backlog: as many charges as refunds, for `run_bench`.

stripe_server.py REFUNDS      prints its address, then for each line on standard input how many requests it had
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from vendors.fake_stripe import FakeStripe
from vendors.stripe_life import StripeLife

BEGIN = 1_767_600_000  # 2026-01-05T08:00:00Z
SPAN_S = 90 * 86_400
KEY = "rk_live_51AcmeBooksBenchmarkBenchmark"


def main() -> None:
    refunds = int(sys.argv[1])
    fake = FakeStripe(BEGIN)
    life = StripeLife(fake, "bench")
    # Nobody asks for events of before the first pull.
    life.emits = False
    for _ in range(refunds):
        charge = life.charge(5000, metadata={"sku": "SKU-MUG"})
        life.advance(SPAN_S // refunds // 2)
        life.refund(charge, 2500)
        life.advance(SPAN_S // refunds // 2)
    fake.keys = {KEY: None}
    fake.now = None
    with fake:
        print(json.dumps({"base_url": fake.base_url, "key": KEY}), flush=True)
        for _ in sys.stdin:
            print(len(fake.requests), flush=True)
            fake.requests.clear()


if __name__ == "__main__":
    main()
