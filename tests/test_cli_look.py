"""Commands that only look: status, list, explain, plan, check, schema, rules test. None of them writes to a ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from cli_books import CLEARING, FEES, RECEIVABLE, ROOT, Books, Json, at
from cli_shapes import (
    COUNTS,
    OUTCOMES,
    amount,
    check_document,
    count,
    list_of,
    map_of,
    moment,
    money,
    one_of,
    or_null,
    shape,
    text,
)

from connector.cli.root import run


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """A refund of every outcome that an export and a few settings can bring about."""
    made = Books(tmp_path)
    export = made.export
    export.charge("100", 11000, fee=349)
    export.refund("posted", "ch_100", 3000)
    export.refund("dropped", "ch_100", 500, when="2026-02-11T15:00:00")
    export.fail("re_dropped")
    export.refund("pending", "ch_100", 700, when="2026-02-12T15:00:00", status="pending")
    export.refund("reversed", "ch_100", 900, when="2026-02-13T15:00:00")
    export.refund("ignored", "ch_100", 100, when="2026-02-14T15:00:00", reason="duplicate")
    export.refund("lost", "ch_gone", 1000, when="2026-02-15T15:00:00")
    made.rules(
        {"name": "duplicates are no refunds", "when": {"reason": "duplicate"}, "then": "ignore"},
        {
            "name": "by card",
            "when": {"sale": "invoice", "payment": "applied", "method": "card"},
            "then": ["credit_memo", "credit_card_refund"],
        },
        {"name": "rest", "when": {}, "then": "hold"},
    )
    made.sync(code=3)
    export.fail("re_reversed")
    made.sync(code=3)
    return made


OUTCOME_OF = {
    "re_posted": "posted",
    "re_dropped": "dropped",
    "re_pending": "waiting",
    "re_reversed": "reversed",
    "re_ignored": "excluded",
    "re_lost": "held",
}


# ------------------------------------------------------------------------------------------------ list


def test_list_refunds_has_every_refund_once(books: Books) -> None:
    listed = books.listed("refunds")
    assert {r["refund_id"]: r["ledgers"]["main"]["outcome"] for r in listed} == OUTCOME_OF
    assert len(listed) == len(OUTCOME_OF)
    assert [r["created"] for r in listed] == sorted(r["created"] for r in listed)
    keys = {d["document_key"] for d in books.listed("documents") if d["refund_id"] is not None}
    assert {key for r in listed for key in r["ledgers"]["main"]["documents"]} == keys


@pytest.mark.parametrize("outcome", sorted(set(OUTCOME_OF.values())))
def test_list_refunds_by_state(books: Books, outcome: str) -> None:
    expected = {refund_id for refund_id, one in OUTCOME_OF.items() if one == outcome}
    assert {r["refund_id"] for r in books.listed("refunds", "--state", outcome)} == expected
    said = books.run("list", "refunds", "--state", outcome)
    assert said.code == 0
    for refund_id in OUTCOME_OF:
        assert (refund_id in said.out) == (refund_id in expected)


def test_list_refunds_by_stripes_status(books: Books) -> None:
    failed = {r["refund_id"] for r in books.listed("refunds", "--status", "failed")}
    assert failed == {"re_dropped", "re_reversed"}
    assert [r["refund_id"] for r in books.listed("refunds", "--status", "Pending")] == ["re_pending"]


def test_limits(books: Books) -> None:
    for what in ("refunds", "documents", "held"):
        whole = books.listed(what)
        assert books.listed(what, "--limit", "1") == whole[:1]
        assert books.listed(what, "--limit", "1000") == whole
    assert books.run("list", "invoices").out == "no Stripe invoices\n"


def test_list_documents(books: Books) -> None:
    documents = books.listed("documents")
    assert {d["kind"] for d in documents} == {
        "invoice",
        "payment",
        "fee",
        "credit_memo",
        "credit_card_refund",
        "reversal",
    }
    assert {d["refund_id"] for d in documents if d["kind"] in ("invoice", "payment", "fee")} == {None}
    assert {d["state"] for d in books.listed("documents", "--state", "reversed")} == {"reversed"}
    assert len(books.listed("documents", "--state", "reversed")) == 2
    rules = {d["refund_id"]: d["rule"] for d in documents if d["kind"] == "credit_memo"}
    assert rules == {"re_posted": "by card", "re_reversed": "by card"}
    (fee,) = [d for d in documents if d["kind"] == "fee"]
    assert fee["entries"] == [
        {"account": FEES, "debit": "3.49", "credit": "0.00", "currency": "usd"},
        {"account": CLEARING, "debit": "0.00", "credit": "3.49", "currency": "usd"},
    ]


def test_list_held_tells_what_to_do(books: Books) -> None:
    items = books.listed("held")
    assert {(i["refund_id"], i["outcome"]) for i in items} == {
        ("re_lost", "held"),
        ("re_reversed", "reversed"),
    }
    assert all(i["sentence"] and i["action"] for i in items)
    assert [i["refund_id"] for i in books.listed("held", "--state", "reversed")] == ["re_reversed"]
    said = books.run("list", "held")
    assert "stripe_object_missing" in said.out


def test_list_payments(books: Books) -> None:
    books.export.charge("200", 5000, when="2026-02-03T15:00:00")
    books.export.charge("300", 5000, when="2026-02-04T15:00:00")
    books.export.refund("whole", "ch_300", 5000, when="2026-02-16T15:00:00")
    books.sync(code=3)
    check = shape(
        charge_id=text,
        provider=one_of(["stripe"]),
        reference=text,
        amount=money,
        refunded=money,
        status=one_of(["Paid", "Partially refunded", "Refunded"]),
        created=moment,
        refunds=list_of(
            shape(refund_id=text, amount=money, status=text, created=moment, documents=list_of(text))
        ),
    )
    payments = books.listed("payments")
    list_of(check)(payments)
    assert {p["charge_id"]: (p["status"], p["refunded"]["amount"]) for p in payments} == {
        "ch_100": ("Partially refunded", "38.00"),
        "ch_200": ("Paid", "0.00"),
        "ch_300": ("Refunded", "50.00"),
    }
    assert [p["charge_id"] for p in books.listed("payments", "--status", "Refunded")] == ["ch_300"]
    assert [p["charge_id"] for p in books.listed("payments", "--status", "partially refunded")] == ["ch_100"]
    (whole,) = books.listed("payments", "--status", "Refunded")
    assert whole["refunds"][0]["created"] == "2026-02-16T15:00:00Z"
    assert whole["refunds"][0]["documents"] == books.outcome("re_whole")["documents"]


def test_list_invoices(books: Books) -> None:
    for name, total in (("one", 4000), ("two", 6000)):
        charge_id = books.export.charge(f"of-{name}", total, when="2026-02-05T15:00:00", invoice=f"in_{name}")
        books.export.put(
            {
                "id": f"in_{name}",
                "object": "invoice",
                "number": f"INV-{name}",
                "created": at("2026-02-05T14:00:00"),
                "currency": "usd",
                "total": total,
                "status": "paid",
                "charge": charge_id,
                "lines": {
                    "object": "list",
                    "data": [
                        {
                            "id": f"il_{name}",
                            "object": "line_item",
                            "amount": total,
                            "currency": "usd",
                            "description": "Work",
                            "quantity": 1,
                        }
                    ],
                },
            }
        )
    books.export.refund("of_two", "ch_of-two", 6000, when="2026-02-17T15:00:00")
    books.sync(code=3)
    check = shape(
        invoice_id=text,
        number=or_null(text),
        amount=money,
        refunded=money,
        status=text,
        created=moment,
        charges=list_of(text),
    )
    invoices = books.listed("invoices")
    list_of(check)(invoices)
    assert {i["number"]: (i["status"], i["refunded"]["amount"]) for i in invoices} == {
        "INV-one": ("Paid", "0.00"),
        "INV-two": ("Refunded", "60.00"),
    }
    assert [i["invoice_id"] for i in books.listed("invoices", "--status", "Refunded")] == ["in_two"]
    assert books.outcome("re_of_two")["number"] == "INV-two"


def test_listing_one_ledger(books: Books) -> None:
    books.change(
        ledgers={"other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}}}
    )
    books.sync(code=3)
    assert {len(r["ledgers"]) for r in books.listed("refunds")} == {2}
    assert {tuple(r["ledgers"]) for r in books.listed("refunds", "--ledger", "other")} == {("other",)}
    assert {d["ledger"] for d in books.listed("documents", "--ledger", "other")} == {"other"}
    assert {i["ledger"] for i in books.listed("held", "--ledger", "main")} == {"main"}


def test_looking_takes_no_lease(books: Books) -> None:
    from connector.store.lease import lock_books
    from connector.workplace import open_state, read_setup
    from connector.world import World

    setup = read_setup(books.config, World())
    engine = open_state(setup)
    with lock_books(engine, setup.settings.state_url, setup.world, False, lambda: False):
        assert books.run("status").code == 3
        assert books.run("list", "refunds").code == 0
        assert books.run("explain", "re_posted").code == 0
        refused = books.run("sync")
        assert refused.code == 1
        assert "holds these books" in refused.err
        as_json = books.run("sync", "--json")
        assert as_json.code == 1
        assert as_json.json["errors"][0]["code"] == "lease_held"
    engine.dispose()


# ------------------------------------------------------------------------------------------------ for people


def test_ids_and_dates_stay_whole_at_any_width(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    long_id = books.export.refund("3QabcdefghijklmnopqrstuvW", "ch_100", 100, when="2026-03-01T15:00:00")
    books.sync(code=3)
    for width in (140, 80, 40):
        monkeypatch.setattr("connector.cli.screen.PLAIN_WIDTH", width)
        for words in (("list", "refunds"), ("list", "documents"), ("list", "payments"), ("status",)):
            said = books.run(*words).out
            if words[1:] == ("refunds",):
                assert long_id in said and "2026-03-01" in said and "stripe_object_missing" in said
                assert ("┃" in said) == (width == 140)
            if words[0] == "list":
                assert max(map(len, said.splitlines())) <= width, said


def test_days_are_those_of_the_books_zone(books: Books) -> None:
    """02:00 in UTC is the evening before in New York."""
    books.export.refund("night", "ch_gone", 100, when="2026-02-20T02:00:00")
    books.sync(code=3)
    (line,) = [line for line in books.run("list", "refunds").out.splitlines() if line.startswith("re_night")]
    assert "2026-02-19" in line
    for words in (("status",), ("list", "held"), ("sync",)):
        assert "re_night  1.00 USD  of 2026-02-19" in books.run(*words).out
    assert "created 2026-02-19 21:00 EST" in books.run("explain", "re_night").out
    assert books.listed("held")[-1]["created"] == "2026-02-20T02:00:00Z"


def test_a_list_says_how_many_there_are(books: Books) -> None:
    assert books.run("list", "refunds", "--limit", "2").out.startswith("2 of 6 refunds ")
    assert books.run("list", "payments").out.startswith("1 payment ")
    books.change(
        ledgers={"other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}}}
    )
    books.sync(code=3)
    assert books.run("list", "refunds").out.startswith("6 refunds ")


def test_an_amount_that_cannot_be_read_is_not_told_as_nothing(books: Books) -> None:
    for name, wrong in (("text", "5"), ("huge", 10**30)):
        books.export.refund(name, "ch_100", 100)
        books.export.objects[f"re_{name}"]["amount"] = wrong
    del books.export.objects["re_text"]["created"]
    books.sync(code=3)
    said = "".join(books.run(*words).out for words in (("status",), ("list", "refunds"), ("list", "held")))
    assert "re_huge  unknown amount  of 2026-02-10  in main" in said
    assert "re_text  unknown amount  of unknown  in main" in said
    assert not re.search(r"(?<!\d)0\.00 USD", said)
    assert "1970-" not in said and "1969-" not in said
    story = books.run("explain", "re_huge").out
    assert "Refund re_huge: an unknown amount" in story
    assert "more than Stripe ever has.\n" in story
    assert "above zero" not in story


HOSTILE = "1\x1b[31m\n\x9b2J\u202e"


def test_control_characters_of_stripe_reach_no_terminal(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.export.charge("100", 11000, metadata={"order_number": HOSTILE})
    books.export.refund("one", "ch_100", 3000, reason=HOSTILE)
    books.export.refund("two", "ch_gone\x1b[2J", 100, status=HOSTILE)
    books.export.write()
    told = [books.run("plan").out, books.run("sync").out]
    for words in (("list", "refunds"), ("list", "documents"), ("list", "held"), ("status",)):
        told.append(books.run(*words).out)
    told += [books.run("explain", one).out for one in ("re_one", "re_two")]
    told.append(books.run("resync", "re_one").out)
    for said in told:
        assert not set(said) & set("\x1b\x9b\u202e"), said
    assert "1\\x1b[31m\\n\\x9b2J" in "".join(told)


def test_debits_come_first(books: Books) -> None:
    books.export.charge("900", 2000, fee=88, when="2026-03-02T15:00:00")
    books.export.write()
    invoice = books.run("plan").out.split("invoice 900")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in invoice[2:]] == ["Dr", "Cr"]
    books.sync(code=3)
    memo = books.run("explain", "re_posted").out.split("Credit memo")[1].splitlines()
    assert [line.split()[0] for line in memo[1:3]] == ["Dr", "Cr"]


# ------------------------------------------------------------------------------------------------ status


def test_status(books: Books) -> None:
    said = books.run("status", "--json")
    assert said.code == 3
    shape(
        books=one_of(["acme"]),
        last_run=shape(
            run_id=text,
            command=one_of(["sync"]),
            started=moment,
            ended=or_null(moment),
            errors=list_of(shape(ledger=or_null(text), code=text, sentence=text)),
        ),
        next_run=text,
        ledgers=map_of(
            shape(
                parked_until=or_null(moment),
                outcomes=shape(**dict.fromkeys(COUNTS, count)),
                totals=list_of(shape(outcome=one_of(OUTCOMES), count=count, total=money)),
            )
        ),
        needs_person=list_of(
            shape(
                ledger=text,
                refund_id=or_null(text),
                charge_id=or_null(text),
                amount=money,
                outcome=one_of(["held", "reversed"]),
                reason=or_null(text),
                sentence=text,
                action=text,
            )
        ),
        clearing_totals=list_of(shape(ledger=text, count=count, total=money)),
        clearing_differences=list_of(shape(ledger=text, what=text, id=text, amount=money, sentence=text)),
    )(said.json)
    counts = said.json["ledgers"]["main"]["outcomes"]
    assert {outcome: n for outcome, n in counts.items() if n} == dict.fromkeys(OUTCOME_OF.values(), 1)
    differences = {d["id"]: d["amount"]["amount"] for d in said.json["clearing_differences"]}
    assert differences == {"re_pending": "-7.00", "re_ignored": "-1.00", "re_lost": "-10.00"}
    assert said.json["clearing_totals"] == [
        {"ledger": "main", "count": 3, "total": {"amount": "-18.00", "currency": "usd"}}
    ]
    people = books.run("status")
    assert people.code == 3
    for row in (("refund waiting", "1", "-7.00 USD"), ("all together", "3", "-18.00 USD")):
        assert any(all(word in line for word in row) for line in people.out.splitlines()), row
    for word in ("Last run", "Next run", "re_lost", "re_pending", "-7.00 USD", "Known differences"):
        assert word in people.out


def test_differences_and_clearing_are_the_stripe_balance(books: Books) -> None:
    told = books.run("status", "--json").json["clearing_differences"]
    moved = sum(one["net"] for one in books.export.objects.values() if one["object"] == "balance_transaction")
    known = sum((Decimal(d["amount"]["amount"]) for d in told), Decimal(0))
    assert books.balance(CLEARING)["usd"] + known == Decimal(moved).scaleb(-2)


def test_failed_payments_and_releases_are_known_differences(tmp_path: Path) -> None:
    books = Books(tmp_path, ledgers={"main": {"sales": "find"}})
    export = books.export
    export.charge("bounced", 2000, status="failed", failure_balance_transaction="txn_bounced")
    export.put(
        {
            **export.objects["txn_ch_bounced"],
            "id": "txn_bounced",
            "amount": -2000,
            "net": -2000,
            "reporting_category": "charge_failure",
        }
    )
    export.charge("part", 8000, amount_captured=5000)
    export.refund("release", "ch_part", 3000, reason="expired_uncaptured_charge")
    books.sync()
    assert books.outcome("re_release")["reason"] == "not_a_refund"
    told = books.run("status", "--json").json["clearing_differences"]
    assert {(d["id"], d["amount"]["amount"]) for d in told} == {
        ("ch_bounced", "-20.00"),
        ("re_release", "-30.00"),
        ("ch_part", "30.00"),
    }


def test_status_before_the_first_run(tmp_path: Path) -> None:
    books = Books(tmp_path)
    said = books.run("status")
    assert said.code == 0
    assert "No run yet" in said.out
    assert books.run("status", "--json").json["last_run"] is None
    assert books.run("status", "--json").json["next_run"] is None
    assert books.listed("refunds") == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"every": "1h"}, "2026-06-01T13:00:00Z"),
        ({"cron": "*/15 * * * *"}, "2026-06-01T12:15:00Z"),
        # In the books' zone, New York: 06:30 there.
        ({"cron": "30 6 * * mon"}, "2026-06-08T10:30:00Z"),
    ],
)
def test_the_next_run(books: Books, schedule: Json, words: str) -> None:
    books.settings.pop("schedule", None)
    books.change(schedule=schedule)
    assert books.run("status", "--json").json["next_run"] == words


def test_a_next_run_that_is_over_is_told(books: Books) -> None:
    books.change(schedule={"every": "1h"})
    assert "Next run: 2026-06-01 09:00 EDT\n" in books.run("status").out
    books.now += 7200
    assert "2026-06-01 09:00 EDT, which is over: nothing has called sync since" in books.run("status").out


# ------------------------------------------------------------------------------------------------ explain


def test_explain_tells_the_whole_story(books: Books) -> None:
    story = books.explain("re_posted")
    assert (story["refund_id"], story["charge_id"], story["status"]) == ("re_posted", "ch_100", "succeeded")
    part = story["ledgers"]["main"]
    assert (part["outcome"], part["number"], part["sale_number"], part["rule"]) == (
        "posted",
        "100",
        "100",
        "by card",
    )
    assert part["facts"]["sale"] == "invoice"
    assert part["facts"]["method"] == "card"
    tried = [(one["rule"], one["matched"]) for one in part["rules_tried"]]
    assert tried == [("duplicates are no refunds", False), ("by card", True)]
    assert all(one["why"] for one in part["rules_tried"])
    assert [d["kind"] for d in part["documents"]] == ["credit_memo", "credit_card_refund"]
    for document in part["documents"]:
        (attempt,) = document.pop("attempts")
        moment(attempt["sent"])
        moment(attempt["answered"])
        assert attempt["outcome"] == "posted"
        check_document(document)
    said = books.run("explain", "re_posted")
    assert said.code == 0
    for word in ("'by card'", "'duplicates are no refunds'", "Dr Income:Sales 30.00", "Number 100", "posted"):
        assert word in said.out, said.out


def test_explain_names_what_holds_a_refund(books: Books) -> None:
    said = books.run("explain", "re_lost")
    assert said.code == 0
    assert "stripe_object_missing" in said.out
    assert "ch_gone" in said.out
    assert "What to do" in said.out


def test_explain_tells_of_switches(books: Books) -> None:
    books.ledger(refund_types={"credit_memo": False, "credit_card_refund": False, "refund_receipt": False})
    books.export.refund("off", "ch_100", 200, when="2026-02-18T15:00:00")
    books.sync(code=3)
    part = books.explain("re_off")["ledgers"]["main"]
    assert part["outcome"] == "excluded"
    assert any("credit_memo" in switch for switch in part["switches"])
    said = books.run("explain", "re_off").out
    assert "Switch:" in said
    assert " won '" not in said
    assert "Rule 3 last 'rest'" in said


def test_explain_keeps_the_rules_of_its_own_time(books: Books) -> None:
    before = books.explain("re_posted")["ledgers"]["main"]["rules_tried"]
    books.rules({"name": "new", "when": {}, "then": "refund_receipt"})
    books.sync(code=3)
    assert books.explain("re_posted")["ledgers"]["main"]["rules_tried"] == before


def test_explain_of_what_nobody_knows(books: Books) -> None:
    for object_id in ("re_nobody", "ch_100", "txn_re_posted"):
        said = books.run("explain", object_id)
        assert said.code == 2
        assert said.out == ""
        assert object_id in said.err


# ------------------------------------------------------------------------------------------------ plan


def test_plan_shows_and_writes_nothing(books: Books) -> None:
    before = books.files()
    books.export.charge("900", 2000, fee=88, when="2026-03-02T15:00:00")
    books.export.refund("nine", "ch_900", 500, when="2026-03-03T15:00:00")
    books.export.write()
    said = books.run("plan", "--json")
    assert said.code == 3
    assert books.files() == before
    ledger = shape(
        planned=count,
        **dict.fromkeys(COUNTS, count),
        documents=list_of(check_document),
        effects=map_of(map_of(shape(amount=amount, currency=text))),
    )
    shape(
        run_id=text,
        pulled=shape(charges=count, refunds=count, changed=count),
        ledgers=map_of(ledger),
        errors=list_of(shape(ledger=or_null(text), code=text, sentence=text)),
    )(said.json)
    part = said.json["ledgers"]["main"]
    assert sorted(d["kind"] for d in part["documents"]) == [
        "credit_card_refund",
        "credit_memo",
        "fee",
        "invoice",
        "payment",
    ]
    assert {d["state"] for d in part["documents"]} == {"planned"}
    assert (part["planned"], part["waiting"]) == (1, 0)
    moved = {role: m["amount"] for role, m in part["effects"]["usd"].items()}
    assert moved == {
        "income": "-15.00",
        "receivable": "0.00",
        "clearing": "14.12",
        "fees": "0.88",
    }
    people = books.run("plan")
    assert people.code == 3
    for word in ("credit memo 900", "'by card'", "Dr Income:Sales", "Cr " + CLEARING, RECEIVABLE, "14.12"):
        assert word in people.out, people.out
    assert books.files() == before
    books.sync(code=3)
    assert books.outcome("re_nine")["outcome"] == "posted"
    assert "Nothing to post" in books.run("plan").out


def test_a_plan_does_not_begin_the_cut_over(tmp_path: Path) -> None:
    """What others booked before the first real run is adopted, also if a plan was made before."""
    books = Books(tmp_path)
    books.export.charge("100", 11000)
    books.export.refund("one", "ch_100", 3000)
    books.export.write()
    assert books.run("plan").code == 0
    assert books.outcome("re_one")["outcome"] == "waiting"
    assert books.documents("re_one")[0]["state"] == "planned"
    books.rules({"name": "all by receipt", "when": {}, "then": "refund_receipt"})
    assert books.run("plan").code == 0
    assert [d["kind"] for d in books.documents("re_one")] == ["refund_receipt"]
    assert books.files() == {}


# ------------------------------------------------------------------------------------------------ check


def test_check(books: Books) -> None:
    for words in (("check",), ("check", "--offline")):
        said = books.run(*words)
        assert said.code == 0, said.err
        assert "in order" in said.out
    found = books.run("check", "--json").json
    shape(
        settings=text,
        problems=list_of(text),
        warnings=list_of(text),
        unreachable=list_of(text),
        checked=list_of(text),
        ok=one_of([True]),
    )(found)
    assert found["checked"][:3] == ["settings", "mappings", "rules"]
    assert any("export" in one for one in found["checked"])
    assert any("main" in one for one in found["checked"])
    offline = books.run("check", "--offline", "--json").json
    assert offline["checked"] == ["settings", "mappings", "rules"]


def test_check_offline_opens_nothing(tmp_path: Path) -> None:
    books = Books(tmp_path, stripe={"export": "nowhere"})
    books.ledger_folder.write_text("a file in its place")
    assert books.run("check", "--offline").code == 0
    assert not (tmp_path / "state").exists()
    assert books.run("check").code == 2


def test_check_warns_of_a_case_that_no_rule_decides(books: Books) -> None:
    books.rules({"name": "only invoices", "when": {"sale": "invoice"}, "then": "refund_receipt"})
    said = books.run("check", "--offline", "--json")
    assert said.code == 0
    assert said.json["warnings"]
    assert "Warning: main:" in books.run("check", "--offline").out


# ------------------------------------------------------------------------------------------------ rules test


def test_rules_test_runs_the_shipped_cases(tmp_path: Path) -> None:
    books = Books(tmp_path)
    cases = ROOT / "mappings" / "refund_rules_cases.yaml"
    said = books.run("rules", "test", str(cases))
    assert said.code == 0, said.err
    number = len(yaml.safe_load(cases.read_text(encoding="utf-8")))
    assert number > 10
    assert said.out.count("passed  ") == number
    assert f"{number} cases passed" in said.out


def test_rules_test_says_what_failed(tmp_path: Path) -> None:
    books = Books(tmp_path)
    cases = tmp_path / "cases.yaml"
    good: Json = {
        "name": "receipt",
        "facts": {"sale": "sales_receipt"},
        "expect": {"then": "refund_receipt", "rule": "sales receipt"},
    }
    wrong: Json = {**good, "name": "hold it", "expect": {"then": "hold"}}
    cases.write_text(json.dumps([good, wrong]), encoding="utf-8")
    said = books.run("rules", "test", str(cases))
    assert said.code == 2
    assert said.out == ""
    assert "1 of 2 cases failed" in said.err
    assert f"{cases}:" in said.err
    assert "hold it" in said.err
    cases.write_text(json.dumps([{**good, "facts": {"sail": "x"}}]), encoding="utf-8")
    said = books.run("rules", "test", str(cases))
    assert said.code == 2
    assert "did you mean sale" in said.err
    assert books.run("rules", "test", str(tmp_path / "none.yaml")).code == 2


# ------------------------------------------------------------------------------------------------ schema


def resolve_references(schema: object, root: Mapping[str, object]) -> None:
    """Every `$ref` leads somewhere, every `type` is one that JSON Schema has."""
    if isinstance(schema, list):
        for one in schema:
            resolve_references(one, root)
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        place: object = root
        assert reference.startswith("#/"), reference
        for part in reference[2:].split("/"):
            assert isinstance(place, dict) and part in place, reference
            place = place[part]
    known = {"object", "array", "string", "integer", "number", "boolean", "null"}
    kind = schema.get("type")
    if isinstance(kind, str):
        assert kind in known
    for value in schema.values():
        resolve_references(value, root)


def test_schema_needs_no_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    schemas = json.loads(capsys.readouterr().out)
    assert set(schemas) == {"settings", "mapping"}
    for schema in schemas.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        resolve_references(schema, schema)
    settings = schemas["settings"]
    assert settings["additionalProperties"] is False
    assert set(settings["required"]) >= {"books", "timezone", "stripe", "ledgers"}
    example = yaml.safe_load((ROOT / "config.example.yaml").read_text(encoding="utf-8"))
    assert set(example) <= set(settings["properties"])
    assert set(settings["properties"]["stripe"]["$ref"].split("/")) > {"$defs"}


def test_one_schema_alone_for_an_editor(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    both = json.loads(capsys.readouterr().out)
    for name in ("settings", "mapping"):
        assert run(["schema", name]) == 0
        assert json.loads(capsys.readouterr().out) == both[name]
    assert run(["schema", "rules"]) == 2


def nullable(schema: Json, root: Json) -> bool:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].split("/")[-1]]
    return schema.get("type") == "null" or any(nullable(part, root) for part in schema.get("anyOf", ()))


def test_the_schema_lets_a_key_be_left_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """As the settings do: an empty key counts as left out, but for one that is required."""
    assert run(["schema"]) == 0
    for root in json.loads(capsys.readouterr().out).values():
        for part in (root, *root["$defs"].values()):
            for key, schema in part.get("properties", {}).items():
                assert nullable(schema, root) == (key not in part.get("required", ())), (part["title"], key)


def test_a_shape_that_is_wrong_is_seen() -> None:
    """The checker of this file's shapes refuses a key too many, one too few, and a word of no list."""
    right = {"amount": "1.00", "currency": "usd"}
    money(right)
    wrong: list[object] = [
        {**right, "more": 1},
        {"amount": "1.00"},
        {"amount": 1, "currency": "usd"},
        {"amount": "1,00", "currency": "usd"},
        {"amount": "1.00", "currency": "USD"},
        [],
    ]
    for value in wrong:
        with pytest.raises(AssertionError):
            money(value)
    with pytest.raises(AssertionError):
        one_of(OUTCOMES)("postd")
