"""What is not known of QuickBooks Online, to choose among: each mood is one question with its possible answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Moods:
    """The first value is the default.

    request_id: a repeated `requestid` gets the first answer again, error 600, or is not looked at.
    request_id_keeps_refusals: whether a refused request is remembered under its `requestid` too.
    duplicates: among which documents a DocNumber is unique.
    duplicates_need_custom_numbers: whether CustomTxnNumbers off ends the search for duplicates.
    language: of the duplicate-number error.
    unsupported_void: a void of a RefundReceipt, CreditMemo, Purchase or Deposit is refused with 500, or answered with
    the unchanged document under 200.
    index_lag: seconds until a query sees a write.
    check_links: whether a Payment may link a Check or CreditCardCredit.
    sparse_credit_memo: whether a CreditMemo may be updated sparsely.
    deposited: what of a deposited document is locked: amount, account, customer, date and currency, or all.
    delete_linked: deleting what a Payment links takes the link away, or is refused with 800.
    linking_bumps_sync_token: whether a Payment changes the SyncToken of what it links.
    credit_memo_shows_links: whether a CreditMemo or Purchase names the Payments that link it.
    strings_for_amounts: whether "10.10" is taken for 10.10.
    empty_strings: "" is as good as absent, or refused where the type is not a string.
    tax_override_on_refunds: whether automated sales tax keeps a given TotalTax on a CreditMemo or RefundReceipt.
    inclusive_amount: whether Line.Amount is without or with tax under TaxInclusive; TaxInclusiveAmt is always with.
    unused_class: a ClassRef or DepartmentRef that the preferences do not allow is refused with 6000, or dropped.
    sku_queryable: whether Item may be searched by Sku.
    throttle_body, retry_after: how a 429 looks.
    lower_case_auth_fault: whether a 401 is written `fault` and `error`.
    count_in_select: whether a SELECT of rows says totalCount.
    """

    request_id: Literal["replay", "refuse", "ignore"] = "replay"
    request_id_keeps_refusals: bool = False
    duplicates: Literal["all_sales_forms", "per_type", "off"] = "all_sales_forms"
    duplicates_need_custom_numbers: bool = True
    language: Literal["en", "fr"] = "en"
    unsupported_void: Literal["refused", "silent"] = "refused"
    index_lag: int = 0
    check_links: Literal["refused", "accepted"] = "refused"
    sparse_credit_memo: Literal["refused", "accepted"] = "refused"
    deposited: Literal["money", "all"] = "money"
    delete_linked: Literal["unlinks", "refused"] = "unlinks"
    linking_bumps_sync_token: bool = True
    credit_memo_shows_links: bool = False
    strings_for_amounts: bool = False
    empty_strings: Literal["ignored", "refused"] = "ignored"
    tax_override_on_refunds: bool = True
    inclusive_amount: Literal["net", "gross"] = "net"
    unused_class: Literal["refused", "ignored"] = "refused"
    sku_queryable: bool = False
    throttle_body: Literal["xml", "xml_403", "json"] = "xml"
    retry_after: int | None = None
    lower_case_auth_fault: bool = False
    count_in_select: bool = True
