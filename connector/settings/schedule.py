"""When the connector runs by itself: every so often, or at the times of a cron line.

Cron as in crontab(5): minute, hour, day of month, month, day of week, where 0 and 7 are Sunday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import Field, field_validator, model_validator

from connector.settings.values import Duration, Strict, Text

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_ITEM = re.compile(r"(?:(\*)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]+))?")


@dataclass(frozen=True, slots=True)
class _Field:
    title: str
    first: int
    last: int
    names: dict[str, int] = field(default_factory=dict)

    def number(self, word: str) -> int:
        value = int(word) if word.isdecimal() and len(word) < 4 else self.names.get(word, -1)
        if not self.first <= value <= self.last:
            allowed = f"{self.first} to {self.last}" + (f" or {', '.join(self.names)}" if self.names else "")
            raise ValueError(f"the {self.title} must be {allowed}")
        return value

    def values(self, text: str) -> set[int]:
        """Every value that a field of a cron line allows; ValueError says what is wrong with it."""
        chosen: set[int] = set()
        for item in text.lower().split(","):
            found = _ITEM.fullmatch(item)
            if found is None:
                raise ValueError(
                    f"the {self.title} is not *, a number, a range such as 1-5, or a step such as */15"
                )
            first = self.first if found[1] else self.number(found[2])
            last = self.last if found[1] or (found[4] and not found[3]) else self.number(found[3] or found[2])
            if self.names and found[3] == "sun":
                last = 7
            if last < first:
                raise ValueError(f"the {self.title} has a range that ends before it begins")
            step = int(found[4] or 1)
            if step == 0:
                raise ValueError(f"the {self.title} has a step of 0")
            chosen.update(range(first, last + 1, step))
        return chosen


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)


def parse_cron(text: str) -> tuple[str, str, str, str, str]:
    """The five fields of a cron line, days of the week by name (`mon,tue`); ValueError says what is wrong."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            'must have five fields: minute, hour, day, month, day of the week, as in "*/15 * * * *"'
        )
    chosen = [kind.values(part) for kind, part in zip(_FIELDS, parts, strict=True)]
    if min(chosen[2]) > max(_LONGEST_MONTH.get(month, 31) for month in chosen[3]):
        raise ValueError("names a day that its months do not have")
    days = {day % 7 for day in chosen[4]}
    week = "*" if len(days) == len(_DAYS) else ",".join(_DAYS[day] for day in sorted(days))
    return parts[0], parts[1], parts[2], parts[3].lower(), week


class Schedule(Strict):
    """Exactly one of `every_s` (seconds) and `cron`."""

    every_s: Duration | None = Field(default=None, alias="every")
    cron: Text | None = None

    @field_validator("every_s")
    @classmethod
    def _check_every(cls, every_s: int | None) -> int | None:
        if every_s == 0:
            raise ValueError("must be at least 1s")
        return every_s

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, cron: str | None) -> str | None:
        if cron is not None:
            parse_cron(cron)
        return cron

    @model_validator(mode="after")
    def _check_one(self) -> Schedule:
        if (self.every_s is None) == (self.cron is None):
            raise ValueError("needs either every or cron, and not both")
        return self

    @property
    def cron_fields(self) -> tuple[str, str, str, str, str] | None:
        """Minute, hour, day, month, day of the week by name: no reader need know which number is Sunday."""
        return None if self.cron is None else parse_cron(self.cron)
