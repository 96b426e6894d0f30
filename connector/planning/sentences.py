"""Amounts and commands as they stand in the sentences that people read."""

from __future__ import annotations

from connector.planning.money import format_amount, is_known

LOOKED_AT_AGAIN = "correct it in the ledger or the settings; each run asks again"


def money(amount_minor: int, currency: str) -> str:
    """`110.00 USD`; what books hold in a currency that Stripe does not know is shown as it was counted."""
    if not is_known(currency):
        return f"{amount_minor} {currency.upper() or '(no currency)'}"
    return f"{format_amount(amount_minor, currency)} {currency.upper()}"


def resolve_command(subject_id: str, ledger: str, options: str) -> str:
    """The command with which a person frees what is held."""
    return f"connector resolve {subject_id} --ledger {ledger} {options} --reason TEXT"
