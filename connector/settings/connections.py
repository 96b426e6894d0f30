"""How each kind of ledger is reached. Addresses default to the vendor's own."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from connector.settings.values import Address, PemKey, RestletAddress, Secret, Strict, Text, has_reference

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")
_BODY_FIELD = re.compile(r"custbody[a-z0-9_]+")
_TENANT_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
QUICKBOOKS_ONLINE_HOSTS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}


class BeancountConnection(Strict):
    """`path` is a folder; its `main.beancount` includes one file per month."""

    path: Text


class QuickbooksOnlineConnection(Strict):
    """`refresh_token` is the first one; later ones live in the state. `base_url` is the part before /v3."""

    realm_id: Text
    client_id: Text
    client_secret: Secret
    refresh_token: Secret | None = None
    environment: Literal["production", "sandbox"] = "production"
    base_url: Address = ""
    token_url: Address = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
    minor_version: int = Field(default=75, strict=True, ge=75)

    @model_validator(mode="before")
    @classmethod
    def _fill_address(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("base_url") is not None:
            return data
        environment = data.get("environment")
        host = QUICKBOOKS_ONLINE_HOSTS.get(environment) if isinstance(environment, str) else None
        return {**data, "base_url": host or QUICKBOOKS_ONLINE_HOSTS["production"]}


class XeroConnection(Strict):
    """`base_url` ends in /api.xro/2.0. A custom connection has one organisation and no refresh token; of a consent
    `tenant_id` says which organisation is meant, and an app that runs at its users' has no `client_secret`."""

    auth: Literal["custom_connection", "authorization_code"] = "custom_connection"
    client_id: Text
    client_secret: Secret | None = None
    tenant_id: Text | None = None
    refresh_token: Secret | None = None
    base_url: Address = "https://api.xero.com/api.xro/2.0"
    token_url: Address = "https://identity.xero.com/connect/token"  # noqa: S105 - an address

    @model_validator(mode="after")
    def _check_auth(self) -> XeroConnection:
        if self.auth == "custom_connection" and self.refresh_token is not None:
            raise ValueError("refresh_token is only for auth: authorization_code")
        if self.auth == "custom_connection" and self.client_secret is None:
            raise ValueError("client_secret is needed for auth: custom_connection")
        return self

    @field_validator("tenant_id")
    @classmethod
    def _check_tenant(cls, tenant_id: str | None) -> str | None:
        if tenant_id is not None and not has_reference(tenant_id) and not _TENANT_ID.fullmatch(tenant_id):
            raise ValueError(
                "must be the id of an organisation, such as 70784a63-d24b-46a9-a4db-0e70a274b056"
            )
        return tenant_id

    @property
    def lacks_tenant(self) -> bool:
        """Whether nothing says which of the organisations that a consent opens is meant; that is never guessed."""
        return self.auth == "authorization_code" and self.tenant_id is None


