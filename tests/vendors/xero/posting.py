"""What each document does in the general ledger. Amounts there are in base currency, debits positive."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.ledger import Key, Posting
from vendors.xero.lines import net_amount
from vendors.xero.settling import SIDES, in_base, shares, with_balances
from vendors.xero.wire import ZERO, Json

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

GAINS = "REALISEDCURRENCYGAIN"


def parts(organisation: Organisation, one: Json) -> list[tuple[str, Decimal]]:
    """Account and amount of what stands against the total: lines, tax, and what rounding leaves."""
    found: list[tuple[str, Decimal]] = []
    for line in one["LineItems"]:
        found.append((line["AccountID"], in_base(one, net_amount(line, one["LineAmountTypes"]))))
    if one["TotalTax"]:
        found.append((organisation.system_account("GST"), in_base(one, one["TotalTax"])))
    rest = in_base(one, one["Total"]) - sum((amount for _, amount in found), ZERO)
    if rest:
        found.append((organisation.system_account("ROUNDING"), rest))
    return found


def control(organisation: Organisation, one: Json, amount: Decimal) -> Posting:
    """On receivables or payables, with the contact."""
    account = organisation.system_account(SIDES[one["Type"]][1])
    return Posting(account, amount, one["Contact"]["ContactID"])


def post_form(organisation: Organisation, kind: str, object_id: str, one: Json) -> None:
    """An invoice or a credit note, once it is authorised."""
    if one["Status"] not in ("AUTHORISED", "PAID"):
        organisation.ledger.remove((kind, object_id))
        return
    sign = SIDES[one["Type"]][0]
    postings = [Posting(account, -sign * amount) for account, amount in parts(organisation, one)]
    postings.append(control(organisation, one, sign * in_base(one, one["Total"])))
    organisation.ledger.post((kind, object_id), one["Date"], postings)


def post_bank_transaction(organisation: Organisation, object_id: str, one: Json) -> None:
    key = ("BankTransactions", object_id)
    if one["Status"] != "AUTHORISED":
        organisation.ledger.remove(key)
        return
    sign = 1 if one["Type"].startswith("RECEIVE") else -1
    bank = Posting(
        one["BankAccount"]["AccountID"], sign * in_base(one, one["Total"]), own=sign * one["Total"]
    )
    if one["Type"].endswith("-OVERPAYMENT"):
        against = [control(organisation, one, -bank.amount)]
    else:
        against = [Posting(account, -sign * amount) for account, amount in parts(organisation, one)]
    organisation.ledger.post(key, one["Date"], [bank, *against])


def taken_off(organisation: Organisation, kind: str, one: Json, ref: Key) -> list[Posting]:
    """The side of a document in a payment or an allocation."""
    sign = SIDES[one["Type"]][0]
    share = shares(organisation, one)[ref]
    if kind != "Prepayments":
        return [control(organisation, one, -sign * share)]
    # A prepayment lies on the accounts of its own lines: each gives back its part.
    whole = in_base(one, one["Total"])
    before = ZERO
    for earlier, amount in shares(organisation, one).items():
        if earlier == ref:
            break
        before += amount
    found = []
    rest = share
    for account, amount in parts(organisation, one)[:-1]:
        piece = _portion(amount, before + share, whole) - _portion(amount, before, whole)
        found.append(Posting(account, -sign * piece))
        rest -= piece
    return [*found, Posting(parts(organisation, one)[-1][0], -sign * rest)]


def _portion(amount: Decimal, of: Decimal, whole: Decimal) -> Decimal:
    return (amount * of / whole).quantize(Decimal("0.01")) if whole else ZERO


def post_settlement(organisation: Organisation, ref: Key) -> None:
    """A payment or an allocation; what its sides differ by is a gain or a loss of currency."""
    one = organisation.shelf.kinds[ref[0]][ref[1]]
    if one["Status"] == "DELETED":
        organisation.ledger.remove(ref)
        return
    postings: list[Posting] = []
    for kind, object_id in one["_on"]:
        document = organisation.shelf.kinds[kind][object_id]
        postings += taken_off(organisation, kind, document, ref)
        if ref[0] == "Payments":
            sign = SIDES[document["Type"]][0]
            postings.append(
                Posting(one["Account"]["AccountID"], sign * one["_base"], own=sign * one["BankAmount"])
            )
    rest = sum((posting.amount for posting in postings), ZERO)
    if rest:
        postings.append(Posting(organisation.system_account(GAINS), -rest))
    organisation.ledger.post(ref, one["Date"], postings)


def settle(organisation: Organisation, document: Key, ref: Key, added: bool) -> None:
    """Puts a settlement on a document, or takes it off, and brings the document and its other settlements up to date.

    The settlement itself must be on the shelf and is not posted here.
    """
    kind, object_id = document
    one = organisation.shelf.kinds[kind][object_id]
    kept = tuple(each for each in one["_settled"] if each != ref)
    changed = {**one, "_settled": (*kept, ref) if added else kept}
    organisation.put(kind, object_id, with_balances(organisation, kind, changed))
    organisation.touched.add(document)
    if not added:
        for each in kept:
            post_settlement(organisation, each)
