"""What a person is told to do: every command of every held, excluded or reversed refund works as it is pasted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pasted import check_command, commands_in
from shop import CLEARING, MAPPING, RECEIVABLE, SALES, TAX, Shop

from connector.cli.root import run
from connector.world import World

DAY = "2026-03-09"
Made = Callable[[Path], Shop]


def shop_of(folder: Path, sale: str | None = "invoice", amount: int | None = None, **settings: Any) -> Shop:
    """The base case, sold by hand, with one refund."""
    shop = Shop(folder, **settings)
    if sale == "invoice":
        shop.invoice()
        shop.payment()
    elif sale == "unpaid":
        shop.invoice()
    elif sale == "receipt":
        shop.receipt()
    elif sale == "payment":
        shop.payment("100")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", amount, DAY)
    return shop


def no_sale(folder: Path) -> Shop:
    shop = shop_of(folder, None)
    shop.invoice("R-7")
    shop.payment("R-7")
    return shop


def no_charge(folder: Path) -> Shop:
    shop = no_sale(folder)
    shop.change("re_1", charge=None)
    return shop


def before_start(folder: Path) -> Shop:
    shop = Shop(folder, sales="sales_receipt")
    shop.charge("ch_1", day="2025-12-20", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    shop.receipt("R-7", "2025-12-20")
    return shop


def of_another_customer(folder: Path) -> Shop:
    shop = shop_of(folder)
    shop.objects["ch_1"]["billing_details"] = {"name": "Bob Hay"}
    return shop


def in_another_currency(folder: Path) -> Shop:
    shop = Shop(folder)
    sold = ((CLEARING, "110.00"), (SALES, "-110.00"))
    shop.write("sales_receipt", "100", "2026-03-02", *sold, currency="CAD")
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    return shop


def paid_otherwise(folder: Path) -> Shop:
    shop = Shop(folder)
    shop.invoice()
    shop.payment(amount="99.00", links=("ch_1",))
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 5000, DAY)
    return shop


def paid_by_nobody_known(folder: Path) -> Shop:
    shop = Shop(folder)
    shop.receipt()
    shop.charge("ch_1", 12000, order="100")
    shop.refund("re_1", "ch_1", 5000, DAY)
    return shop


def one_leg(folder: Path) -> Shop:
    shop = shop_of(folder)
    memo = ((SALES, "100.00"), (TAX, "10.00"), (RECEIVABLE, "-110.00"))
    shop.write("credit_memo", "CM-7", DAY, *memo, links=("re_1",))
    return shop


def another_amount(folder: Path) -> Shop:
    shop = shop_of(folder, "receipt")
    shop.write(None, None, DAY, (SALES, "90.00"), (TAX, "9.00"), (CLEARING, "-99.00"), links=("re_1",))
    return shop


def a_leg_that_does_not_fit(folder: Path) -> Shop:
    shop = shop_of(folder, "payment")
    shop.write("credit_memo", "CM-7", DAY, (SALES, "110.00"), (RECEIVABLE, "-110.00"), links=("re_1",))
    return shop


def adopted_and_failed(folder: Path) -> Shop:
    shop = shop_of(folder, "receipt")
    shop.write(None, None, DAY, (SALES, "100.00"), (TAX, "10.00"), (CLEARING, "-110.00"), links=("re_1",))
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    return shop


def failed(folder: Path) -> Shop:
    shop = shop_of(folder)
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    return shop


def failed_and_paid_again(folder: Path) -> Shop:
    shop = failed(folder)
    shop.refund("re_2", "ch_1", 5000, "2026-04-10")
    return shop


def larger_than_the_credit(folder: Path) -> Shop:
    shop = shop_of(folder, amount=3300, refunds={"failed_refund": "owe_customer"})
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    shop.refund("re_2", "ch_1", 5500, "2026-04-10")
    return shop


def credit_paid_by_a_type_that_is_off(folder: Path) -> Shop:
    shop = shop_of(folder, refunds={"failed_refund": "owe_customer"})
    shop.sync(0)
    shop.fail("re_1", "2026-04-02")
    shop.refund("re_2", "ch_1", 5500, "2026-04-10")
    shop.set("main", refund_types={"credit_card_refund": False})
    return shop


def two_void_an_invoice(folder: Path) -> Shop:
    """The refunds of the charge do not come to the invoice."""
    shop = Shop(folder)
    shop.invoice()
    shop.charge("ch_1", 10000, order="100")
    shop.refund("re_1", "ch_1", day=DAY)
    return shop


def skipped(folder: Path) -> Shop:
    shop = no_sale(folder)
    shop.sync(3)
    assert shop.resolve("re_1", "--skip").code == 0
    return shop


def unusable(folder: Path) -> Shop:
    shop = shop_of(folder)
    shop.change("re_1", amount="ten")
    return shop


def other_amount_at_stripe(folder: Path) -> Shop:
    shop = shop_of(folder)
    shop.change("txn_re_1", amount=-5000, net=-5000)
    return shop


def released(folder: Path) -> Shop:
    shop = shop_of(folder)
    shop.change("re_1", reason="expired_uncaptured_charge")
    return shop


def rule(result: str) -> str:
    return f"- {{name: only, when: {{}}, then: {result}}}\n"


NO_ITEM = {**MAPPING, "items": {"sales": {"SKU-1": SALES}, "refunds": {}}}
OTHER_CLEARING = {**MAPPING, "accounts": {**MAPPING["accounts"], "clearing": "Assets:Other"}}
ALL_OFF = dict.fromkeys(
    ("credit_memo", "refund_receipt", "credit_card_refund", "refund_payout", "void"), False
)
CASES: dict[str, tuple[Made, str]] = {
    "no sale": (no_sale, "held sale_not_found"),
    "no charge": (no_charge, "held sale_not_found"),
    "before start": (before_start, "held sale_before_start"),
    "no payment": (lambda f: shop_of(f, "unpaid", 5000), "held payment_not_in_books"),
    "another customer": (of_another_customer, "held sale_mismatch"),
    "another currency": (in_another_currency, "held sale_mismatch"),
    "another payment": (paid_otherwise, "held sale_mismatch"),
    "not its payment": (paid_by_nobody_known, "held sale_mismatch"),
    "clearing": (
        lambda f: shop_of(f, "receipt", mapping=OTHER_CLEARING),
        "held clearing_differs",
    ),
    "rule says hold": (lambda f: shop_of(f, rules=rule("hold")), "held rule_says_hold"),
    "hold of a payment": (lambda f: shop_of(f, "payment", rules=rule("hold")), "held rule_says_hold"),
    "hold of a receipt": (lambda f: shop_of(f, "receipt", rules=rule("hold")), "held rule_says_hold"),
    "no rule": (
        lambda f: shop_of(f, rules="- {name: other, when: {currency: eur}, then: hold}\n"),
        "held no_rule",
    ),
    "no item": (lambda f: shop_of(f, None, mapping=NO_ITEM, sales="sales_receipt"), "held item_not_mapped"),
    "one leg": (one_leg, "held duplicate_in_books"),
    "another amount": (another_amount, "held duplicate_in_books"),
    "a leg that does not fit": (a_leg_that_does_not_fit, "held duplicate_in_books"),
    "void": (two_void_an_invoice, "held void_guard"),
    "unusable": (unusable, "held stripe_object_missing"),
    "another amount at Stripe": (other_amount_at_stripe, "held settlement_unknown"),
    "adopted and failed": (adopted_and_failed, "held ledger_cannot"),
    "larger than the credit": (larger_than_the_credit, "held credit_used"),
    "failed": (failed, "reversed"),
    "failed and paid again": (failed_and_paid_again, "reversed"),
    "type off": (
        lambda f: shop_of(f, "receipt", refund_types={"refund_receipt": False}),
        "excluded type_switched_off",
    ),
    "all off": (lambda f: shop_of(f, refund_types=ALL_OFF), "excluded type_switched_off"),
    "cash leg off": (credit_paid_by_a_type_that_is_off, "excluded type_switched_off"),
    "refunds off": (lambda f: shop_of(f, refunds={"enabled": False}), "excluded refunds_switched_off"),
    "ignored": (lambda f: shop_of(f, rules=rule("ignore")), "excluded rule_says_ignore"),
    "released": (released, "excluded not_a_refund"),
    "skipped": (skipped, "excluded skipped_by_person"),
}
# Here the person has something to do that is no command of ours.
WITHOUT_COMMAND = {
    "no payment",
    "another currency",
    "clearing",
    "no rule",
    "no item",
    "another amount at Stripe",
    "released",
}


def paste(shop: Shop, words: list[str]) -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(World, "now", lambda world: shop.now),
    ):
        return run(words), err.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_commands_of_an_action_work_as_they_are_pasted(tmp_path: Path, name: str) -> None:
    made, expected = CASES[name]
    folder = tmp_path / "shop"
    folder.mkdir()
    shop = made(folder)
    shop.sync()
    outcomes = shop.outcomes()
    assert expected in outcomes.values(), outcomes
    (refund_id,) = [i for i, words in outcomes.items() if words == expected][-1:]
    action = shop.outcome(refund_id)["action"]
    commands = commands_in(action, str(folder / "config.yaml"))
    assert bool(commands) == (name not in WITHOUT_COMMAND), action
    for place, words in enumerate(commands):
        check_command(words)
        # Each alternative is tried on a copy of the shop.
        copy = tmp_path / f"copy {place}"
        shutil.copytree(folder, copy)
        here = [word.replace(str(folder), str(copy)) for word in words]
        if here[0] == "resolve":
            code, err = paste(shop, here)
            assert (code, "--reason is still ..." in err) == (2, True), err
            here[here.index("--reason") + 1] = "so decided"
            here = ["R-7" if word == "..." else word for word in here]
        code, err = paste(shop, here)
        assert code in ((0,) if here[0] == "resolve" else (0, 3)), (here, err)
        assert paste(shop, ["sync", "-c", str(copy / "config.yaml")])[0] in (0, 3)


def test_a_sale_is_named_by_its_number_where_that_is_one_sale(tmp_path: Path) -> None:
    shop = no_sale(tmp_path)
    shop.sync(3)
    told = shop.outcome("re_1")
    assert told["sentence"] == "no sale was found in the books for charge ch_1 or under number 100"
    refused = shop.resolve("re_1", "--sale", "R-8")
    assert (refused.code, "no sale with that number" in refused.err) == (2, True)
    assert shop.resolve("re_1", "--sale", "R-7").code == 0
    shop.sync(0)
    assert shop.outcomes() == {"re_1": "posted"}
    assert shop.balances() == {}


def test_a_number_that_two_sales_have_names_neither(tmp_path: Path) -> None:
    shop = no_sale(tmp_path)
    shop.receipt("R-7")
    shop.sync(3)
    refused = shop.resolve("re_1", "--sale", "R-7")
    assert refused.code == 2
    assert "2 sales have the number R-7; name one by its id: by-hand.beancount:" in refused.err


@pytest.mark.parametrize("reason", ["...", "TEXT", " TEXT "])
def test_a_reason_that_nobody_gave_is_refused(tmp_path: Path, reason: str) -> None:
    shop = no_sale(tmp_path)
    shop.sync(3)
    refused = shop.command("resolve", "re_1", "--ledger", "main", "--skip", "--reason", reason)
    assert refused.code == 2
    assert f"--reason is still {reason.strip()}; say why in its place" in refused.err
    assert not (tmp_path / "decisions.jsonl").exists()


def test_commands_name_no_settings_file_where_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = no_sale(tmp_path)
    shop.sync(3)
    monkeypatch.chdir(tmp_path)
    out = StringIO()
    with redirect_stdout(out), patch.object(World, "now", lambda world: shop.now):
        assert run(["status"]) == 3
    assert 'connector resolve re_1 --ledger main --sale "..." --reason "..."\n' in out.getvalue()
    told = shop.command("status")
    assert f'--reason "..." -c {tmp_path / "config.yaml"}\n' in told.out
