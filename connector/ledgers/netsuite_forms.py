"""Documents as NetSuite has them: which fields each record has; what is applied is filled in when it is sent.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_164460021767.html (credit memo), article_0830082954
(customer refund), article_0224093711 (customer payment). Money has moved at Stripe already: nothing is e-mailed, printed, or
handed to a payment gateway.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from connector.ledgers.further_writes import Accounts, is_from_books
from connector.ledgers.json_wire import amount
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_lines import SEGMENTS, LineWriter
from connector.ledgers.netsuite_marks import write_memo
from connector.ledgers.netsuite_roles import record_of
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import CUSTOMER_FIELD, ref
from connector.ledgers.rates import rate_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import NEW_CUSTOMER, OTHER_RECEIVABLE, Document, Entry

# Stands for the id of a customer who is still to be made.
NEW = "$customer"
NAME = 80
RATE_PLACES = 12
SALES_FORMS = frozenset({"invoice", "creditMemo", "cashSale", "cashRefund"})
# The account that holds what is owed stands under this name where another one is the money's.
RECEIVABLE_FIELD = {"customerPayment": "arAcct", "customerRefund": "arAcct"}
# What must not happen by itself, where the account has the field.
QUIET = {
    "toBeEmailed": False,
    "toBePrinted": False,
    "toBeFaxed": False,
    "refundCheck": False,
    "autoApply": False,
}
# Those that every account is documented to have, for a role that may not see which there are.
DOCUMENTED = {
    "invoice": frozenset({"toBeEmailed", "toBePrinted", "toBeFaxed"}),
    "creditMemo": frozenset({"toBeEmailed", "toBePrinted", "toBeFaxed"}),
    "customerPayment": frozenset({"toBeEmailed", "handlingMode"}),
    "customerRefund": frozenset({"toBePrinted", "handlingMode"}),
    "cashRefund": frozenset({"refundCheck", "handlingMode"}),
}


class FormWriter(LineWriter):
    """Writes documents for one account."""

    def __init__(self, directory: Directory, mapping: LedgerMapping, wants: Wants) -> None:
        super().__init__(directory, mapping)
        self.wants = wants

    def accounts(self, document: Document) -> Accounts:
        return Accounts(
            frozenset(self.mapping.clearing_accounts.accounts()),
            self.mapping.exchange,
            self.named(document, OTHER_RECEIVABLE) or self.mapping.receivable(document.currency) or "",
        )

    def body(self, document: Document) -> dict[str, Any]:
        """The fields of the document, without what it pays or is applied to."""
        record = record_of(document)
        if document.kind == "application" or is_from_books(document):
            return {}
        if record == "customer":
            return self.customer(document)
        fields = self.head(record, document)
        if record == "journalEntry":
            return {**fields, **self.journal(document)}
        fields[CUSTOMER_FIELD.get(record, "entity")] = ref(self.customer_id(document) or "")
        if record in SALES_FORMS:
            return {**fields, **self.sales_form(record, document)}
        return {**fields, **self.money_form(record, document)}

    # ------------------------------------------------------------------------------------------ forms

    def sales_form(self, record: str, document: Document) -> dict[str, Any]:
        """Invoice and credit memo stand on receivables; cash sale and cash refund on clearing."""
        if record in ("cashSale", "cashRefund"):
            account = self.directory.account_id(document.entries[-1].account)
            return {
                "account": ref(account),
                **self.method(record, document),
                **self.form(record, document),
            }
        return {"account": ref(self.receivable_id(document)), **self.form(record, document)}

    def money_form(self, record: str, document: Document) -> dict[str, Any]:
        """Money into clearing or out of it; of a refund the total is that of what it is applied to."""
        fields: dict[str, Any] = {
            "account": ref(self.directory.account_id(document.entries[-1].account)),
            RECEIVABLE_FIELD[record]: ref(self.receivable_id(document)),
            **self.method(record, document),
        }
        if record == "customerPayment":
            fields["payment"] = amount(document.amount_minor, document.currency)
        return fields

    def journal(self, document: Document) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "line": {"items": [self.journal_line(document, entry) for entry in document.entries]}
        }
        if self.directory.has("journalEntry", "approved"):
            fields["approved"] = True
        return fields

    def journal_line(self, document: Document, entry: Entry) -> dict[str, Any]:
        minor, side = (entry.debit_minor, "debit") if entry.debit_minor else (entry.credit_minor, "credit")
        return {
            "account": ref(self.directory.account_id(entry.account)),
            side: amount(minor, entry.currency),
            "memo": document.narration[:999],
        }

    def customer(self, document: Document) -> dict[str, Any]:
        """A company, since Stripe does not tell a person's names apart; the Stripe id and our key stand in its comments."""
        name = names_of(document)[0]
        fields: dict[str, Any] = {
            "externalId": document.document_key,
            "entityId": name,
            "isPerson": False,
            "companyName": name,
            "comments": f"{document.subject_id} {document.document_key}",
        }
        email = self.named(document, "email")
        if email is not None:
            fields["email"] = email
        if self.directory.one_world and self.directory.subsidiary is not None:
            fields["subsidiary"] = ref(self.directory.subsidiary)
        currency = self.directory.currency_id(document.currency) if self.directory.multi_currency else None
        if currency is not None:
            fields["currency"] = ref(currency)
        return fields

    # ------------------------------------------------------------------------------------------ fields

    def head(self, record: str, document: Document) -> dict[str, Any]:
        """What every transaction has: our key as external id, the number, day, words, currency and rate."""
        fields: dict[str, Any] = {"externalId": document.document_key}
        if document.number is not None:
            fields["tranId"] = document.number
        fields |= {"tranDate": document.posting_date.isoformat(), "memo": write_memo(document)}
        if self.wants.document_key_field is not None:
            fields[self.wants.document_key_field] = document.document_key
        subsidiary = self.subsidiary_of(document)
        if subsidiary is not None:
            fields["subsidiary"] = ref(subsidiary)
        if self.directory.multi_currency:
            fields["currency"] = ref(self.directory.currency_id(document.currency) or "")
            rate = self.rate(document, subsidiary)
            if rate is not None:
                fields["exchangeRate"] = rate
        for name in SEGMENTS:
            known = self.named(document, name)
            if known is not None and record != "journalEntry" and self.directory.has(record, name):
                fields[name] = ref(known)
        return fields | {name: told for name, told in QUIET.items() if self.tells(record, name)}

    def subsidiary_of(self, document: Document) -> str | None:
        """That of the sale, else the one that the settings name; None where the account has none."""
        if not self.directory.one_world:
            return None
        return self.named(document, "subsidiary") or self.directory.subsidiary

    def rate(self, document: Document, subsidiary: str | None) -> Decimal | None:
        """In the base currency of the subsidiary; None in that currency, and where NetSuite takes the rate of the day. What
        the entries are worth says it only where they stand in that currency."""
        _, base = self.directory.subsidiaries.get(subsidiary or "", ("", ""))
        base = base or self.directory.home
        if document.currency == base:
            return None
        if document.home_minor is not None and document.entry_currency != base:
            document = replace(document, home_minor=None)
        return rate_of(document, RATE_PLACES)

    def method(self, record: str, document: Document) -> dict[str, Any]:
        """How it was paid, as the account calls it; and that NetSuite is to ask no gateway for the money."""
        fields: dict[str, Any] = {}
        word = self.named(document, "method")
        name = self.mapping.payment_method(word) if word is not None else None
        known = self.directory.payment_option(name) if name is not None else None
        if known is not None:
            option = "paymentOption" if self.directory.has(record, "paymentOption") else "paymentMethod"
            fields[option] = ref(known)
        if self.tells(record, "handlingMode"):
            fields["handlingMode"] = ref("SAVE_ONLY")
        return fields

    def tells(self, record: str, field: str) -> bool:
        """Whether the account is known to have a field; where that cannot be read, whether its documentation says so."""
        return field in self.directory.fields.get(record, DOCUMENTED.get(record, frozenset()))

    def named(self, document: Document, name: str) -> str | None:
        return next((text for key, text in document.refs if key == name), None)

    def customer_id(self, document: Document) -> str | None:
        """The customer's id, or what stands for that of one who is still to be made."""
        known = self.named(document, "customer")
        return NEW if known is None and self.named(document, NEW_CUSTOMER) is not None else known

    def receivable_id(self, document: Document) -> str:
        """The account of receivables that the sale stands on, else the mapped one. Raises KeyError."""
        mapped = self.mapping.receivable(document.currency) or ""
        return self.named(document, "receivable") or self.directory.account_id(mapped)


def names_of(document: Document) -> tuple[str, str]:
    """The name of a customer, and the one that tells it apart where somebody else has it."""
    name = " ".join((document.customer or document.subject_id).split())
    apart = f" ({document.subject_id})"
    return name[:NAME], name[: NAME - len(apart)] + apart
