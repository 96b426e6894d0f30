"""Contacts: made and changed by themselves, or on the way by a document that names them.

https://developer.xero.com/documentation/api/accounting/contacts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.xero.refusals import ARCHIVED_CONTACT, NO_CONTACT, Invalid
from vendors.xero.wire import Json

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

_NAMES = ("ContactID", "ContactNumber", "Name")


def save(organisation: Organisation, given: Json, method: str, contact_id: str | None) -> str:
    """Makes or changes a contact and returns its id. PUT only makes; POST changes whom an id, number or name means."""
    old = None
    if contact_id is not None:
        old = organisation.shelf.get("Contacts", contact_id)
    elif method == "POST":
        old = _meant(organisation, given)
    elif "ContactID" in given:
        raise Invalid("A ContactID cannot be given for a contact that is to be created")
    if old is None and not given.get("Name", "").strip():
        raise Invalid("The contact name must be specified.")
    return _store(organisation, given, old)


def resolve(organisation: Organisation, given: Json | None) -> str:
    """The id of the contact that a document names. A new name makes a contact; what else is said changes it."""
    if not given or not any(given.get(name) for name in _NAMES):
        raise Invalid(NO_CONTACT)
    found = _meant(organisation, given)
    if found is None and "Name" not in given:
        raise Invalid("The contact could not be found.")
    if found is not None and found["ContactStatus"] != "ACTIVE":
        raise Invalid(ARCHIVED_CONTACT)
    by = next(name for name in _NAMES if given.get(name))
    more = {name: value for name, value in given.items() if value != "" and (found is None or name != by)}
    if found is None or any(value != found.get(name) for name, value in more.items()):
        return _store(organisation, more, found)
    return str(found["ContactID"])


def _meant(organisation: Organisation, given: Json) -> Json | None:
    if given.get("ContactID"):
        found = organisation.shelf.get("Contacts", given["ContactID"])
        if found is None:
            raise Invalid("The contact could not be found.")
        return found
    if given.get("ContactNumber"):
        numbered = organisation.shelf.by("Contacts", "number", given["ContactNumber"])
        if numbered:
            return numbered[0]
    return organisation.contact_named(given["Name"]) if given.get("Name") else None


def _store(organisation: Organisation, given: Json, old: Json | None) -> str:
    contact_id = str(old["ContactID"]) if old else organisation.new_id()
    fresh: Json = {"ContactStatus": "ACTIVE", "EmailAddress": "", "Addresses": [], "Phones": []}
    record = {**(old or fresh), **given, "ContactID": contact_id}
    record["Name"] = record["Name"].strip()
    if not record["Name"]:
        raise Invalid("The contact name must be specified.")
    same_name = organisation.contact_named(record["Name"]) if record["ContactStatus"] == "ACTIVE" else None
    if same_name is not None and same_name["ContactID"] != contact_id:
        raise Invalid(
            f"The contact name {record['Name']} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )
    number = record.get("ContactNumber")
    for other in organisation.shelf.by("Contacts", "number", number) if number else ():
        if other["ContactID"] != contact_id:
            raise Invalid(
                f"The contact number {number} is already assigned to another contact. "
                "The contact number must be unique across all contacts."
            )
    organisation.put("Contacts", contact_id, record)
    return contact_id
