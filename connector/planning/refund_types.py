"""What each refund type moves, of which sales a ledger can make it, and whether it is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connector.planning.model import REFUND_TYPES, RefundType

# The base case of every figure that a person is shown, in cents: a sale of 100.00 and 10.00 tax, refunded.
_NET, _TAX = 10000, 1000
BASE_TOTAL = _NET + _TAX

# What a type debits (above zero) and credits in the base case. `credit memo` and `invoice` are the two
# documents that can stand open on receivable: what is left on them must be told apart, even where receivable
# as a whole is right.
_TAKEN_BACK = (("income", _NET), ("tax", _TAX))
MOVES: Mapping[RefundType, tuple[tuple[str, int], ...]] = MappingProxyType(
    {
        "credit_memo": (*_TAKEN_BACK, ("credit memo", -BASE_TOTAL)),
        "credit_card_refund": (("credit memo", BASE_TOTAL), ("clearing", -BASE_TOTAL)),
        "refund_payout": (("credit memo", BASE_TOTAL), ("clearing", -BASE_TOTAL)),
        "refund_receipt": (*_TAKEN_BACK, ("clearing", -BASE_TOTAL)),
        "void": (*_TAKEN_BACK, ("invoice", -BASE_TOTAL)),
        "reopen_invoice": (("invoice", BASE_TOTAL), ("clearing", -BASE_TOTAL)),
    }
)

_WITH_INCOME = frozenset({"invoice", "sales_receipt"})
_INVOICE = frozenset({"invoice"})
# Of which sales a type that stands first in a result can be made. A lone payment holds no income and no tax,
# so nothing that takes income back can be made of it.
SALE_FORMS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "credit_memo": _WITH_INCOME,
        "refund_receipt": _WITH_INCOME,
        "void": _INVOICE,
        "reopen_invoice": _INVOICE,
        "refund_payout": frozenset({"payment"}),
    }
)
# NetSuite's refund receipt is the cash refund of a cash sale; it knows none of an invoice.
_FORMS_BY_KIND: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {"netsuite": MappingProxyType({**SALE_FORMS, "refund_receipt": frozenset({"sales_receipt"})})}
)


def sale_forms(ledger_kind: str) -> Mapping[str, frozenset[str]]:
    """Of which sales a ledger of this kind can make each type that may stand first in a result."""
    return _FORMS_BY_KIND.get(ledger_kind, SALE_FORMS)


def types_of(ledger_kind: str) -> frozenset[str]:
    """The types that a ledger of this kind can make at all; a real ledger's capabilities may know better."""
    missing = {"refund_receipt"} if ledger_kind == "quickbooks_desktop" else set()
    return frozenset(REFUND_TYPES) - missing


def is_on(switches: Mapping[str, bool], refund_type: str) -> bool:
    """Whether a type may be posted; a switch that is not set is on, except that of `reopen_invoice`."""
    return switches.get(refund_type, refund_type != "reopen_invoice")


def all_switched_off(switches: Mapping[str, bool]) -> bool:
    """Whether no type at all is on: then every refund not yet posted is excluded, whatever its facts."""
    return not any(is_on(switches, refund_type) for refund_type in REFUND_TYPES)
