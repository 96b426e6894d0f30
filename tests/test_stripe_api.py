"""Stripe's API as a source, over HTTP against the stand-in: the same facts as an export, and none lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any

import pytest
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import (
    DAY,
    NOON,
    customer,
    invoice,
    invoice_payment,
    money,
    price,
    product,
    refund,
    sale,
    session,
    small_account,
)

from connector.errors import InputError, LedgerDown
from connector.planning.stripe_facts import Charge, CheckoutSession, Invoice, Refund
from connector.stripe_source.api import ApiSource
from connector.stripe_source.api_lists import Answer
from connector.stripe_source.parse import Parsed
from connector.stripe_source.source import ExportSource, Source

SAMPLE = Path(__file__).resolve().parents[1] / "connector/samples/stripe"
START = NOON - DAY // 2
NOW = NOON + 10 * DAY

Facts = dict[str, Parsed]


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    """A small account at NOW."""
    with FakeStripe(NOW) as fake:
        for one in small_account():
            fake.put(one)
        yield fake


def open_source(
    fake: FakeStripe, key: str = KEY, account: str | None = None, start: int = START
) -> ApiSource:
    return ApiSource(key, fake.base_url, account, start, sleep=lambda seconds: None, network_retries=0)


def pull(source: Source, cursors: dict[str, str], now: int) -> Facts:
    """A whole pull: what it gave, the cursors stored as they came."""
    facts: Facts = {}
    for page in source.pages(cursors.copy(), now):
        facts.update((parsed.object_id, parsed) for parsed, _ in page.objects)
        if page.cursor is not None:
            cursors.update([page.cursor])
    return facts


def fact(facts: Mapping[str, Parsed], object_id: str, kind: type[Any] | UnionType) -> Any:
    found = facts[object_id].fact
    assert isinstance(found, kind)
    return found


def export(folder: Path, objects: list[dict[str, Any]]) -> Facts:
    for one in objects:
        with (folder / f"{one['object']}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(one) + "\n")
    return pull(ExportSource(folder), {}, NOW)


def of(facts: Mapping[str, Parsed], *kinds: str) -> dict[str, Parsed]:
    return {object_id: parsed for object_id, parsed in facts.items() if parsed.kind in kinds}


# ---------------------------------------------------------------------------------------------- the same facts


def test_a_small_account_gives_the_facts_of_its_export(stripe: FakeStripe, tmp_path: Path) -> None:
    exported = export(tmp_path, small_account())
    read = pull(open_source(stripe), {}, NOW)
    assert read == exported
    assert {request.method for request in stripe.requests} == {"GET"}


def test_the_sample_gives_the_facts_of_its_export() -> None:
    if not (SAMPLE / "refund.jsonl").exists():
        pytest.skip(f"{SAMPLE}/refund.jsonl is not there")
    exported = pull(ExportSource(SAMPLE), {}, NOW)
    now = max(parsed.created for parsed in exported.values()) + DAY
    start = NOON + 4 * DAY
    with FakeStripe.from_export(SAMPLE, now) as fake:
        read = pull(open_source(fake, start=start), {}, now)
    assert {object_id: exported[object_id] for object_id in read} == read

    wanted = {key for key, parsed in of(exported, "charge", "refund").items() if parsed.created >= start}
    wanted |= of(exported, "price").keys() | of(exported, "dispute").keys()
    wanted |= {key for key, one in of(exported, "credit_note").items() if one.created >= start}
    assert len(wanted) > 900
    for parsed in of(read, "charge", "refund").values():
        wanted |= _named(parsed, "balance_transaction_id", "failure_balance_transaction_id")
        wanted |= _named(parsed, "customer_id", "payment_intent_id", "charge_id")
    # The sale of a charge that only refunds from before the start name is not needed.
    synced = [fact(read, key, Refund) for key, one in of(read, "refund").items() if one.created >= start]
    charges = [fact(read, key, Charge) for key, one in of(read, "charge").items() if one.created >= start]
    charges += [fact(read, one.charge_id, Charge) for one in synced if one.charge_id]
    intents = {one.payment_intent_id for one in charges} | {one.payment_intent_id for one in synced}
    for key, parsed in of(exported, "invoice_payment", "checkout.session").items():
        if getattr(parsed.fact, "payment_intent_id", None) in intents:
            wanted |= {key} | _named(parsed, "invoice_id")
    for parsed in of(read, "invoice", "checkout.session").values():
        for line in fact(read, parsed.object_id, Invoice | CheckoutSession).lines:
            wanted |= {line.product_id, line.price_id} & exported.keys()
    assert wanted <= read.keys(), sorted(wanted - read.keys())[:5]


def _named(parsed: Parsed, *names: str) -> set[str]:
    return {getattr(parsed.fact, name) for name in names if getattr(parsed.fact, name, None) is not None}


def test_no_float_anywhere_and_the_bytes_are_those_of_the_answer_on_one_line(stripe: FakeStripe) -> None:
    stripe.pretty = True
    answers: list[str] = []
    source = open_source(stripe)
    source.read = watch(source.read, lambda path, answer: answers.append(answer.text))  # type: ignore[method-assign]
    texts: dict[str, bytes] = {}
    for page in source.pages({}, NOW):
        for parsed, text in page.objects:
            assert list(floats(parsed.fact)) == []
            texts[parsed.object_id] = text or texts.get(parsed.object_id, b"")
    assert '"exchange_rate": 1.25' in texts["ch_shop"].decode()
    assert len(answers) > 20
    together = "".join(line.lstrip() for answer in answers for line in answer.split("\n")).encode()
    for object_id in ("re_shop1", "ch_shop", "inpay_bill_bill", "cs_shop", "cn_bill", "dp_odd", "price_1"):
        assert json.loads(texts[object_id])["id"] == object_id
        assert b"\n" not in texts[object_id]
        assert texts[object_id] in together


def floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from floats(getattr(value, one.name))
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from floats(inner)


def watch(read: Any, see: Callable[[str, Answer], None]) -> Any:
    def watched(path: str, parameters: Mapping[str, object]) -> Answer:
        answer: Answer = read(path, parameters)
        see(path, answer)
        return answer

    return watched


def test_lists_inside_objects_are_read_to_their_end(stripe: FakeStripe) -> None:
    stripe.put(invoice("long", NOON + DAY - 60, [100] * 25))
    stripe.put(invoice_payment("long", "bill", NOON + DAY - 60, 2500))
    stripe.put(session("odd", NOON + 2 * DAY - 600, [5] * 112))
    facts = pull(open_source(stripe), {}, NOW)
    assert [line.line_id for line in fact(facts, "in_long", Invoice).lines] == [
        f"il_long_{i}" for i in range(25)
    ]
    lines = fact(facts, "cs_odd", CheckoutSession).lines
    assert [line.line_id for line in lines] == [f"li_odd_{i}" for i in range(112)]


def test_a_refund_of_an_older_charge_brings_that_charge_and_its_sale(stripe: FakeStripe) -> None:
    facts = pull(open_source(stripe), {}, NOW)
    assert fact(facts, "ch_old", Charge).created < START
    assert {"in_old", "inpay_old_old", "prod_2", "txn_old", "pi_old", "txn_re_old"} <= facts.keys()
    assert [r.path for r in stripe.requests].count("/v1/charges/ch_old") == 0


def test_an_invoice_that_was_finalised_long_before_its_charge_is_listed(stripe: FakeStripe) -> None:
    for one in [
        *sale("slow", NOON + DAY),
        invoice("slow", START - 89 * DAY, [5000]),
        invoice_payment("slow", "slow", START - 89 * DAY, 5000),
    ]:
        stripe.put(one)
    assert {"ch_slow", "in_slow", "inpay_slow_slow"} <= pull(open_source(stripe), {}, NOW).keys()


def test_a_refund_that_names_only_its_payment_intent_brings_the_charge(stripe: FakeStripe) -> None:
    for one in [*sale("bank", NOON - 30 * DAY), *refund("re_bank", "bank", NOON + DAY, charge=None)]:
        stripe.put(one)
    facts = pull(open_source(stripe), {}, NOW)
    assert fact(facts, "re_bank", Refund).charge_id is None
    assert fact(facts, "ch_bank", Charge).captured_minor == 5000


def test_who_else_paid_an_invoice_comes_with_it(stripe: FakeStripe) -> None:
    for one in [
        *sale("first", NOON - 40 * DAY),
        *sale("second", NOON + DAY),
        invoice("both", NOON - 41 * DAY, [10000]),
        invoice_payment("both", "first", NOON - 41 * DAY, 5000),
        invoice_payment("both", "second", NOON + DAY - 5, 5000),
    ]:
        stripe.put(one)
    facts = pull(open_source(stripe), {}, NOW)
    assert {"inpay_both_first", "inpay_both_second", "pi_first", "pi_second", "in_both"} <= facts.keys()
    assert "ch_first" not in facts


def test_the_sale_of_a_charge_that_was_just_made_is_asked_for(stripe: FakeStripe) -> None:
    for one in [*sale("new", NOW - 30), session("new", NOW - 90, [5000], status="open")]:
        stripe.put(one)
    facts = pull(open_source(stripe), {}, NOW)
    assert fact(facts, "cs_new", CheckoutSession).payment_intent_id == "pi_new"


def test_a_connected_account_is_named_in_every_request() -> None:
    with FakeStripe(NOW) as fake:
        for one in small_account():
            fake.put(one, account="acct_1Branch")
        assert pull(open_source(fake), {}, NOW) == {}
        fake.requests.clear()
        assert "re_old" in pull(open_source(fake, account="acct_1Branch"), {}, NOW)
        assert {request.headers.get("Stripe-Account") for request in fake.requests} == {"acct_1Branch"}
        assert {request.headers.get("Stripe-Version") for request in fake.requests} == {"2026-10-28.endive"}


# ---------------------------------------------------------------------------------------------- cursors


def test_many_refunds_of_one_second_come_across_page_borders_while_new_ones_are_made(
    stripe: FakeStripe,
) -> None:
    ids = [f"re_same{place:03d}" for place in range(250)]
    for refund_id in ids:
        for one in refund(refund_id, "shop", NOON + 7 * DAY):
            stripe.put(one)
    source = open_source(stripe)

    def see(path: str, answer: Answer) -> None:
        paging = "starting_after" in stripe.requests[-1].query
        if paging and path == "/v1/refunds" and "re_meanwhile" not in stripe.accounts[None]:
            for one in refund("re_meanwhile", "shop", NOON + 7 * DAY):
                stripe.put(one)

    source.read = watch(source.read, see)  # type: ignore[method-assign]
    pages = list(source.pages({}, NOW))
    given = [parsed.object_id for page in pages for parsed, text in page.objects if text]
    cursors = dict(page.cursor for page in pages if page.cursor is not None)
    assert [given.count(refund_id) for refund_id in ids] == [1] * 250
    assert "re_meanwhile" in stripe.accounts[None]
    assert "re_meanwhile" not in given
    # It was made, by Stripe's word, in a second long gone: what the lists miss, the next day's reading finds.
    stripe.now = NOW + DAY
    assert "re_meanwhile" in pull(open_source(stripe), cursors, NOW + DAY)


def test_refunds_come_oldest_first_so_that_a_break_leaves_none_without_earlier_ones(
    stripe: FakeStripe,
) -> None:
    for place in range(250):
        # In two windows, some weeks apart.
        second = NOON + (7 if place < 125 else 60) * DAY + place
        for one in refund(f"re_many{place:03d}", "shop", second):
            stripe.put(one)
    now = stripe.now = NOON + 70 * DAY
    seen = [
        parsed.created
        for page in open_source(stripe).pages({}, now)
        for parsed, text in sorted(page.objects, key=lambda pair: pair[0].created)
        if parsed.kind == "refund" and text
    ]
    assert seen == sorted(seen)
    assert len(seen) > 250

    fault = stripe.inject("status", "/v1/refunds", status=500, skip=stripe.paths().count("/v1/refunds") - 1)
    kept, cursors = break_off(open_source(stripe), {}, now)
    assert fault.times == 0
    newest = max(parsed.created for parsed in of(kept, "refund").values())
    assert {
        key for key, one in of(pull(open_source(stripe), {}, now), "refund").items() if one.created <= newest
    } == set(of(kept, "refund"))
    assert json.loads(cursors["api:refunds"])["until"] < NOON + 60 * DAY


def break_off(source: Source, cursors: dict[str, str], now: int) -> tuple[Facts, dict[str, str]]:
    """A pull that ends in an error: what had been stored by then."""
    facts: Facts = {}
    with pytest.raises(LedgerDown):
        for page in source.pages(cursors.copy(), now):
            facts.update((parsed.object_id, parsed) for parsed, _ in page.objects)
            if page.cursor is not None:
                cursors.update([page.cursor])
    return facts, cursors


def test_no_break_at_any_request_loses_anything(stripe: FakeStripe) -> None:
    everything = pull(open_source(stripe), {}, NOW)
    length = len(stripe.requests)
    assert length > 20
    for place in range(length):
        fault = stripe.inject("status", status=500, skip=place)
        facts, cursors = break_off(open_source(stripe), {}, NOW)
        assert fault.times == 0, place
        assert facts | pull(open_source(stripe), cursors, NOW) == everything, place
        # What is stored after the break is decided now: nothing of it may lack what it is decided by.
        for parsed in of(facts, "charge").values():
            assert sale_of(everything, parsed) <= facts.keys(), (place, parsed.object_id)


def sale_of(facts: Facts, parsed: Parsed) -> set[str]:
    intent = getattr(parsed.fact, "payment_intent_id", None)
    found = of(facts, "invoice_payment", "checkout.session")
    mine = {key for key, one in found.items() if getattr(one.fact, "payment_intent_id", None) == intent}
    return mine | {getattr(facts[key].fact, "invoice_id", key) for key in mine}


def test_a_killed_pull_leaves_the_cursor_before_its_window(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    for page in open_source(stripe).pages({}, NOW):
        if page.cursor is not None:
            cursors.update([page.cursor])
        if any(parsed.object_id == "re_old" for parsed, _ in page.objects):
            break
    assert "api:refunds" not in cursors
    assert "re_old" in pull(open_source(stripe), cursors, NOW)


def test_the_next_pull_begins_ten_minutes_before_the_cursor(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW)
    for one in [*refund("re_late", "shop", NOW - 599), *refund("re_too_late", "shop", NOW - 601)]:
        stripe.put(one)
    stripe.now = NOW + 60
    facts = pull(open_source(stripe), cursors, NOW + 60)
    assert set(of(facts, "refund")) == {"re_late"}
    assert json.loads(cursors["api:refunds"])["until"] == NOW + 60


@pytest.mark.parametrize("lately", [False, True], ids=["quiet", "busy until a moment ago"])
def test_a_pull_with_nothing_new_costs_three_requests(stripe: FakeStripe, lately: bool) -> None:
    """Also where what was made in the last ten minutes is met again: the cursor knows it."""
    if lately:
        for one in [*sale("lately", NOW - 60), *refund("re_lately", "lately", NOW - 30)]:
            stripe.put(one)
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW)
    costs = []
    for minutes in (1, 2, 9, 30, 75, 300):
        stripe.now = NOW + 60 * minutes
        stripe.requests.clear()
        seen = of(pull(open_source(stripe), cursors, stripe.now), "refund")
        assert seen.keys() <= {"re_lately"}
        costs.append(stripe.paths())
    assert costs == [["/v1/events", "/v1/charges", "/v1/refunds"]] * 6


def test_a_new_charge_is_read_after_its_invoice_also_when_the_account_was_quiet(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW)
    stripe.now = NOW + 900
    for one in [
        invoice("next", NOW + 300, [5000]),
        invoice_payment("next", "next", NOW + 300, 5000),
        *sale("next", NOW + 300),
    ]:
        stripe.put(one)
    seen = [p.object_id for page in open_source(stripe).pages(cursors, NOW + 900) for p, _ in page.objects]
    assert seen.index("in_next") < seen.index("ch_next")


def test_what_changed_later_is_seen_once_a_day(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW)
    stripe.put(money("txn_failed", 500, "re_shop2", NOW + 100, reporting_category="refund_failure"))
    stripe.change("re_shop2", status="failed", failure_balance_transaction="txn_failed")
    stripe.change("ch_odd", disputed=True)
    stripe.now = NOW + 8 * 3600
    assert "re_shop2" not in pull(open_source(stripe), cursors, stripe.now)
    stripe.now = NOW + DAY
    facts = pull(open_source(stripe), cursors, stripe.now)
    assert fact(facts, "re_shop2", Refund).status == "failed"
    assert fact(facts, "ch_odd", Charge).disputed
    assert {"txn_failed", "ch_shop", "dp_odd", "cn_bill", "inpay_bill_bill"} <= facts.keys()
    assert json.loads(cursors["api:open_refunds"]) == {"at": NOW + DAY}
    assert "re_shop2" not in pull(open_source(stripe), cursors, stripe.now + 3600)
    # Stripe can fail a refund 30 days after it was paid out; what is older is left alone.
    stripe.now = NOON + 3 * DAY + 44 * DAY
    assert "re_shop2" in pull(open_source(stripe), cursors, stripe.now)
    stripe.now += 2 * DAY
    pull(open_source(stripe), cursors, stripe.now)
    stripe.now += 2 * DAY
    assert "re_shop2" not in pull(open_source(stripe), cursors, stripe.now)


def test_a_session_that_is_completed_a_day_after_it_was_made_is_found(stripe: FakeStripe) -> None:
    stripe.put(session("slow", NOW - 3600, [5000], status="open", payment_intent=None))
    cursors: dict[str, str] = {}
    assert "cs_slow" not in pull(open_source(stripe), cursors, NOW)
    stripe.now = NOW + 23 * 3600
    for one in sale("slow", NOW + 22 * 3600):
        stripe.put(one)
    stripe.change("cs_slow", status="complete", payment_intent="pi_slow")
    facts = pull(open_source(stripe), cursors, stripe.now)
    assert fact(facts, "cs_slow", CheckoutSession).payment_intent_id == "pi_slow"


def test_a_clock_ahead_of_stripes_passes_nothing_over(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW + 3 * DAY)
    assert json.loads(cursors["api:charges"])["until"] == NOW
    for one in refund("re_after", "shop", NOW + 3600):
        stripe.put(one)
    stripe.now = NOW + 7200
    assert "re_after" in pull(open_source(stripe), cursors, NOW + 3 * DAY + 7200)


def test_an_earlier_start_and_an_unreadable_cursor_read_everything_again(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    pull(open_source(stripe), cursors, NOW)
    again = pull(open_source(stripe, start=START - 250 * DAY), cursors.copy(), NOW)
    assert fact(again, "ch_old", Charge).created < START
    assert {"re_shop1", "re_old"} <= again.keys()
    cursors["api:refunds"] = "yesterday"
    assert {"re_shop1", "re_old"} <= pull(open_source(stripe), cursors, NOW).keys()


def test_nothing_is_asked_for_before_the_start(stripe: FakeStripe) -> None:
    cursors: dict[str, str] = {}
    facts = pull(open_source(stripe, start=NOW + DAY), cursors, NOW)
    assert of(facts, "charge", "refund") == {}
    stripe.now = NOW + 2 * DAY
    for one in sale("later", NOW + DAY + 60):
        stripe.put(one)
    assert "ch_later" in pull(open_source(stripe, start=NOW + DAY), cursors, NOW + 2 * DAY)


# ---------------------------------------------------------------------------------------------- single objects


def refetch(source: ApiSource, *object_ids: str) -> Facts:
    pages = list(source.refetch(object_ids))
    assert {page.cursor for page in pages} == {None}
    return {parsed.object_id: parsed for page in pages for parsed, _ in page.objects}


@pytest.mark.parametrize("object_id", ["pyr_bill", "ch_bill"])
def test_refetch_brings_the_object_with_all_that_it_needs(stripe: FakeStripe, object_id: str) -> None:
    for one in refund("re_bill", "bill", NOON + 5 * DAY):
        stripe.put(one)
    facts = refetch(open_source(stripe), object_id)
    wanted = {"ch_bill", "pyr_bill", "re_bill", "txn_bill", "txn_pyr_bill", "txn_re_bill", "pi_bill", "cus_1"}
    wanted |= {"in_bill", "inpay_bill_bill", "cn_bill", "prod_1", "price_1"}
    assert facts.keys() == wanted


def test_refetch_reads_as_it_is_now_and_each_charge_once(stripe: FakeStripe) -> None:
    stripe.change("re_shop1", status="failed")
    facts = refetch(open_source(stripe), "re_shop1", "ch_shop", "re_shop2", "re_shop1")
    assert fact(facts, "re_shop1", Refund).status == "failed"
    assert {"re_shop2", "cs_shop"} <= facts.keys()
    assert stripe.paths().count("/v1/refunds/re_shop1") == 1
    assert "/v1/refunds/re_shop2" not in stripe.paths()
    assert {"dp_odd", "ch_odd"} <= refetch(open_source(stripe), "ch_odd").keys()


def test_refetch_does_not_trust_prefixes(stripe: FakeStripe) -> None:
    for one in [*sale("x", NOON), *refund("rx_1", "x", NOON + 60)]:
        stripe.put(one)
    assert fact(refetch(open_source(stripe), "rx_1"), "rx_1", Refund).charge_id == "ch_x"


@pytest.mark.parametrize("object_id", ["re_nowhere", "ch_nowhere", "../v1/customers", "re_1?limit=1", ""])
def test_refetch_of_an_unknown_id_says_so(stripe: FakeStripe, object_id: str) -> None:
    with pytest.raises(InputError, match="no refund and no charge"):
        refetch(open_source(stripe), object_id)
    assert not any("customers" in path for path in stripe.paths())


def test_refetch_brings_prices_that_stripe_has_deleted_only_in_so_far(stripe: FakeStripe) -> None:
    for one in [
        customer("cus_2"),
        product("prod_3"),
        *sale("gone", NOON),
        invoice("gone", NOON - 60, [5000], "prod_3"),
        invoice_payment("gone", "gone", NOON - 60, 5000),
    ]:
        stripe.put(one)
    del stripe.accounts[None]["price_1"]
    facts = refetch(open_source(stripe), "ch_gone")
    assert {"in_gone", "prod_3"} <= facts.keys()
    assert price()["id"] not in facts


# ---------------------------------------------------------------------------------------------- loading


def test_stripe_is_not_loaded_before_the_api_is_read() -> None:
    modules = "connector.stripe_source.source, connector.stripe_source.api_lists, connector.stripe_source.api_errors"
    code = f"import sys, {modules}, connector.stripe_source.api_related; print('stripe' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
