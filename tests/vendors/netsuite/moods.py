"""Where Oracle's documents are silent, or accounts differ: each question with the answers that it may get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tax = Literal["suitetax", "legacy", "none"]


@dataclass
class Moods:
    """tax: SuiteTax, legacy tax (REST writes with tax are refused), or no tax at all.
    ignores_override: SuiteTax reckons by itself although `taxDetailsOverride` was sent.
    legacy_adds_tax: legacy tax is added to what is written over REST too.
    required: fields that the form in use demands, as `creditMemo.department`.
    keeps_created_from: `createdFrom` that is sent without a transformation is kept.
    one_world: there are subsidiaries.
    payment_instruments: `paymentOption` and `handlingMode` are fields; else `paymentMethod` is.
    auto_entity_ids: customers are numbered, and an `entityId` that is sent is silently replaced.
    gross_amount: whether `grossAmt` on a line works out `amount` (since 2026.1), or is ignored.
    auto_apply: the preference that sets new credits against open invoices, unless autoApply false is sent.
    auto_apply_field: whether `autoApply` is a field.
    duplicate: how a taken external id is told.
    replaces_numbers: types whose `tranId` is silently replaced, since "Allow Override" is off.
    eid_refused: `eid:` cannot stand for an id in GET, PATCH, DELETE and transforms.
    created: the status of a successful POST, 204 or 201.
    index_lag_s: seconds of the account's clock until SuiteQL and `q` see a write; a read by id always does.
    index_lag_requests: the same in requests.
    negative_credits: whether `foreigntotal` of credit memos, cash refunds, customer refunds is below zero in SuiteQL.
    tax_lines: whether SuiteTax's tax stands in `transactionline` too, with taxline T.
    expense_accounts: whether `transactionline.expenseaccount` is filled on all lines.
    short_statuses: BUILTIN.DF(status) says "Open", not "Invoice : Open".
    missing_columns: columns as `transactionline.netamount` that this account has not.
    lists_open: GET shows open invoices in `apply` too, with apply false.
    payment_line: the transaction line id of the receivable on payments and refunds.
    transform_applies: a memo made from an open invoice is set against it.
    non_gl_changes: closed periods allow changes that post nothing, and the role may make them.
    override_period: the role may post into a locked period, never into a closed one.
    money_goes_to: the account that money is booked on, whatever account a client names.
    reversal_voids: the preference "Void Transactions Using Reversing Journals", with which the RESTlet refuses.
    """

    tax: Tax = "suitetax"
    ignores_override: bool = False
    legacy_adds_tax: bool = False
    required: frozenset[str] = frozenset()
    keeps_created_from: bool = True
    one_world: bool = True
    payment_instruments: bool = True
    auto_entity_ids: bool = False
    gross_amount: bool = False
    auto_apply: bool = False
    auto_apply_field: bool = True
    duplicate: Literal["already_exists", "dup_rcrd", "same_external"] = "already_exists"
    replaces_numbers: frozenset[str] = frozenset()
    eid_refused: bool = False
    created: int = 204
    index_lag_s: int = 0
    index_lag_requests: int = 0
    negative_credits: bool = True
    tax_lines: bool = True
    expense_accounts: bool = False
    short_statuses: bool = False
    missing_columns: frozenset[str] = frozenset()
    lists_open: bool = True
    payment_line: int = 1
    transform_applies: bool = True
    non_gl_changes: bool = False
    override_period: bool = False
    money_goes_to: str | None = None
    reversal_voids: bool = False