class NetsuiteConnection(Strict):
    """`base_url` is the part before /services; without one it is made from `account_id` (1234567_SB1).
    `void_restlet_url` is where the script that voids is deployed, with its query; `document_key_field` a custom body field
    of transactions, into which the document key is written too; `subsidiary`, by name or id, is that of customers and
    sales which the connector makes."""

    account_id: Text
    auth: Literal["oauth2", "tba"] = "oauth2"
    client_id: Text | None = None
    certificate_id: Text | None = None
    private_key: PemKey | None = None
    consumer_key: Secret | None = None
    consumer_secret: Secret | None = None
    token_id: Secret | None = None
    token_secret: Secret | None = None
    base_url: Address = ""
    token_url: Address = ""
    void_restlet_url: RestletAddress | None = None
    document_key_field: Text | None = None
    subsidiary: Text | None = None

    @field_validator("account_id")
    @classmethod
    def _check_account(cls, account_id: str) -> str:
        if not has_reference(account_id) and not _ACCOUNT_ID.fullmatch(account_id):
            raise ValueError("must be a NetSuite account id such as 1234567 or 1234567_SB1")
        return account_id

    @model_validator(mode="before")
    @classmethod
    def _fill_addresses(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        account = data.get("account_id")
        base, token = data.get("base_url"), data.get("token_url")
        if base is None and account is not None and _ACCOUNT_ID.fullmatch(str(account)):
            base = f"https://{_host_label(str(account))}.suitetalk.api.netsuite.com"
        base = base if base is not None else "https://suitetalk.api.netsuite.com"
        if token is None and isinstance(base, str):
            token = f"{base.rstrip('/')}/services/rest/auth/oauth2/v1/token"
        return {**data, "base_url": base, "token_url": token}

    @model_validator(mode="after")
    def _check_auth(self) -> NetsuiteConnection:
        own = {
            "oauth2": ("client_id", "certificate_id", "private_key"),
            "tba": ("consumer_key", "consumer_secret", "token_id", "token_secret"),
        }
        missing = [key for key in own[self.auth] if getattr(self, key) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} must be given for auth: {self.auth}")
        other = "tba" if self.auth == "oauth2" else "oauth2"
        strange = [key for key in own[other] if getattr(self, key) is not None]
        if strange:
            raise ValueError(f"only auth: {other} takes {', '.join(strange)}, and auth is {self.auth}")
        return self

    @field_validator("document_key_field")
    @classmethod
    def _check_field(cls, name: str | None) -> str | None:
        if name is not None and not has_reference(name) and not _BODY_FIELD.fullmatch(name):
            raise ValueError(
                "must be the id of a custom transaction body field, such as custbody_document_key, in small letters"
            )
        return name

    @field_validator("base_url")
    @classmethod
    def _check_base(cls, base_url: str) -> str:
        if "/services" in urlsplit(base_url).path:
            raise ValueError("must be the part of the address before /services")
        return base_url

    @model_validator(mode="after")
    def _check_hosts(self) -> NetsuiteConnection:
        """An address of a sandbox beside the id of the account proper would post into the wrong books."""
        label = _host_label(self.account_id)
        own = ("127.0.0.1", "" if has_reference(self.base_url) else urlsplit(self.base_url).hostname)
        for key in ("base_url", "token_url", "void_restlet_url"):
            address = getattr(self, key)
            if address is None or has_reference(address) or has_reference(self.account_id):
                continue
            host = urlsplit(address).hostname or ""
            if host.endswith(".netsuite.com") and host.partition(".")[0] != label:
                raise ValueError(
                    f"{key} is not of account {self.account_id}, whose addresses begin with https://{label}."
                )
            if key == "void_restlet_url" and not host.endswith(".netsuite.com") and host not in own:
                raise ValueError(
                    f"{key} is on {host}, which is not NetSuite's: whoever answers there would be shown the access; the "
                    f"External URL begins with https://{label}."
                )
        return self

    @property
    def realm(self) -> str:
        """The account as NetSuite itself spells it, such as 1234567_SB1: one spelling, however the settings have it."""
        return self.account_id.upper().replace("-", "_")


def _host_label(account_id: str) -> str:
    """An account as it stands in host names: 1234567-sb1."""
    return account_id.lower().replace("_", "-")


class QuickbooksDesktopConnection(Strict):
    """What the Web Connector logs in with; without `company_file` it is the file that is open."""

    username: Text
    password_hash: Secret
    company_file: Text | None = None
    owner_id: Text | None = None
    file_id: Text | None = None


Connection = (
    BeancountConnection
    | QuickbooksOnlineConnection
    | XeroConnection
    | NetsuiteConnection
    | QuickbooksDesktopConnection
)
CONNECTIONS: dict[str, type[Connection]] = {
    "quickbooks_online": QuickbooksOnlineConnection,
    "quickbooks_desktop": QuickbooksDesktopConnection,
    "xero": XeroConnection,
    "netsuite": NetsuiteConnection,
    "beancount": BeancountConnection,
}
