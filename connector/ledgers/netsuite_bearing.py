"""Rows of transactions that bear an id of Stripe's, by day: what a run has read of them once, it does not ask for again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from connector.ledgers.days import Span
from connector.ledgers.json_wire import Row
from connector.ledgers.marks import read_marks
from connector.ledgers.packed_rows import pack, unpack
from connector.ledgers.sale_search import stripe_ids

# A run that fills its state from very large books keeps no more than these.
MOST = 200_000


class Bearing:
    """`spans` are the days that were read whole. `asked` is how many calls asked for ids by themselves; `crowded` from which
    day on all was too much, so far, and how many calls that takes."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.asked = 0
        self.crowded: tuple[date, int] | None = None
        # Packed: a run may keep as many as an account has, and looks at few of them.
        self.rows: dict[int, bytes] = {}
        self.by_id: dict[str, list[int]] = {}
        # Where the search that reads page by page stands; None where it has left some out.
        self.reached: str | None = None

    def is_crowded(self, since: date, most_calls: int) -> bool:
        """Whether all since that day is known to take more calls than these."""
        return self.crowded is not None and since <= self.crowded[0] and most_calls < self.crowded[1]

    def keep(self, rows: Iterable[Row]) -> None:
        for row in rows:
            named = (row.get(name) for name in ("externalid", "tranid", "otherrefnum"))
            note = read_marks(str(row.get("memo") or ""), " ".join(str(one) for one in named if one))
            place = int(row["id"])
            for stripe_id in stripe_ids(note):
                places = self.by_id.setdefault(stripe_id, [])
                if place not in places:
                    places.append(place)
                self.rows[place] = b""
            if place in self.rows:
                self.rows[place] = pack(row)

    def keep_page(self, after: str, rows: Iterable[Row], following: str | None, days: Span) -> None:
        """A page of all that bears anything, behind the id `after`; its last page makes these `days` whole."""
        if after not in ("0", self.reached):
            return
        if len(self.rows) > MOST:
            self.reached = None
            return
        self.keep(rows)
        self.reached = following
        if following is None:
            self.spans.append(days)

    def carrying(self, ids: Iterable[str]) -> list[Row]:
        """What has been read and carries one of these ids, by internal id."""
        places = {place for one in ids for place in self.by_id.get(one, ())}
        return [unpack(self.rows[place]) for place in sorted(places)]
