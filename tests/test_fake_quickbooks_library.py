"""The stand-in for QuickBooks Online seen by python-quickbooks and intuit-oauth: a second opinion on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from quickbooks_hands import CLEARING, Hands, form, shop
from vendors.quickbooks import REALM, FakeQuickBooks
from vendors.quickbooks.field_table import schema_file
from vendors.quickbooks.oauth import CLIENT_ID, CLIENT_SECRET, DISCOVERY_PATH

from intuitlib.client import AuthClient  # isort: skip
from intuitlib.exceptions import AuthClientError  # isort: skip
from quickbooks import QuickBooks  # isort: skip
from quickbooks import exceptions as refusals  # isort: skip
from quickbooks.cdc import change_data_capture  # isort: skip
from quickbooks.objects import (  # isort: skip
    CreditMemo,
    Customer,
    Invoice,
    Item,
    Payment,
    Preferences,
    RefundReceipt,
    SalesReceipt,
)
from quickbooks.objects.base import LinkedTxn, Ref  # isort: skip
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail  # isort: skip
from quickbooks.objects.payment import PaymentLine  # isort: skip


# The library sends every field of an object, and the stand-in's own list has those that a bookkeeping client writes.
needs_schema = pytest.mark.skipif(
    schema_file() is None, reason="Intuit's schema is missing: ../shared/data/qbo-fields.json"
)


@pytest.fixture
def fake() -> Iterator[FakeQuickBooks]:
    with FakeQuickBooks(shop()) as one:
        yield one


@pytest.fixture
def auth(fake: FakeQuickBooks) -> Any:
    discovery = fake.base_url + DISCOVERY_PATH
    refresh = fake.oauth.grant().refresh
    return AuthClient(CLIENT_ID, CLIENT_SECRET, "http://x.test/", discovery, refresh_token=refresh)


@pytest.fixture
def client(fake: FakeQuickBooks, auth: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{fake.base_url}/v3")
    return QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=REALM, minorversion=75)


def to(value: str) -> Any:
    ref = Ref()
    ref.value = value
    return ref


def line(amount: int) -> Any:
    made = SalesItemLine()
    made.Amount = amount
    made.SalesItemLineDetail = SalesItemLineDetail()
    made.SalesItemLineDetail.ItemRef = to("1")
    made.SalesItemLineDetail.UnitPrice = amount
    made.SalesItemLineDetail.Qty = 1
    return made


def sale(kind: Any, amount: int, **fields: Any) -> Any:
    made = kind()
    made.CustomerRef = to("1")
    made.Line = [line(amount)]
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def linked(amount: int, kind: str, one: Any) -> Any:
    link = LinkedTxn()
    link.TxnId, link.TxnType = one.Id, kind
    made = PaymentLine()
    made.Amount, made.LinkedTxn = amount, [link]
    return made


def test_the_client_refreshes_by_itself_and_the_new_token_has_to_be_kept(
    fake: FakeQuickBooks, auth: Any, client: Any
) -> None:
    assert client.refresh_token == auth.refresh_token == fake.oauth.grants[0].refresh
    with pytest.raises(AuthClientError) as caught:
        auth.refresh(refresh_token="refresh-000001-acme")
    assert caught.value.status_code == 400


@needs_schema
def test_objects_of_the_library_with_all_their_default_fields(fake: FakeQuickBooks, client: Any) -> None:
    invoice = sale(Invoice, 110, DocNumber="100").save(qb=client)
    memo = sale(CreditMemo, 110, DocNumber="100-1").save(qb=client, request_id="r-1")
    assert (memo.RemainingCredit, memo.TotalAmt) == (110, 110)
    pay = Payment()
    pay.CustomerRef, pay.TotalAmt = to("1"), 0
    pay.Line = [linked(110, "Invoice", invoice), linked(110, "CreditMemo", memo)]
    pay.save(qb=client)
    assert CreditMemo.get(memo.Id, qb=client).RemainingCredit == 0
    assert Invoice.get(invoice.Id, qb=client).Balance == 0
    clearing = to(fake.company.account(CLEARING)["Id"])
    sale(SalesReceipt, 50, DepositToAccountRef=clearing).save(qb=client)
    refund = sale(RefundReceipt, 50, DepositToAccountRef=clearing, DocNumber="7").save(qb=client)
    assert refund.TotalAmt == 50
    assert fake.company.trial_balance() == {}


def test_default_fields_are_refused_where_empty_strings_are(fake: FakeQuickBooks, client: Any) -> None:
    fake.company.moods.empty_strings = "refused"
    with pytest.raises(refusals.ValidationException):
        sale(SalesReceipt, 50).save(qb=client)


def test_queries_and_counts(fake: FakeQuickBooks, client: Any) -> None:
    Hands(fake).write("Invoice", form("5", DocNumber="100"))
    assert [one.TotalAmt for one in Invoice.filter(DocNumber="100", qb=client)] == [5]
    assert Customer.filter(DisplayName="Bob O'Neil", qb=client)[0].Id == "2"
    assert Invoice.count("DocNumber = '100'", qb=client) == 1
    assert Invoice.choose(["100", "200"], field="DocNumber", qb=client)[0].DocNumber == "100"
    assert [one.Sku for one in Item.all(qb=client)] == ["Wid", "Sup"]
    with pytest.raises(refusals.ValidationException) as caught:
        Invoice.filter(PrivateNote="x", qb=client)
    assert caught.value.error_code == 4001


@needs_schema
def test_void_and_delete(fake: FakeQuickBooks, client: Any) -> None:
    invoice = sale(Invoice, 5).save(qb=client)
    invoice.void(qb=client)
    assert Invoice.get(invoice.Id, qb=client).PrivateNote == "Voided"
    sold = sale(SalesReceipt, 5).save(qb=client)
    sold.void(qb=client)
    memo = sale(CreditMemo, 5).save(qb=client)
    assert not hasattr(memo, "void")
    memo.delete(qb=client)
    assert fake.company.trial_balance() == {}


@needs_schema
def test_its_classes_of_errors(fake: FakeQuickBooks, client: Any) -> None:
    with pytest.raises(refusals.ObjectNotFoundException):
        Invoice.get("999", qb=client)
    sale(Invoice, 5, DocNumber="100").save(qb=client)
    with pytest.raises(refusals.QuickbooksException) as caught:
        sale(Invoice, 5, DocNumber="100").save(qb=client)
    assert caught.value.error_code == 6140
    again = {"include": "allowduplicatedocnum"}
    sale(Invoice, 5, DocNumber="100").save(qb=client, params=again)
    fake.inject("throttled")
    with pytest.raises(refusals.QuickbooksException) as caught:
        Invoice.get("999", qb=client)
    assert caught.value.error_code == 10000
    fake.oauth.expire_access_tokens()
    with pytest.raises(refusals.AuthorizationException):
        Invoice.get("999", qb=client)


@needs_schema
def test_preferences_and_changes(fake: FakeQuickBooks, client: Any) -> None:
    assert Preferences.get(qb=client).SalesFormsPrefs.CustomTxnNumbers is True
    sale(Invoice, 5).save(qb=client)
    since = fake.company.clock.stamp()[:11] + "00:00:00-08:00"
    assert len(change_data_capture([Invoice, CreditMemo], since, qb=client).Invoice) == 1
