"""Which tables and columns SuiteQL knows.

Columns that begin with `df_` hold what BUILTIN.DF shows; no query can name them. A day or an instant begins with
`DAY`, so that a bare one can be shown in the account's own format.
"""

from __future__ import annotations

import sqlite3

DAY = "\x01"


def _columns(text: str) -> tuple[str, ...]:
    """`name` for text, `name#` for a number."""
    return tuple(f'"{one[:-1]}" NUMERIC' if one.endswith("#") else f'"{one}" TEXT' for one in text.split())


_NAMED = "df_status df_entity df_currency df_type df_postingperiod"
TABLES: dict[str, tuple[str, ...]] = {
    "transaction": _columns(
        "id# tranid externalid type recordtype trandate entity# currency# exchangerate# memo status foreigntotal# "
        "foreignamountpaid# foreignamountunpaid# foreignpaymentamountused# foreignpaymentamountunused# voided posting "
        f"otherrefnum postingperiod# createddate lastmodifieddate transactionnumber {_NAMED}"
    ),
    "transactionline": _columns(
        "transaction# id# linesequencenumber# mainline taxline netamount# foreignamount# entity# expenseaccount# "
        "uniquekey# item# quantity# rate# createdfrom# memo subsidiary# department# class# location# df_item df_entity"
    ),
    "transactionaccountingline": _columns(
        "transaction# transactionline# account# accountingbook# debit# credit# amount# df_account"
    ),
    "nexttransactionlinelink": _columns(
        "previousdoc# previousline# previoustype nextdoc# nextline# nexttype linktype foreignamount#"
    ),
    "transactiontaxdetail": _columns(
        "transaction# line# linename taxtype# taxcode# taxrate# taxbasis# taxamount#"
    ),
    "customer": _columns(
        "id# entityid companyname firstname lastname altname email externalid comments isinactive isperson subsidiary# "
        "currency# df_subsidiary df_currency"
    ),
    "account": _columns(
        "id# acctnumber fullname accountsearchdisplayname displaynamewithhierarchy accttype isinactive currency#"
    ),
    "item": _columns("id# itemid fullname displayname itemtype isinactive incomeaccount# df_incomeaccount"),
    "currency": _columns("id# name symbol isbasecurrency"),
    "subsidiary": _columns("id# name fullname currency# isinactive iselimination df_currency"),
    "accountingperiod": _columns(
        "id# periodname startdate enddate closed arlocked alllocked isquarter isyear isadjust"
    ),
    "paymentmethod": _columns("id# name isinactive"),
    "salestaxitem": _columns("id# itemid name isinactive externalid"),
}
# REST's `q` alone searches here.
HIDDEN = frozenset({"salestaxitem"})
INDEXES = (
    ("transaction", "id"),
    ("transaction", "externalid"),
    ("transaction", "entity"),
    ("transaction", "trandate"),
    ("transactionline", "transaction"),
    ("transactionaccountingline", "transaction"),
    ("nexttransactionlinelink", "previousdoc"),
    ("nexttransactionlinelink", "nextdoc"),
    ("transactiontaxdetail", "transaction"),
    ("customer", "id"),
    ("item", "id"),
)
# What is taken away before a record's new rows come.
OF_GROUP: dict[str, tuple[tuple[str, str], ...]] = {
    "transaction": (
        ("transaction", "id"),
        ("transactionline", "transaction"),
        ("transactionaccountingline", "transaction"),
        ("nexttransactionlinelink", "nextdoc"),
        ("transactiontaxdetail", "transaction"),
    ),
    **{
        one: ((one.lower(), "id"),)
        for one in ("customer", "account", "item", "currency", "subsidiary", "salesTaxItem")
    },
    "accountingPeriod": (("accountingperiod", "id"),),
    "paymentMethod": (("paymentmethod", "id"),),
}


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA case_sensitive_like = ON")
