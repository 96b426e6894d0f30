"""One authorised GET on the stand-in for Stripe: which objects, which page of them, how much of them expanded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from vendors.stripe_tables import (
    INCLUDED,
    INNER_LISTS,
    INSIDE,
    PERMISSION_OF_KIND,
    REFERENCE,
    RESOURCES,
    SCHEMA,
    Resource,
)

if TYPE_CHECKING:
    from vendors.fake_stripe import FakeStripe

Json = dict[str, Any]

_EMBEDDED = 10
_DEEPEST = 4
_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda created, bound: created > bound,
    "gte": lambda created, bound: created >= bound,
    "lt": lambda created, bound: created < bound,
    "lte": lambda created, bound: created <= bound,
}


class Refused(Exception):
    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        kind = "invalid_request_error" if status < 500 else "api_error"
        self.body = {"error": {"message": message, "type": kind, **more}}


def missing(kind: str, object_id: object, param: str = "id") -> Refused:
    word = kind.replace(".", " ").replace("_", " ")
    status = 404 if param == "id" else 400
    return Refused(status, f"No such {word}: '{object_id}'", code="resource_missing", param=param)


def unknown_parameter(name: str) -> Refused:
    return Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def masked(key: str) -> str:
    return f"{key[:8]}{'*' * 12}{key[-4:]}"


class Reading:
    """One authorised GET on one account."""

    def __init__(self, fake: FakeStripe, account: str | None, permissions: set[str] | None, key: str) -> None:
        self.fake = fake
        self.account = account
        self.permissions = permissions
        self.key = key

    def answer(self, path: str, query: Json) -> Json:
        for root, resource in RESOURCES.items():
            if path == root:
                self.permit(resource.permission)
                return self.page(root, resource, query)
            if path.startswith(root + "/"):
                object_id, _, inner = path.removeprefix(root + "/").partition("/")
                self.permit(resource.permission)
                found = self.fake.accounts[self.account].get(object_id)
                if found is None or found["object"] != resource.kind:
                    raise missing(resource.kind, object_id)
                if not inner:
                    return self.retrieve(found, query)
                if (root, inner) in INNER_LISTS:
                    return self.inner_list(found, inner, path, query)
        raise Refused(404, f"Unrecognized request URL (GET: {path}).")

    def permit(self, permission: str) -> None:
        if self.permissions is not None and permission not in self.permissions:
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
        return self.render(found, self.expansions(expand, found["object"], in_list=False))

    def page(self, path: str, resource: Resource, query: Json) -> Json:
        expand = query.pop("expand", [])
        paging = _paging(query)
        created = query.pop("created", {})
        for name in query.keys() - resource.filters:
            raise unknown_parameter(name)
        chosen = [
            one
            for one in self.fake.of_kind(resource.kind, self.account)
            if _made_then(one, created) and all(_matches(one, name, query[name]) for name in query)
        ]
        tree = self.expansions(expand, resource.kind, in_list=True)
        known = {one["id"] for one in self.fake.of_kind(resource.kind, self.account)}
        data, has_more = _cut(chosen, known, resource.kind, *paging)
        return {
            "object": "list",
            "data": [self.render(one, tree) for one in data],
            "has_more": has_more,
            "url": path,
        }

    def inner_list(self, owner: Json, name: str, path: str, query: Json) -> Json:
        paging = _paging(query)
        for unknown in query:
            raise unknown_parameter(unknown)
        lines: list[Json] = owner.get(name, {}).get("data", [])
        data, has_more = _cut(lines, {line["id"] for line in lines}, "line item", *paging)
        return {"object": "list", "data": data, "has_more": has_more, "url": path}

    # ------------------------------------------------------------------------------------------ expansion

    def expansions(self, paths: Any, kind: str, in_list: bool) -> Json:
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
            self._check_path(parts, kind, str(path))
            branch = tree
            for part in parts:
                branch = branch.setdefault(part, {})
        return tree

    def _check_path(self, parts: list[str], kind: str, path: str) -> None:
        how, passed_list = INSIDE, False
        for part in parts:
            if part == "data" and how in (INCLUDED, INSIDE) and not passed_list:
                passed_list = True
                continue
            if part not in SCHEMA.get(kind, {}):
                raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")
            (how, kind), passed_list = SCHEMA[kind][part], False
            if how != INSIDE and kind in PERMISSION_OF_KIND:
                self.permit(PERMISSION_OF_KIND[kind])
        if how == INSIDE or not parts or passed_list:
            raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")

    def render(self, stored: Json, tree: Json) -> Json:
        one = dict(stored)
        for name, (how, target) in SCHEMA.get(one["object"], {}).items():
            if how == INCLUDED:
                one.pop(name, None)
                if name in tree:
                    one[name] = self._included(stored, name, target, tree[name])
            elif how == INSIDE and name in ("lines",):
                one[name] = _embedded(one[name].get("data", []), one[name].get("url"))
        self._expand(one, one["object"], tree)
        return one

    def _expand(self, one: Json, kind: str, tree: Json) -> None:
        """In place, on a copy; what is inside is copied before it is changed."""
        for name, branch in tree.items():
            how, target = SCHEMA[kind][name]
            held = one.get(name)
            if how == REFERENCE and isinstance(held, str):
                found = self.fake.accounts[self.account].get(held)
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

    def _included(self, owner: Json, name: str, kind: str, tree: Json) -> Json:
        branch = tree.get("data", {})
        if owner["object"] == "charge":
            entries = [r for r in self.fake.of_kind("refund", self.account) if r["charge"] == owner["id"]]
        elif owner["object"] == "invoice":
            made = self.fake.of_kind("invoice_payment", self.account)
            entries = [payment for payment in made if payment["invoice"] == owner["id"]]
        else:
            return _embedded(owner.get(name, {}).get("data", []), f"/v1/{owner['id']}/{name}")
        return _embedded([self.render(entry, branch) for entry in entries], f"/v1/{owner['id']}/{name}")


def _embedded(entries: list[Json], url: str | None) -> Json:
    return {"object": "list", "data": entries[:_EMBEDDED], "has_more": len(entries) > _EMBEDDED, "url": url}


def _whole(value: Any, param: str) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+", value):
        raise Refused(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def _paging(query: Json) -> tuple[int, str | None, str | None]:
    limit = _whole(query.pop("limit", "10"), "limit")
    if not 1 <= limit <= 100:
        raise Refused(400, f"This value must be between 1 and 100: {limit}", param="limit")
    after, before = query.pop("starting_after", None), query.pop("ending_before", None)
    if after is not None and before is not None:
        raise Refused(400, "You may only specify one of these parameters: starting_after, ending_before.")
    return limit, after, before


def _cut(
    chosen: list[Json], known: set[str], kind: str, limit: int, after: str | None, before: str | None
) -> tuple[list[Json], bool]:
    """A page, by the cursor's own place: it holds while newer objects come in."""
    ids = [one["id"] for one in chosen]
    if after is not None:
        if after not in ids:
            raise (
                missing(kind, after, "starting_after")
                if after not in known
                else Refused(400, f"The cursor {after} is not in this list", param="starting_after")
            )
        rest = chosen[ids.index(after) + 1 :]
        return rest[:limit], len(rest) > limit
    if before is not None:
        if before not in ids:
            raise missing(kind, before, "ending_before")
        rest = chosen[: ids.index(before)]
        return rest[-limit:], len(rest) > limit
    return chosen[:limit], len(chosen) > limit


