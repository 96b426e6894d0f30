"""Xero's word for a time zone, and whether the books have the same days."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from xero_desk import desk
from xero_survey import MAPPING, WANTS, find, good_organisation

from connector.ledgers.xero_zone import NAMES, zone_sentence

START = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("word", "zone", "differs"),
    [
        ("EASTERNSTANDARDTIME", "America/New_York", False),
        ("EASTERNSTANDARDTIME", "America/Toronto", False),
        ("EASTERNSTANDARDTIME", "America/Jamaica", True),
        ("NEWZEALANDSTANDARDTIME", "Pacific/Auckland", False),
        ("AUSEASTERNSTANDARDTIME", "Australia/Brisbane", True),
        ("GMTSTANDARDTIME", "Europe/London", False),
        ("GMTSTANDARDTIME", "UTC", True),
        ("WEUROPESTANDARDTIME", "America/New_York", True),
        ("MOUNTAINSTANDARDTIME(MEXICO)", "America/Mazatlan", False),
        ("UTC", "UTC", False),
        ("MIDATLANTICSTANDARDTIME", "America/New_York", False),
        ("", "America/New_York", False),
    ],
)
def test_a_zone_is_told_where_its_days_are_known_to_be_others(word: str, zone: str, differs: bool) -> None:
    """A word that Unicode's table has not says nothing."""
    assert (zone_sentence(word, ZoneInfo(zone), START) is not None) == differs


def test_every_name_stands_for_a_zone() -> None:
    assert len(NAMES) > 130
    for name, zone in NAMES.values():
        assert ZoneInfo(zone).key == zone and name


def test_check_warns_of_it_and_of_nothing_else() -> None:
    organisation = good_organisation()
    organisation.timezone = "Australia/Sydney"
    found = find(organisation, MAPPING, replace(WANTS, zone=ZoneInfo("America/New_York")))
    assert found["problems"] == []
    (told,) = found["warnings"]
    assert "America/New_York" in told and "AUS Eastern Standard Time (Australia/Sydney)" in told
    assert find(organisation, MAPPING, replace(WANTS, zone=ZoneInfo("Australia/Melbourne")))["warnings"] == []


def test_the_settings_tell_the_zone_of_the_books(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.write()
        one.organisation.timezone = "America/New_York"
        assert "timezone:" not in one.command("check").out
        one.organisation.timezone = "Asia/Tokyo"
        said = one.command("check")
        assert said.code == 0
        assert re.search(r"Tokyo\s+Standard\s+Time", said.out + said.err)
