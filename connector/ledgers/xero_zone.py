"""Whether the books' days are those of the organisation in Xero.

Xero says a time zone by the name that Windows has for it, in capitals and without spaces or dots; which zone of the tz
database each stands for is published by Unicode. https://github.com/unicode-org/cldr/blob/main/common/supplemental/windowsZones.xml
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

# Two winters and two summers of either hemisphere, and the weeks in which one zone has changed its clock already.
DAYS = 2 * 366


def plain(name: str) -> str:
    """The name in letters and digits alone: Xero leaves out some of the other signs."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())


NAMES = {plain(name): (name, zone) for name, zone in win_tz.items()}


def zone_sentence(word: str, zone: ZoneInfo, start: date) -> str | None:
    """A warning where the zone that Xero's `word` stands for has other days than `zone` at some time in the two years from
    `start`; None where they agree, and where it cannot be told."""
    named = NAMES.get(plain(word))
    if named is None or same_days(ZoneInfo(named[1]), zone, start):
        return None
    return (
        f"timezone: the books' days are those of {zone.key}, and the organisation in Xero has the time zone {named[0]} "
        f"({named[1]}): what happens near midnight stands on another day than people who work in Xero expect; let the two "
        "agree"
    )


def same_days(one: ZoneInfo, other: ZoneInfo, start: date) -> bool:
    noons = (datetime.combine(start + timedelta(days=n), time(12)) for n in range(DAYS))
    return all(one.utcoffset(noon) == other.utcoffset(noon) for noon in noons)
