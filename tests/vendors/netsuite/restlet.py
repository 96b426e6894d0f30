"""The RESTlet that voids: a script in the account, `POST {"type": "invoice", "id": "12"}`.

`N/transaction.void` needs nothing applied, an open period, and the preference for reversing journals off
(ORA/section_4413165692).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite import records, transactions
from vendors.netsuite.answers import Answer, Asked
from vendors.netsuite.field_table import TRANSACTIONS, type_named
from vendors.netsuite.refusals import Refused
from vendors.netsuite.wire import Json, dumps, loads

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

SCRIPT = {"script": "101", "deploy": "1"}
_REFUSED_TYPES = ("depositApplication", "journalEntry")


def refusal(no: Refused) -> Answer:
    return said(no.status, no.code, no.detail)


def said(status: int, code: str, words: str) -> Answer:
    """RESTlets have an envelope of their own."""
    return Answer(status, dumps({"error": {"code": code, "message": words}}), "application/json")


def answer(account: Account, asked: Asked) -> Answer:
    if "restlet" in account.role_lacks:
        raise Refused(403, "INSUFFICIENT_PERMISSION", "You do not have privileges to view this page.")
    if asked.method != "POST" or asked.parameters != SCRIPT:
        raise Refused(
            400, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists."
        )
    if not (asked.header("Content-Type") or "").startswith("application/json"):
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "The body is not sent as JSON.", loud=True)
    body = _body(asked)
    record_type = type_named(body["type"])
    if record_type not in TRANSACTIONS or record_type in _REFUSED_TYPES:
        raise Refused(400, "SSS_INVALID_TYPE_ARG", f"{body['type']} can not be voided.")
    one = account.shelf.get("transaction", body["id"])
    if one is None or one["_type"] != record_type:
        raise Refused(400, "RCRD_DSNT_EXIST", "That record does not exist.")
    records.one_step(account, lambda: transactions.void(account, one), by_app=True)
    return Answer(200, dumps({"voided": True, "id": one["id"]}), "application/json")


def _body(asked: Asked) -> Json:
    try:
        body = loads(asked.body)
    except ValueError as error:
        raise Refused(400, "INVALID_RETURN_DATA_FORMAT", str(error), loud=True) from error
    if not isinstance(body, dict) or not all(isinstance(body.get(one), str) for one in ("type", "id")):
        raise Refused(400, "SSS_MISSING_REQD_ARGUMENT", "type and id are required.", loud=True)
    return body
