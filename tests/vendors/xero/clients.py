"""The three apps that the stand-in for Xero knows, how each proves itself, and what it may ask for.

https://developer.xero.com/documentation/guides/oauth2/scopes/
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

CLIENT_ID, CLIENT_SECRET = "ACMEWEBAPP0000000000000000000001", "acme-xero-secret"
PKCE_CLIENT_ID = "ACMEPKCEAPP000000000000000000002"
CUSTOM_CLIENT_ID, CUSTOM_CLIENT_SECRET = "ACMECUSTOM0000000000000000000003", "acme-custom-secret"
SCOPES = "accounting.invoices accounting.payments accounting.banktransactions accounting.contacts accounting.settings.read"
# Apps made since March 2026 get these alone: accounting.transactions is not among them.
KNOWN_SCOPES = frozenset(
    f"{SCOPES} accounting.invoices.read accounting.payments.read accounting.banktransactions.read "
    "accounting.contacts.read accounting.settings accounting.manualjournals accounting.attachments "
    "openid profile email offline_access".split()
)
_SECRETS: dict[str, str | None] = {
    CLIENT_ID: CLIENT_SECRET,
    PKCE_CLIENT_ID: None,
    CUSTOM_CLIENT_ID: CUSTOM_CLIENT_SECRET,
}


def may_redirect(target: str) -> bool:
    """To https, or to this machine by the name localhost, never by its number."""
    where = urlsplit(target)
    return where.scheme == "https" or (where.scheme == "http" and where.hostname == "localhost")


def proves(verifier: str | None, challenge: str | None) -> bool:
    """Whether the verifier is the one behind an S256 challenge; without a challenge nothing is to be proven."""
    if challenge is None:
        return True
    made = base64.urlsafe_b64encode(hashlib.sha256((verifier or "").encode()).digest()).decode().rstrip("=")
    return verifier is not None and made == challenge


def client_of(headers: Mapping[str, str], form: Mapping[str, str]) -> str | None:
    """Which app asks, by HTTP Basic or by the form; an app without a secret sends its id alone."""
    header = next((value for each, value in headers.items() if each.lower() == "authorization"), "")
    client, secret = form.get("client_id", ""), form.get("client_secret")
    if header.startswith("Basic "):
        client, _, given = base64.b64decode(header[6:]).decode().partition(":")
        client, secret = unquote(client), unquote(given)
    known = client in _SECRETS and (_SECRETS[client] or "") == (secret or "")
    return client if known else None
