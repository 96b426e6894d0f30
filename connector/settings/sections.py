"""The sections of the settings file. Durations are whole seconds in fields that end in `_s`."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from connector.settings.values import Address, Day, Duration, Secret, Strict, Text, Truth, has_reference

LedgerKind = Literal["quickbooks_online", "quickbooks_desktop", "xero", "netsuite", "beancount"]

_STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]+")


class StripeSettings(Strict):
    """As written; `stripe_api_key()` and its neighbours in `Settings` look up what is used."""

    api_key: Secret | None = None
    base_url: Address = "https://api.stripe.com"
    account: Text | None = None
    start: Day
    export: Text | None = None
    webhook_secrets: tuple[Secret, ...] = ()

    @field_validator("account")
    @classmethod
    def _check_account(cls, account: str | None) -> str | None:
        if account is not None and not has_reference(account) and not _STRIPE_ACCOUNT.fullmatch(account):
            raise ValueError("must be the id of a connected account, acct_...")
        return account

    @model_validator(mode="after")
    def _check_source(self) -> StripeSettings:
        if self.api_key is None and self.export is None:
            raise ValueError("needs api_key, or export with a folder of exported objects")
        return self


class Numbering(Strict):
    """Templates: `first` and `repeat` from {sale} and {n}, `reversal` from {number}."""

    first: Text = "{sale}"
    repeat: Text = "{sale}-{n}"
    reversal: Text = "{number}-R"

    @field_validator("first")
    @classmethod
    def _check_first(cls, template: str) -> str:
        return _check_template(template, "{sale}")

    @field_validator("repeat")
    @classmethod
    def _check_repeat(cls, template: str) -> str:
        return _check_template(template, "{sale}", "{n}")

    @field_validator("reversal")
    @classmethod
    def _check_reversal(cls, template: str) -> str:
        return _check_template(template, "{number}")


def _check_template(template: str, *holders: str) -> str:
    rest = template
    for holder in holders:
        if holder not in template:
            raise ValueError(f"must hold {' and '.join(holders)}")
        rest = rest.replace(holder, "")
    if "{" in rest or "}" in rest:
        raise ValueError(f"may hold {' and '.join(holders)} and no other braces")
    return template


class RefundSettings(Strict):
    enabled: Truth = True
    post_when: Literal["succeeded", "pending"] = "succeeded"
    sale_grace_s: Duration = Field(
        default=72 * 3600, alias="sale_grace", json_schema_extra={"default": "72h"}
    )
    credit_note_grace_s: Duration = Field(
        default=3600, alias="credit_note_grace", json_schema_extra={"default": "1h"}
    )
    period_closed: Literal["hold", "first_open_day"] = "hold"
    failed_refund: Literal["reverse", "owe_customer"] = "reverse"
    adopt: Literal["cut_over", "always", "never"] = "cut_over"
    numbering: Numbering = Numbering()


class RefundTypes(Strict):
    """The switches, one for each refund type."""

    credit_memo: Truth = True
    refund_receipt: Truth = True
    credit_card_refund: Truth = True
    refund_payout: Truth = True
    void: Truth = True
    reopen_invoice: Truth = False


class Limits(Strict):
    """None: the ledger's own."""

    throttle_wait_s: Duration | None = Field(default=None, alias="throttle_wait")
    longest_wait_s: Duration = Field(default=90, alias="longest_wait", json_schema_extra={"default": "90s"})
    settle_after_s: Duration | None = Field(default=None, alias="settle_after")
    concurrency: int | None = Field(default=None, strict=True, ge=1, le=100)


class LedgerSettings(Strict):
    """One ledger. `connection` is as written; `Settings.connection()` hands it out checked and looked up."""

    kind: LedgerKind
    enabled: Truth = True
    sales: Literal["find", "sales_receipt", "invoice_and_payment"] = "find"
    fees: Truth = False
    clearing_check: Literal["require", "trust"] = "require"
    refund_types: RefundTypes = RefundTypes()
    rules: Text = "refund_rules.yaml"
    mapping: Text | None = None
    limits: Limits = Limits()
    connection: dict[str, Any] = Field(repr=False)

    @property
    def mapping_name(self) -> str:
        return self.mapping or f"{self.kind}.yaml"
