"""Signed requests in the place of tokens, through whole passes: reads, queries, records, transforms and the script that
voids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_sale, deposit, invoice
from vendors.netsuite import oauth
from vendors.netsuite.oauth import Gate
from vendors.netsuite.wire import Json

TBA: Json = {"auth": "tba"}
SECRETS = (oauth.CONSUMER_KEY, oauth.CONSUMER_SECRET, oauth.TOKEN_ID, oauth.TOKEN_SECRET)


def gate(one: Desk) -> Gate:
    return one.books.gate


def sold_in_every_way(one: Desk) -> None:
    """An invoice that is paid, one that never was, a cash sale, a deposit; a refund of each."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    invoice(one.account, "200")
    cash_sale(one.account, "300", charge="ch_300")
    deposit(one.account, charge="ch_400")
    for number in ("200", "300", "400"):
        one.shop.charge(number, 11000, 1000, "2026-03-02", 0)
        one.shop.refund(number, f"ch_{number}", 11000, "2026-03-05")


def sold_by_us(one: Desk) -> None:
    """With a customer who is still to be made, by a name that no address holds as it is."""
    sell(one, billing_details={"name": "Bo & Söhne (50 %)", "email": "bo+shop@x.test"}, customer="cus_9")
    one.shop.refund("a", "ch_100", 3300, "2026-03-05", 25)


PLAYS: dict[str, tuple[Callable[[Desk], None], Json]] = {
    "sales of others": (sold_in_every_way, {}),
    "sales of ours": (sold_by_us, {"sales": "invoice_and_payment", "fees": True}),
}


@pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])
@pytest.mark.parametrize("name", PLAYS)
def test_the_same_is_written_as_with_tokens(tmp_path: Path, name: str, suiteql: bool) -> None:
    """No token is asked for, and no signature is refused."""
    play, settings = PLAYS[name]
    seen: list[list[object]] = []
    for connection in (TBA, {}):
        with desk(tmp_path / str(len(connection)), connection=connection, **settings) as one:
            if not suiteql:
                one.account.role_lacks.add("suiteql")
            play(one)
            one.sync(plan=name != "sales of others")
            seen.append([sorted(one.written()), one.by_hand(), one.totals(), one.outcomes()])
            assert {each.split()[0] for each in one.outcomes().values()} == {"posted"}
            one.shop.fail("re_a", "2026-04-20")
            one.wait(24)
            one.sync()
            seen[-1] += [sorted(one.written()), one.totals()]
            assert gate(one).audit_trail == []
            assert (gate(one).asked == []) == (connection == TBA)
    assert seen[0] == seen[1]


def test_nothing_is_written_again_after_a_lost_state(tmp_path: Path) -> None:
    """There is nothing to renew: the settings hold all that is needed."""
    with desk(tmp_path / "books", connection=TBA) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.settle_down()
        assert (gate(one).audit_trail, gate(one).asked) == ([], [])


def test_no_secret_is_told_or_kept(tmp_path: Path) -> None:
    """Neither where all goes well nor where NetSuite lets nobody in."""
    with desk(tmp_path / "books", connection=TBA) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        said = [one.command(*words) for words in (["plan"], ["check"], ["sync"], ["explain", "re_a"])]
        one.shop.write()
        said += [one.command("sync"), one.command("sync", "--json"), one.command("status")]
        gate(one).secrets = None
        said += [one.command("sync"), one.command("check"), one.command("status")]
        gate(one).secrets = SECRETS
        assert any("posted" in each.out for each in said)
        kept = b"".join(path.read_bytes() for path in one.books.folder.glob("state.db*"))
        assert b"re_a" in kept
        for secret in SECRETS:
            assert secret.encode() not in kept
            assert not any(secret in each.out + each.err for each in said), secret


@pytest.mark.parametrize("wrong", ["consumer_secret", "token_secret", "token_id", "consumer_key"])
def test_a_wrong_secret_ends_the_run_with_nothing_written(tmp_path: Path, wrong: str) -> None:
    """Once it is right the next run posts."""
    with desk(tmp_path / "books", connection={**TBA, wrong: "f" * 64}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        found = one.command("sync", "--json")
        assert found.code == 1
        (error,) = found.json["errors"]
        assert (error["ledger"], error["code"]) == ("main", "unauthorised")
        assert "Login Audit Trail" in error["sentence"]
        assert one.writes() == []
        assert {"InvalidSignature", "token_rejected"} & set(gate(one).audit_trail)
        names = ("consumer_key", "consumer_secret", "token_id", "token_secret")
        one.set(connection=dict(zip(names, SECRETS, strict=True)))
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100"}
