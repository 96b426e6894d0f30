"""Amounts and commands as they stand in the sentences that people read."""

from __future__ import annotations

import re

from connector.planning.money import format_amount, is_known

# What only a person can fill in; as it is, a shell takes it for a word and `resolve` refuses it.
PLACEHOLDERS = ("...", "TEXT")
# Of a refund whose payment is off the invoice and was not paid back.
PUT_ON_AGAIN = "the payment of its invoice stays taken off: put it on again in the ledger"
REVERSAL_SKIPPED = "Stripe gave it up, and a person skipped its reversal: the books still show it"
# Of a document that somebody took out of the ledger before its mirror was written.
TO_BE_TAKEN_BACK = "which was to be taken back"
FILL_IN = f'"{PLACEHOLDERS[0]}"'
LOOKED_AT_AGAIN = "correct it in the ledger or the settings; each run asks again"


def money(amount_minor: int, currency: str) -> str:
    """`110.00 USD`; what books hold in a currency that Stripe does not know is shown as it was counted."""
    if not is_known(currency):
        return f"{amount_minor} {currency.upper() or '(no currency)'}"
    return f"{format_amount(amount_minor, currency)} {currency.upper()}"


def resolve_command(subject_id: str, ledger: str, options: str) -> str:
    """The command with which a person frees what is held; `options` are words of a shell."""
    return f"connector resolve {shell_word(subject_id)} --ledger {shell_word(ledger)} {options} --reason {FILL_IN}"


def resync_command(subject_id: str) -> str:
    """The command with which a refund or charge is looked at again."""
    return f"connector resync {shell_word(subject_id)}"


def numbered_there(theirs: str, ours: str | None) -> str:
    """A number that the ledger put in the place of ours."""
    return f"the ledger numbered it {theirs}" + (f", not {ours}" if ours is not None else "")


def shell_word(text: str) -> str:
    """The text as one word of a shell."""
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
