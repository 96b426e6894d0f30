"""One authorised GET on the stand-in for Stripe: which objects, which page of them, how much of them expanded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Any

from vendors.stripe_errors import Json, Refused, masked, missing, unknown_address, unknown_parameter, whole
from vendors.stripe_rendering import Expansions, Rendering
from vendors.stripe_shelf import FIRST, LAST, Border, Place, Shelf
from vendors.stripe_tables import BELOW, INDEXED, INNER_LISTS, RESOURCES, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendors.fake_stripe import FakeStripe

DAY = 86_400
EVENTS_ARE_KEPT_S = 30 * DAY
_MOST_TYPES = 20
# The key before which the wanted objects begin, or after which they end, in an index ordered by (created, number).
_BOUNDS: dict[str, Callable[[int], tuple[Border, Border]]] = {
    "gt": lambda bound: ((bound + 1, 0), LAST),
    "gte": lambda bound: ((bound, 0), LAST),
    "lt": lambda bound: (FIRST, (bound, 0)),
    "lte": lambda bound: (FIRST, (bound + 1, 0)),
}


class Reading:
    """One authorised GET on one account."""

    def __init__(self, fake: FakeStripe, account: str | None, permissions: set[str] | None, key: str) -> None:
        self.fake = fake
        self.account = account
        self.permissions = permissions
        self.key = key
        self.shelf = fake.accounts[account]
        self.rendering = Rendering(self.shelf, fake.second())
        self.expansions = Expansions(self.permit)

    def answer(self, path: str, query: Json) -> Json:
        for root, resource in RESOURCES.items():
            if path == root:
                self.permit(resource.permission)
                return self.page(root, resource, query)
            if path.startswith(root + "/"):
                object_id, _, inner = path.removeprefix(root + "/").partition("/")
                self.permit(resource.permission)
                found = self.find(resource.kind, object_id)
                if not inner:
                    return self.retrieve(found, query)
                return self.below(root, found, inner, path, query)
        raise unknown_address("GET", path)

    def below(self, root: str, owner: Json, inner: str, path: str, query: Json) -> Json:
        """A list inside an object, a list of objects below it, or one of those."""
        name, _, inner_id = inner.partition("/")
        if (root, inner) in INNER_LISTS:
            return self.inner_list(owner, inner, path, query)
        if (root, name) not in BELOW:
            raise unknown_address("GET", path)
        kind, field = BELOW[root, name]
        if not inner_id:
            resource = Resource(kind, frozenset(), "")
            return self.page(path, resource, query, (field, owner["id"]))
        found = self.find(kind, inner_id)
        if found[field] != owner["id"]:
            raise missing(kind, inner_id)
        return self.retrieve(found, query)

    def find(self, kind: str, object_id: str) -> Json:
        found = self.shelf.get(object_id)
        if found is None or found["object"] != kind or not self._is_seen(found):
            raise missing(kind, object_id)
        return found

    def permit(self, permission: str) -> None:
        """Raises the 403; who may write may read."""
        enough = {permission, permission.replace("_read", "_write")}
        if self.permissions is not None and enough.isdisjoint(self.permissions):
            raise Refused(
                403,
                f"The provided key '{masked(self.key)}' does not have the required permissions for this endpoint on "
                f"account '{self.account or 'acct_1AcmeBooks'}'. Having the '{permission}' permission would allow "
                f"this request to continue.",
                code="more_permissions_required",
            )

    def retrieve(self, found: Json, query: Json) -> Json:
        expand = query.pop("expand", [])
        for name in query:
            raise unknown_parameter(name)
        return self.rendering.render(found, self.expansions.tree(expand, found["object"], in_list=False))

    # ------------------------------------------------------------------------------------------ lists

    def page(self, path: str, resource: Resource, query: Json, owner: tuple[str, str] | None = None) -> Json:
        expand = query.pop("expand", [])
        asked, after, before = _paging(query)
        limit = min(asked, self.fake.page_size)
        low, high = _borders(query.pop("created", {}))
        for name in query.keys() - resource.filters:
            raise unknown_parameter(name)
        indexes = self._indexes(resource.kind, query, owner)
        tree = self.expansions.tree(expand, resource.kind, in_list=True)
        if resource.kind == "event":
            low = max(low, (self.fake.second() - EVENTS_ARE_KEPT_S + 1, 0))

        def belongs(one: Json) -> bool:
            fits = all(_matches(self.fake, one, name, query[name]) for name in query)
            return fits and self._is_seen(one) and (owner is None or one[owner[0]] == owner[1])

        cursor = after if after is not None else before
        if cursor is not None:
            place = self._cursor(cursor, resource.kind, belongs, low, high, after is not None)
            if before is not None:
                low = (place[0], place[1] + 1)
            else:
                high = place
        walk = self.shelf.newest_first if before is None else self.shelf.oldest_first
        found: Iterator[Json] = (one for one in walk(indexes, low, high) if belongs(one))
        data = list(islice(found, limit + 1))
        has_more = len(data) > limit
        data = data[:limit] if before is None else data[:limit][::-1]
        return {
            "object": "list",
            "data": [self.rendering.render(one, tree) for one in data],
            "has_more": has_more,
            "url": path,
        }

    def _indexes(self, kind: str, query: Json, owner: tuple[str, str] | None) -> list[Sequence[Place]]:
        """The shortest index that holds everything the query may want; several where it names several types."""
        if kind == "event" and ("type" in query or "types" in query):
            return [self.shelf.index("event", "type", one) for one in _event_types(self.shelf, query)]
        asked = dict(query)
        if kind == "invoice_payment" and "payment" in query:
            asked["payment"] = _paid_by(query["payment"])[1]
        if owner is not None:
            asked[owner[0]] = owner[1]
        named = {name: value for name, value in asked.items() if name in INDEXED.get(kind, ())}
        narrow = [self.shelf.index(kind, name, str(value)) for name, value in named.items()]
        return [min([*narrow, self.shelf.index(kind)], key=len)]

    def _cursor(
        self,
        cursor: str,
        kind: str,
        belongs: Callable[[Json], bool],
        low: Border,
        high: Border,
        is_after: bool,
    ) -> Border:
        """The cursor's own place: it holds while newer objects come in."""
        name = "starting_after" if is_after else "ending_before"
        one = self.shelf.get(cursor)
        if one is None or one["object"] != kind or not self._is_seen(one):
            raise missing(kind, cursor, name)
        place = self.shelf.place(cursor)
        if not low <= place < high or not belongs(one):
            raise Refused(400, f"The cursor {cursor} is not in this list", param=name)
        return place

    def _is_seen(self, one: Json) -> bool:
        """Events come into sight late and are gone after 30 days; all else is there from when it was made."""
        if one["object"] != "event":
            return True
        now, lag = self.fake.second(), self.fake.event_lag
        late = lag(one) if callable(lag) else lag
        return bool(one["created"] + late <= now < one["created"] + EVENTS_ARE_KEPT_S)

    def inner_list(self, owner: Json, name: str, path: str, query: Json) -> Json:
        limit, after, before = _paging(query)
        for unknown in query:
            raise unknown_parameter(unknown)
        if name == "amount_details_line_items":
            owner, name = owner.get("amount_details") or {}, "line_items"
        lines: list[Json] = owner.get(name, {}).get("data", [])
        ids = [line["id"] for line in lines]
        for cursor, param in ((after, "starting_after"), (before, "ending_before")):
            if cursor is not None and cursor not in ids:
                raise missing("line item", cursor, param)
        rest = lines if after is None else lines[ids.index(after) + 1 :]
        rest = rest if before is None else rest[: ids.index(before)]
        data = rest[:limit] if before is None else rest[-limit:]
        return {"object": "list", "data": data, "has_more": len(rest) > limit, "url": path}


