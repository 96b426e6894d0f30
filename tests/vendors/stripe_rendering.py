"""How much of a stored object an answer shows: expansions checked, references followed, lists cut to ten."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from vendors.stripe_errors import Json, Refused
from vendors.stripe_shelf import Shelf
from vendors.stripe_tables import (
    INCLUDED,
    INSIDE,
    LISTED,
    PERMISSION_OF_KIND,
    REFERENCE,
    SCHEMA,
    SHOWN,
)

_EMBEDDED = 10
_DEEPEST = 4


class Expansions:
    """The paths of `expand`; `permit` is asked for every kind they lead to."""

    def __init__(self, permit: Callable[[str], None]) -> None:
        self.permit = permit

    def tree(self, paths: Any, kind: str, in_list: bool) -> Json:
        """The paths as a tree of fields, every one checked against what can be expanded at all."""
        tree: Json = {}
        for path in paths if isinstance(paths, list) else [paths]:
            parts = str(path).split(".")
            if len(parts) > _DEEPEST:
                raise Refused(400, f"You cannot expand more than 4 levels of a property. Property: {path}")
            if in_list and parts.pop(0) != "data":
                raise Refused(
                    400, f"This property cannot be expanded ({path}). You may want to expand data.{path}"
                )
            self._check(parts, kind, str(path))
            branch = tree
            for part in parts:
                branch = branch.setdefault(part, {})
        return tree

    def _check(self, parts: list[str], kind: str, path: str) -> None:
        how, passed_list = INSIDE, False
        for part in parts:
            if part == "data" and how in (INCLUDED, SHOWN, INSIDE) and not passed_list:
                passed_list = True
                continue
            if part not in SCHEMA.get(kind, {}):
                raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")
            (how, kind), passed_list = SCHEMA[kind][part], False
            if how != INSIDE and kind in PERMISSION_OF_KIND:
                self.permit(PERMISSION_OF_KIND[kind])
        if how == INSIDE or not parts or passed_list:
            raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")


class Rendering:
    """Objects of one account as they are shown at one second; nothing stored is changed or handed out unshared."""

    def __init__(self, shelf: Shelf, now: int) -> None:
        self.shelf = shelf
        self.now = now

    def render(self, stored: Json, tree: Json) -> Json:
        """A copy one level deep: what is nested is shared with what is stored and must not be changed."""
        one = dict(stored)
        kind = one["object"]
        for name, how, target in _LISTS_OF.get(kind, ()):
            if how == INSIDE:
                one[name] = embedded(one[name].get("data", []), one[name].get("url"))
                continue
            one.pop(name, None)
            if how == SHOWN or name in tree:
                one[name] = self.listed(stored, name, target, tree.get(name, {}))
        if kind == "payment_intent" and isinstance(one.get("amount_details"), dict):
            one["amount_details"] = self.amount_details(one, tree.get("amount_details", {}))
        if kind == "balance_transaction" and one.get("status") == "pending":
            one["status"] = "available" if one["available_on"] <= self.now else "pending"
        if tree:
            self._expand(one, kind, tree)
        return one

    def _expand(self, one: Json, kind: str, tree: Json) -> None:
        """In place, on a copy; what is inside is copied before it is changed."""
        for name, branch in tree.items():
            how, target = SCHEMA[kind][name]
            held = one.get(name)
            if how == REFERENCE and isinstance(held, str):
                found = self.shelf.get(held)
                if found is None:
                    raise Refused(500, f"the stand-in does not hold {held}, which {one.get('id')} refers to")
                one[name] = self.render(found, branch)
            elif how == INSIDE and isinstance(held, dict):
                one[name] = dict(held)
                self._expand(one[name], target, branch)
            elif how == INSIDE and isinstance(held, list):
                one[name] = [dict(entry) for entry in held]
                for entry in one[name]:
                    self._expand(entry, target, branch)

    def amount_details(self, intent: Json, tree: Json) -> Json:
        """With the payment's line items only where they are expanded, ten at most."""
        details = dict(intent["amount_details"])
        items = details.pop("line_items", None)
        if items is not None and "line_items" in tree:
            url = f"/v1/payment_intents/{intent['id']}/amount_details_line_items"
            details["line_items"] = embedded(items["data"], url)
        return details

    def listed(self, owner: Json, name: str, kind: str, tree: Json) -> Json:
        """The list `name` of an object as it is when it is shown."""
        if (owner["object"], name) not in LISTED:
            return embedded(owner.get(name, {}).get("data", []), f"/v1/{owner['id']}/{name}")
        kind, field, url = LISTED[owner["object"], name]
        made = self.shelf.newest_first([self.shelf.index(kind, field, owner["id"])])
        branch = tree.get("data", {})
        entries = [self.render(entry, branch) for entry in islice(made, _EMBEDDED + 1)]
        return embedded(entries, url.format(owner["id"]))


def embedded(entries: list[Json], url: str | None) -> Json:
    return {"object": "list", "data": entries[:_EMBEDDED], "has_more": len(entries) > _EMBEDDED, "url": url}


# The lists of a kind, by name: found once, for every object of every page is shown by them.
_LISTS_OF = {
    kind: [
        (name, how, target)
        for name, (how, target) in fields.items()
        if how in (INCLUDED, SHOWN) or (how == INSIDE and name == "lines")
    ]
    for kind, fields in SCHEMA.items()
}
