"""What the role of the integration may not see, and which fields the records of the account lack.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0320025211.html
"""

from __future__ import annotations

from connector.ledgers.mapped_names import named_payment_methods
from connector.ledgers.netsuite_directory import needed_reads
from connector.ledgers.netsuite_findings import RECORD_NAMES, Findings
from connector.ledgers.netsuite_wants import Wants
from connector.planning.mapping_model import Mapping as LedgerMapping

# By the list or record type that was refused: where the permission stands in the role, and what is not known without it.
PERMISSIONS = {
    "account": ("Lists > Accounts", "no account can be found"),
    "item": ("Lists > Items", "no item can be found"),
    "currency": ("Lists > Currency", "the base currency is not known"),
    "subsidiary": ("Lists > Subsidiaries", "the currencies of subsidiaries are not known"),
    "customer": ("Lists > Customers", "customers are not found, and none can be made"),
    "paymentmethod": ("Setup > Accounting Lists", "payment methods are not found by name"),
    "accountingperiod": (
        "Setup > Manage Accounting Periods",
        "a closed period shows only when NetSuite refuses a document",
    ),
    "salestaxitem": ("Lists > Tax Records", "no tax code can be found"),
    "invoice": ("Transactions > Invoice", "invoices are not found"),
    "creditmemo": ("Transactions > Credit Memo", "none can be written"),
    "customerpayment": ("Transactions > Customer Payment", "payments are not found"),
    "customerdeposit": ("Transactions > Customer Deposit", "deposits that paid a sale are not found"),
    "customerrefund": ("Transactions > Customer Refund", "none can be written"),
    "cashsale": ("Transactions > Cash Sale", "cash sales are not found"),
    "cashrefund": ("Transactions > Cash Sale Refund", "none can be written"),
    "journalentry": ("Transactions > Make Journal Entry", "none can be written"),
}
# What each document needs beside what all transactions have.
TRANSACTION = ("externalId", "memo", "tranDate")
NEEDED = {
    "creditMemo": ("entity", "item", "item.item", "item.amount", "apply"),
    "customerRefund": ("customer", "account", "apply"),
    "cashRefund": ("entity", "account", "item", "item.item", "item.amount"),
    "cashSale": ("entity", "account", "item", "item.item", "item.amount"),
    "invoice": ("entity", "item", "item.item", "item.amount"),
    "customerPayment": ("customer", "account", "payment", "apply"),
    "journalEntry": ("line", "line.account", "line.debit", "line.credit"),
}
FORMS = ("creditMemo", "cashRefund", "cashSale", "invoice")
NUMBERED = frozenset({*FORMS, "customerPayment", "customerRefund"})
FORM_OR_FEATURE = "show it on the forms that the role uses (Customization > Forms), or switch its feature on"


def find_access(found: Findings, mapping: LedgerMapping, wants: Wants) -> None:
    directory = found.directory
    needed = needed_reads(wants)
    for name in sorted(directory.refused & PERMISSIONS.keys()):
        if name == "subsidiary" and not directory.one_world:
            continue
        if name == "paymentmethod" and not any(not one.isdecimal() for one in named_payment_methods(mapping)):
            continue
        permission, without = PERMISSIONS[name]
        found.tell(
            f"the role of the integration lacks the permission {permission}: {without}; add it (Setup > Users/Roles > Manage "
            "Roles)",
            problem=name in needed,
        )
    if not directory.suiteql:
        found.tell(
            "the role may not use SuiteQL (permissions Reports > SuiteAnalytics Workbook and Transactions > Find Transaction): "
            "all is read record by record, which is right but slow, some requests for each refund",
            problem=False,
        )
    if not directory.home:
        found.tell(
            "the base currency of the account cannot be read: give the role the permission Lists > Currency, and in a OneWorld "
            "account Lists > Subsidiaries"
        )


def find_fields(found: Findings, wants: Wants) -> None:
    """Of the record types that may be written, as far as the catalog tells of them."""
    directory = found.directory
    if wants.records & set(FORMS) and not any(record in directory.fields for record in FORMS):
        found.tell(
            "NetSuite's catalog of records tells of none of invoice, credit memo, cash sale and cash refund, so that it is not "
            "known how tax is kept: see that the role has the permissions for them, and Setup > REST Web Services"
        )
    lacking: dict[str, list[str]] = {}
    for record in sorted(wants.records - {"customer"}):
        needed = [*TRANSACTION, *NEEDED[record]]
        if directory.tax == "suitetax" and record in FORMS:
            needed += ["taxDetailsOverride", "taxDetails", "item.taxDetailsReference"]
        if wants.document_key_field is not None:
            needed.append(wants.document_key_field)
        for name in needed:
            if not directory.has(record, name):
                lacking.setdefault(name, []).append(RECORD_NAMES[record])
        if record in NUMBERED and not directory.has(record, "tranId"):
            found.tell(
                f"NetSuite's {RECORD_NAMES[record]} has no field tranId here: it will have a number of NetSuite's own, and the "
                f"refund's stands in its memo; {FORM_OR_FEATURE}",
                problem=False,
            )
    for name, records in lacking.items():
        found.tell(f"there is no field {name} here on NetSuite's {', '.join(records)}: {FORM_OR_FEATURE}")
    if "credit_memo" in wants.types and wants.leaves_memos and not directory.has("creditMemo", "autoApply"):
        found.tell(
            "NetSuite's credit memo has no field autoApply here: where the account applies credits by itself, a credit memo "
            "may be used up before it is paid out, and its refund is held, credit_used",
            problem=False,
        )


def find_subsidiary(found: Findings, wants: Wants) -> None:
    """In a OneWorld account every sale and customer has one; a refund has its sale's."""
    directory = found.directory
    names = ", ".join(sorted(name for name, _ in directory.subsidiaries.values()))
    if wants.subsidiary is not None and directory.one_world and directory.subsidiary is None:
        listed = f": there are {names}" if names else ""
        found.tell(
            f'connection.subsidiary: there is no active subsidiary "{wants.subsidiary}" in NetSuite{listed}'
        )
    elif wants.subsidiary is not None and not directory.one_world:
        found.tell(
            "connection.subsidiary is not used: the account has no subsidiaries (it is no OneWorld account)",
            problem=False,
        )
    elif wants.subsidiary is None and directory.one_world and (wants.posts_sales or wants.fees):
        what = "sales that the connector posts" if wants.posts_sales else "fees"
        found.tell(
            f"this is a OneWorld account, and connection.subsidiary names none for {what}: name one"
            + (f" of {names}" if names else "")
        )