def _paging(query: Json) -> tuple[int, str | None, str | None]:
    limit = whole(query.pop("limit", "10"), "limit")
    if not 1 <= limit <= 100:
        raise Refused(400, f"This value must be between 1 and 100: {limit}", param="limit")
    after, before = query.pop("starting_after", None), query.pop("ending_before", None)
    if after is not None and before is not None:
        raise Refused(400, "You may only specify one of these parameters: starting_after, ending_before.")
    return limit, after, before


def _borders(created: Any) -> tuple[Border, Border]:
    if not isinstance(created, dict):
        second = whole(created, "created")
        created = {"gte": str(second), "lte": str(second)}
    low, high = FIRST, LAST
    for name, bound in created.items():
        if name not in _BOUNDS:
            raise unknown_parameter(f"created[{name}]")
        border = _BOUNDS[name](whole(bound, f"created[{name}]"))
        low, high = max(low, border[0]), min(high, border[1])
    return low, high


def _event_types(shelf: Shelf, query: Json) -> list[str]:
    """The known types that `type` (one, with wildcards) or `types` (at most 20, exact) ask for."""
    if "type" in query and "types" in query:
        raise Refused(400, "You may only specify one of these parameters: type, types.")
    if "type" in query:
        return sorted(
            one for one in shelf.known_values("event", "type") if fnmatchcase(one, str(query["type"]))
        )
    wanted = query["types"]
    if not isinstance(wanted, list):
        raise Refused(400, "Invalid array", param="types")
    if len(wanted) > _MOST_TYPES:
        raise Refused(400, f"You may only specify up to {_MOST_TYPES} types", param="types")
    for one in wanted:
        if "*" in one:
            raise Refused(400, f"Invalid event type {one}: wildcards are for `type` alone", param="types")
    return sorted(set(wanted))


def _paid_by(wanted: Any) -> tuple[str, str]:
    """The kind and the id of what `payment` asks for."""
    kinds = ("payment_intent", "payment_record")
    if not isinstance(wanted, dict) or wanted.get("type") not in kinds:
        raise Refused(400, "Invalid payment[type]: must be payment_intent or payment_record", param="payment")
    if wanted.keys() - {"type", *kinds}:
        raise unknown_parameter("payment")
    return wanted["type"], str(wanted.get(wanted["type"]))


def _matches(fake: FakeStripe, one: Json, name: str, wanted: Any) -> bool:
    if name == "ids":
        return bool(one["id"] in wanted)
    if name == "payment":
        kind, paid_by = _paid_by(wanted)
        return bool(one["payment"]["type"] == kind and one["payment"].get(kind) == paid_by)
    if name == "delivery_success":
        if wanted not in ("true", "false"):
            raise Refused(400, f"Invalid boolean: {wanted}", param=name)
        return bool((one["id"] not in fake.undelivered) == (wanted == "true"))
    if one["object"] == "event":
        # Their types were chosen by index.
        return True
    held = one.get(name)
    return bool((str(held).lower() if isinstance(held, bool) else held) == wanted)