def _made_then(one: Json, created: Any) -> bool:
    if isinstance(created, dict):
        for name in created.keys() - _BOUNDS.keys():
            raise unknown_parameter(f"created[{name}]")
        return all(
            _BOUNDS[name](one["created"], _whole(bound, f"created[{name}]"))
            for name, bound in created.items()
        )
    return bool(one["created"] == _whole(created, "created"))


def _matches(one: Json, name: str, wanted: Any) -> bool:
    if name == "ids":
        return one["id"] in wanted
    if name == "payment":
        if not isinstance(wanted, dict) or wanted.get("type") not in ("payment_intent", "payment_record"):
            raise Refused(
                400, "Invalid payment[type]: must be payment_intent or payment_record", param="payment"
            )
        if wanted.keys() - {"type", "payment_intent", "payment_record"}:
            raise unknown_parameter("payment")
        kind = wanted["type"]
        return bool(one["payment"]["type"] == kind and one["payment"].get(kind) == wanted.get(kind))
    held = one.get(name)
    return bool((str(held).lower() if isinstance(held, bool) else held) == wanted)


def read_query(text: str) -> Json:
    """a[b]=1&c[]=2&c[0]=3 as nested dictionaries and lists."""
    query: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = re.fullmatch(r"([^\[\]]+)(?:\[([^\[\]]*)\])?", name)
        if parts is None:
            raise unknown_parameter(name)
        root, key = parts[1], parts[2]
        if key is None:
            query[root] = value
        elif key == "" or key.isdecimal():
            query.setdefault(root, []).append(value)
        else:
            query.setdefault(root, {})[key] = value
    return query
