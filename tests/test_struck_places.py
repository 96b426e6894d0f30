"""The rotation by which faults strike in each run of the tests leaves no kind of fault out, and no play."""

from __future__ import annotations

import netsuite_faults
import netsuite_scenes
import pytest
import quickbooks_faults
import quickbooks_scenes
import xero_faults
import xero_scenes
from struck_passes import chosen

LEDGERS = {
    "netsuite": (netsuite_faults, netsuite_scenes),
    "quickbooks": (quickbooks_faults, quickbooks_scenes),
    "xero": (xero_faults, xero_scenes),
}


@pytest.mark.parametrize("table", ["AT_WRITES", "AT_READS"])
@pytest.mark.parametrize("kind", LEDGERS)
def test_every_fault_strikes_and_every_play_is_struck(kind: str, table: str) -> None:
    faults, scenes = LEDGERS[kind]
    plays, kinds = range(len(scenes.PLAYS)), range(len(getattr(faults, table)))
    struck = [
        (fault, play)
        for fault in kinds
        for play in plays
        for turn in range(2)
        if chosen(range(9), fault, play, turn)
    ]
    assert {fault for fault, _ in struck} == set(kinds)
    assert {play for _, play in struck} == set(plays)
    assert len(struck) * 4 < len(kinds) * len(plays)
