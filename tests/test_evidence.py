"""What was refunded: credit notes, then metadata, then a sale of one line, then proportion; and where it is booked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from planning_cases import (
    HOUR,
    NOW,
    REFUNDED,
    REV,
    TAX,
    always,
    case,
    charge_case,
    found_from,
    invoice,
    ledger,
    line,
    moved,
    moves,
    paid,
    plan,
    receipt,
    refund,
)

from connector.ledgers.contract import Found
from connector.planning.case import Plan, RefundCase
from connector.planning.claims import Claim
from connector.planning.evidence import evidence_of
from connector.planning.stripe_facts import CreditNote, Invoice, LineFact

MUG, BOOK = (
    line(6000, 600, "il_mug", sku="MUG", item="Mug"),
    line(4000, 0, "il_book", sku="BOOK", item="Book"),
)
SALE = invoice(paid(10600), lines=(MUG, BOOK))
BILL = Invoice(
    "in_1",
    1,
    "INV-9",
    "usd",
    10600,
    "paid",
    lines=(
        LineFact("il_mug", "Mug", 6000, 600, "2", sku="MUG"),
        LineFact("il_book", "Book", 4000, 0, "1", price_id="price_b"),
        LineFact("in_1/shipping", "Shipping", 0, 0),
    ),
)
CHARGE = charge_case(10600, invoice=BILL, skus={"price_b": "BOOK"})


def note(
    *lines: LineFact, refunds: tuple[tuple[str, int], ...] = (("re_1", 1000),), **changes: Any
) -> CreditNote:
    total = sum(one.net_minor + one.tax_minor for one in lines)
    plain = CreditNote("cn_1", 1, "in_1", "usd", total, "issued", "CN-1", refunds, lines)
    return replace(plain, **changes)


def credited(net: int, tax: int, invoice_line: str | None, quantity: str | None = None) -> LineFact:
    return LineFact(f"cnli_{invoice_line}", "Credited", net, tax, quantity, invoice_line_id=invoice_line)


def of(amount: int, *notes: CreditNote, number: int = 1, **changes: Any) -> RefundCase:
    one = refund(number, amount, metadata=changes.pop("metadata", {}))
    known: dict[str, Any] = {"sale": SALE, "charge": CHARGE, "credit_notes": notes}
    return case(one, **known | changes)


def taken(decided: Plan) -> dict[str, tuple[int, int]]:
    assert decided.outcome == "posted", decided.sentence
    return {share.line_id: (share.net_minor, share.tax_minor) for share in decided.shares}


def listed(*lines: dict[str, Any]) -> dict[str, str]:
    return {"refund_lines": json.dumps(lines)}


# ---------------------------------------------------------------------------------------------- the order of evidence


def test_credit_note_lines_are_stronger_than_metadata() -> None:
    one = of(1000, note(credited(1000, 0, "il_book")), metadata=listed({"sku": "MUG", "amount": "10.00"}))
    assert taken(plan(one)) == {"il_book": (1000, 0)}


def test_metadata_is_stronger_than_proportion() -> None:
    assert taken(plan(of(1000, metadata=listed({"sku": "BOOK", "amount": "10.00"})))) == {
        "il_book": (1000, 0)
    }


def test_without_evidence_lines_are_taken_in_proportion() -> None:
    assert taken(plan(of(1060))) == {"il_mug": (600, 60), "il_book": (400, 0)}


def test_a_sale_of_one_line_is_taken_as_it_is() -> None:
    assert taken(plan(of(1100, sale=receipt(), charge=charge_case()))) == {"1": (1000, 100)}


# ---------------------------------------------------------------------------------------------- credit notes


def test_a_credit_note_tells_net_and_tax_of_its_line() -> None:
    decided = plan(of(1000, note(credited(950, 50, "il_mug"))))
    assert taken(decided) == {"il_mug": (950, 50)}
    assert moves(decided.documents[0])[:2] == [(REV, 950), (TAX, 50)]


def test_a_credit_note_of_which_the_refund_paid_a_part() -> None:
    half = note(credited(6000, 600, "il_mug", "2"), refunds=(("re_1", 3300),))
    decided = plan(of(3300, half))
    assert taken(decided) == {"il_mug": (3000, 300)}
    assert decided.shares[0].quantity is None


def test_several_credit_notes_of_one_refund_each_explain_their_own_part() -> None:
    whole = note(credited(6000, 600, "il_mug"), refunds=(("re_1", 3300),))
    part = note(credited(1000, 0, "il_book"), refunds=(("re_1", 1000),), credit_note_id="cn_2")
    assert taken(plan(of(4300, whole, part))) == {"il_mug": (3000, 300), "il_book": (1000, 0)}


def test_refunds_that_share_a_credit_note_together_take_all_of_it() -> None:
    shared = note(
        credited(5, 2, "il_mug"), credited(3, 0, "il_book"), refunds=(("re_1", 3), ("re_2", 3), ("re_3", 4))
    )
    first = plan(of(3, shared))
    second = plan(of(3, shared, number=2, earlier=first.shares))
    third = plan(of(4, shared, number=3, earlier=(*first.shares, *second.shares)))
    sums = {"il_mug": [0, 0], "il_book": [0, 0]}
    for decided in (first, second, third):
        assert decided.warnings == ()
        for line_id, (net, tax) in taken(decided).items():
            sums[line_id][0] += net
            sums[line_id][1] += tax
    assert sums == {"il_mug": [5, 2], "il_book": [3, 0]}


def test_a_credit_note_that_explains_a_part_of_the_refund() -> None:
    one = note(credited(1000, 0, "il_book"), refunds=(("re_1", 1000),))
    assert taken(plan(of(2060, one))) == {"il_mug": (663, 66), "il_book": (1331, 0)}


@pytest.mark.parametrize(
    "useless",
    [
        note(),
        note(credited(1000, 0, "il_book"), refunds=(("re_9", 1000),)),
        note(credited(1000, 0, "il_book"), status="void"),
        note(credited(1000, 0, "il_book"), refunds=(("re_1", 0),)),
    ],
    ids=["no lines", "of another refund", "void", "for nothing"],
)
def test_a_credit_note_that_says_nothing_is_no_evidence(useless: CreditNote) -> None:
    decided = plan(of(1060, useless))
    assert taken(decided) == {"il_mug": (600, 60), "il_book": (400, 0)}
    assert decided.warnings == ()


def test_a_goodwill_credit_takes_the_tax_it_names() -> None:
    decided = plan(of(1000, note(credited(1000, 0, None))))
    assert taken(decided) == {"il_mug": (600, 0), "il_book": (400, 0)}
    assert decided.warnings == ()


def test_a_credit_for_shipping_finds_the_shipping_of_the_invoice() -> None:
    one = of(500, note(LineFact("cn_1/shipping", "Shipping", 500, 0)))
    (proof,) = evidence_of(one)
    assert proof.claims == (Claim(500, "in_1/shipping", None, 0, None),)


def test_a_sale_that_others_booked_knows_its_lines_by_sku() -> None:
    lines = (replace(MUG, line_id="1"), replace(BOOK, line_id="2"))
    sale = invoice(paid(10600), lines=lines)
    assert taken(plan(of(1000, note(credited(1000, 0, "il_book")), sale=sale))) == {"2": (1000, 0)}


def test_a_credit_note_whose_invoice_is_not_known_names_the_line_itself() -> None:
    one = of(1000, note(credited(1000, 0, "il_book")), charge=charge_case(10600))
    assert taken(plan(one)) == {"il_book": (1000, 0)}


def test_a_claim_that_fits_no_line_is_told_and_left_aside() -> None:
    decided = plan(of(1060, metadata=listed({"sku": "OTHER", "amount": "10.60"})))
    assert taken(decided) == {"il_mug": (600, 60), "il_book": (400, 0)}
    assert decided.warnings == (
        "refund metadata refund_lines does not fit the lines of the sale and was not used",
    )


@pytest.mark.parametrize(
    ("included", "net", "tax"), [(False, 1000, 100), (True, 909, 91)], ids=["exclusive", "inclusive"]
)
def test_tax_inclusive_or_exclusive_is_taken_as_the_note_has_it(included: bool, net: int, tax: int) -> None:
    # A line's net is without its tax either way: `stripe_source.parse_lines` tells them apart.
    assert taken(plan(of(net + tax, note(credited(net, tax, "il_mug"), refunds=(("re_1", net + tax),))))) == {
        "il_mug": (net, tax)
    }


# ---------------------------------------------------------------------------------------------- waiting for the note


def test_a_refund_of_a_stripe_invoice_waits_for_its_credit_note() -> None:
    one = of(1060)
    early = one.refund.created + HOUR - 1
    waiting = plan(one, now=early)
    assert (waiting.outcome, waiting.reason, waiting.due) == ("waiting", "credit_note_awaited", True)
    assert plan(one, now=early + 1).outcome == "posted"
    assert plan(replace(one, credit_notes=(note(),)), now=early).outcome == "posted"
    assert plan(replace(one, person=replace(one.person, retry=True)), now=early).outcome == "posted"


def test_a_refund_waits_for_its_credit_note_though_the_invoice_itself_is_not_known() -> None:
    waiting = plan(of(1060, charge=charge_case(10600, invoice_id="in_9")), now=REFUNDED + HOUR)
    assert waiting.reason == "credit_note_awaited"
    assert waiting.sentence == "a credit note of invoice in_9 may still follow this refund"


def test_a_void_credit_note_is_not_the_one_that_is_waited_for() -> None:
    one = of(1060, note(credited(1000, 0, "il_book"), status="void"))
    assert plan(one, now=REFUNDED + HOUR).reason == "credit_note_awaited"


def test_a_refund_of_any_other_charge_waits_for_no_credit_note() -> None:
    assert plan(case(sale=receipt()), now=REFUNDED).outcome == "posted"


# ---------------------------------------------------------------------------------------------- metadata


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no json", "is no JSON"),
        ('{"sku":"BOOK","amount":"10.00"}', "is no JSON list of {sku, quantity, amount}"),
        ('[{"sku":"BOOK"}]', "has no amount in USD that can be used in entry 1"),
        ('[{"sku":"BOOK","amount":"ten"}]', "has no amount in USD that can be used in entry 1"),
        ('[{"sku":"BOOK","amount":"-10.00"}]', "has no amount above zero in entry 1"),
        ('[{"sku":"BOOK","amount":"10.60"},{"amount":"0"}]', "has no amount above zero in entry 2"),
    ],
)
def test_metadata_that_cannot_be_read_is_not_used_and_it_says_so(text: str, fault: str) -> None:
    decided = plan(of(1060, metadata={"refund_lines": text}))
    assert taken(decided) == {"il_mug": (600, 60), "il_book": (400, 0)}
    assert decided.warnings == (f"refund metadata refund_lines {fault} and was not used",)


def test_metadata_with_an_empty_list_is_no_matter_for_a_warning() -> None:
    assert plan(of(1060, metadata={"refund_lines": "[]"})).warnings == ()


@pytest.mark.parametrize("amount", ["10.00", 10, 10.0, "10"])
def test_amounts_in_metadata_are_major_units(amount: Any) -> None:
    assert taken(plan(of(1000, metadata=listed({"sku": "BOOK", "amount": amount})))) == {"il_book": (1000, 0)}


def test_metadata_of_more_than_the_refund_is_cut_to_it() -> None:
    decided = plan(of(500, metadata=listed({"sku": "BOOK", "amount": "10.00", "quantity": 1})))
    assert taken(decided) == {"il_book": (500, 0)}
    assert "adds up to more than the refund" in decided.warnings[0]


# ---------------------------------------------------------------------------------------------- items and accounts


def on(sale_line: Any, mapping: dict[str, Any], metadata: dict[str, str] | None = None) -> Plan:
    """A refund of 10.00 of a sale of this one line, by the default rules."""
    one = case(
        refund(amount=1000, metadata=metadata or {}),
        receipt((sale_line,), ours=True),
        charge=charge_case(sale_line.net_minor),
    )
    return plan(one, ledger(mapping=mapping))


def booked(decided: Plan) -> tuple[str, str | None, str | None]:
    assert decided.outcome == "posted", decided.sentence
    (only,) = decided.documents[0].lines
    return only.account, only.item, only.quantity


PLAIN = line(10000, 0, sku="MUG", item="Mug", account="Income:Mugs")
STOCK = replace(PLAIN, stock=True)
COUNTED = listed({"sku": "MUG", "amount": "10.00", "quantity": 2})


def test_a_line_keeps_the_item_and_account_of_its_sale() -> None:
    assert booked(on(PLAIN, {})) == ("Income:Mugs", "Mug", None)


def test_a_sku_may_be_refunded_with_an_item_of_its_own() -> None:
    assert booked(on(PLAIN, {"refund_items": {"MUG": "Mug (used)"}})) == ("Income:Mugs", "Mug (used)", None)
    assert booked(on(PLAIN, {"refund_items": {"MUG": "Income:Returns"}}))[0] == "Income:Returns"


def test_one_account_may_gather_all_refunds() -> None:
    mapping = {"refunds": "Income:Refunds", "refund_items": {"MUG": "Income:Returns"}}
    assert booked(on(PLAIN, mapping))[0] == "Income:Refunds"


def test_a_stock_item_known_only_by_amount_goes_on_the_default_item() -> None:
    assert booked(on(STOCK, {"refund_items": {"MUG": "Mug", "*": "Refunds"}})) == (
        "Income:Mugs",
        "Refunds",
        None,
    )


def test_a_stock_item_with_a_quantity_goes_on_the_item_that_refunds_name() -> None:
    mapping = {"refund_items": {"MUG": "Mug", "*": "Refunds"}}
    assert booked(on(STOCK, mapping, COUNTED)) == ("Income:Mugs", "Mug", "2")


def test_a_stock_item_that_refunds_do_not_name_is_not_restocked() -> None:
    assert booked(on(STOCK, {"refund_items": {"*": "Refunds"}}, COUNTED))[1] == "Refunds"


@pytest.mark.parametrize("stock", [STOCK, replace(STOCK, sku=None)])
def test_a_stock_item_without_a_default_item_is_held(stock: Any) -> None:
    decided = on(stock, {"refund_items": {"MUG": "Mug"}})
    assert (decided.outcome, decided.reason, decided.due) == ("held", "item_not_mapped", True)


def test_a_sku_without_any_item_is_held_as_item_not_mapped() -> None:
    unknown = replace(PLAIN, item=None, sku="NEW")
    decided = on(unknown, {"refund_items": {}, "sales_items": {}})
    assert (decided.outcome, decided.reason, decided.due) == ("held", "item_not_mapped", True)
    assert (decided.sentence or "").startswith("SKU NEW of sale 100 has no item")
    assert booked(on(unknown, {"refund_items": {"*": "Refunds"}, "sales_items": {}}))[1] == "Refunds"
    assert booked(on(unknown, {"refund_items": {}, "sales_items": {"NEW": "New"}}))[1] == "New"


def test_tax_without_an_account_of_its_own_goes_on_the_mapped_one() -> None:
    untold = line(10000, 1000, tax_account=None)
    one = case(sale=receipt((untold,)))
    assert moves(plan(one).documents[0])[1] == (TAX, 1000)
    held = plan(one, ledger(mapping={"tax": None}))
    assert (held.outcome, held.reason) == ("held", "account_not_mapped")


@pytest.mark.parametrize("role", ["clearing_accounts", "receivable_accounts"])
def test_a_clearing_or_receivable_account_that_is_not_mapped_is_held(role: str) -> None:
    policy = ledger(mapping={role: replace(ledger().mapping.clearing_accounts, every=None)})
    decided = plan(case(sale=invoice(paid())), policy)
    assert (decided.outcome, decided.reason, decided.due) == ("held", "account_not_mapped", True)
    assert "for USD" in (decided.sentence or "")


def test_a_fee_account_that_is_not_mapped_is_held() -> None:
    one = case(sale=receipt(), balance_transaction=moved(-11000, 25))
    assert plan(one, ledger(mapping={"fees": None})).reason == "account_not_mapped"
    assert plan(one, ledger(mapping={"fees": None}, fees=False), now=NOW).outcome == "posted"


# ---------------------------------------------------------------------------------------------- what stands in the books


def found_whole(decided: Plan, *line_ids: str) -> Found:
    """The receipt of a plan as the books show it: with its entries, and the lines beside those of income."""
    (leg,) = decided.documents
    beside = (*line_ids, *[None] * (len(leg.entries) - len(line_ids)))
    return replace(found_from(leg), entries=leg.entries, line_ids=beside)


RECEIPTS = ledger(rules=always("refund_receipt"), fees=False)


def test_a_document_in_the_books_is_stronger_than_what_stripe_says_since() -> None:
    first = plan(of(7000), RECEIPTS)
    assert taken(first) == {"il_mug": (3962, 396), "il_book": (2642, 0)}
    standing = found_whole(first, "il_mug", "il_book")
    again = of(7000, note(credited(4000, 0, "il_book"), refunds=(("re_1", 4000),)), ours=(standing,))
    assert plan(again, RECEIPTS).shares == first.shares
    assert plan(replace(again, ours=()), RECEIPTS).shares != first.shares


def test_a_document_at_another_rate_says_what_it_took_as_charged() -> None:
    """Mug and book of 106.00 usd stand in the books as 212.00 cad; the refund of 70.00 settled as 150.00."""
    sold = tuple(
        replace(one, home_net_minor=2 * one.net_minor, home_tax_minor=2 * one.tax_minor)
        for one in (MUG, BOOK)
    )
    sale = invoice(paid(21200, currency="cad"), lines=sold, currency="cad", total_minor=21200, ours=True)
    charge = charge_case(10600, settled=moved(21200, 0, "cad"))
    abroad: dict[str, Any] = {
        "sale": sale,
        "charge": charge,
        "balance_transaction": moved(-15000, 0, "cad"),
    }
    first = plan(of(7000, **abroad), RECEIPTS)
    standing = found_whole(first, "il_mug", "il_book")
    claimed = of(7000, metadata=listed({"sku": "BOOK", "amount": "40.00"}), ours=(standing,), **abroad)
    assert plan(claimed, RECEIPTS).shares == first.shares
    assert sum(share.net_minor + share.tax_minor for share in first.shares) == 7000


@pytest.mark.parametrize("line_ids", [(), ("il_mug",), ("il_cap", "il_book")])
def test_a_document_that_does_not_tell_all_lines_leaves_it_to_the_evidence(line_ids: tuple[str, ...]) -> None:
    standing = found_whole(plan(of(7000), RECEIPTS), *line_ids)
    again = of(7000, metadata=listed({"sku": "BOOK", "amount": "40.00"}), ours=(standing,))
    assert taken(plan(again, RECEIPTS)) == taken(plan(replace(again, ours=()), RECEIPTS))
