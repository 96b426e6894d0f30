"""Change data capture: what of the named kinds was changed or deleted since an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.quickbooks.clock import instant
from vendors.quickbooks.queryable import fields_of
from vendors.quickbooks.refusals import business, missing_parameter
from vendors.quickbooks.wire import Json

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

_DAYS_BACK = 30
_MOST = 1000


def changes(company: Company, parameters: dict[str, str]) -> Json:
    """The answer of `/cdc`, at most 1000 objects of a kind; deletions are told as `status: Deleted`."""
    for name in ("entities", "changedSince"):
        if not parameters.get(name):
            raise missing_parameter(name)
    try:
        since = instant(parameters["changedSince"])
    except ValueError:
        raise business("changedSince is no time") from None
    if since < company.clock() - _DAYS_BACK * 86400:
        raise business(f"changedSince is more than {_DAYS_BACK} days ago")
    answers = [_of_kind(company, kind, since) for kind in parameters["entities"].split(",")]
    return {"CDCResponse": [{"QueryResponse": [one for one in answers if one] or [{}]}]}


def _of_kind(company: Company, kind: str, since: float) -> Json:
    fields_of(company, kind)
    changed = [one for one in company.documents(kind) if instant(one["MetaData"]["LastUpdatedTime"]) >= since]
    gone = [
        {"domain": "QBO", "status": "Deleted", "Id": object_id}
        for (deleted, object_id), when in company.shelf.deleted.items()
        if deleted == kind and when >= since
    ]
    found = [*changed, *gone][:_MOST]
    return {kind: found, "startPosition": 1, "maxResults": len(found)} if found else {}
