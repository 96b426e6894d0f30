"""A command of the connector in virtual time:   virtual_pass.py START LATENCY_S DOCUMENT_S ARGUMENT ...

The program is the real one, over HTTP; other are its clock, its sleep, and how long an answer takes in all: LATENCY_S,
and DOCUMENT_S for each document that the request writes. Each request says when it left, so that the stand-in counts by the
same time.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

from virtual_time import STAMP, VirtualTime

from connector.cli.root import run
from connector.delivery.http_courier import HttpCourier
from connector.delivery.in_flight import InFlight, Sending
from connector.delivery.transport import Transport
from connector.ledgers.contract import Answer, Request
from connector.world import World

leave, first_done, carry, send = InFlight.leave, InFlight.first_done, HttpCourier.carry, Transport.send


def main() -> int:
    start, latency_s, document_s = map(float, sys.argv[1:4])
    virtual = VirtualTime(start)

    def leave_in_time(flight: InFlight, threads: Executor, request: Request) -> Future[Answer]:
        virtual.begin()
        return leave(flight, threads, request)

    def wait_for_first(flight: InFlight, under_way: dict[Future[Answer], Sending]) -> Future[Answer]:
        virtual.wait_for_one()
        return first_done(flight, under_way)

    def send_slowly(transport: Transport, request: Request, access: str, timeout_s: int) -> Answer:
        stamped = replace(request, headers=(*request.headers, (STAMP, f"{virtual.now():.4f}")))
        answered = virtual.now() + latency_s + document_s * len(request.document_keys)
        answer = send(transport, stamped, access, timeout_s)
        virtual.sleep(max(0.0, answered - virtual.now()))
        return answer

    def carry_and_end(courier: HttpCourier, request: Request) -> Answer:
        try:
            return carry(courier, request)
        finally:
            if threading.current_thread() is not threading.main_thread():
                virtual.end()

    with (
        patch.object(World, "now", lambda world: int(virtual.now())),
        patch.object(World, "monotonic_ms", lambda world: int(virtual.now() * 1000)),
        patch.object(World, "sleep", lambda world, seconds: virtual.sleep(seconds)),
        patch.object(InFlight, "leave", leave_in_time),
        patch.object(InFlight, "first_done", wait_for_first),
        patch.object(HttpCourier, "carry", carry_and_end),
        patch.object(Transport, "send", send_slowly),
    ):
        return run(sys.argv[4:])


if __name__ == "__main__":
    raise SystemExit(main())
