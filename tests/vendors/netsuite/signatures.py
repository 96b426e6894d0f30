"""What a request signed by OAuth 1.0a says of itself, and whether its signature is right: worked out from the RFC alone.

https://www.rfc-editor.org/rfc/rfc5849#section-3.4
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

METHOD = "HMAC-SHA256"
_FIELD = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_header(header: str) -> dict[str, str] | None:
    """The fields of an `Authorization: OAuth ...` header, decoded, without the oauth_ before their names; None where it is
    not of this kind, is malformed, or names a field twice."""
    kind, _, rest = header.partition(" ")
    fields: dict[str, str] = {}
    if kind != "OAuth":
        return None
    for part in rest.split(","):
        found = _FIELD.fullmatch(part)
        name = found[1].removeprefix("oauth_") if found is not None else ""
        if found is None or name in fields:
            return None
        fields[name] = unquote(found[2])
    return fields


def signature_of(method: str, url: str, fields: Mapping[str, str], secrets: tuple[str, str]) -> str:
    """Base64 of the HMAC over method, address and parameters, `fields` as `read_header` gives them; `secrets` are those of
    the consumer and of the token."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else ""
    signed = [(f"oauth_{name}", text) for name, text in fields.items() if name not in ("realm", "signature")]
    signed += parse_qsl(parts.query, keep_blank_values=True)
    encoded = sorted((_encode(name), _encode(text)) for name, text in signed)
    text = "&".join(
        (
            method.upper(),
            _encode(f"{parts.scheme.lower()}://{host}{port}{parts.path or '/'}"),
            _encode("&".join(f"{name}={value}" for name, value in encoded)),
        )
    )
    key = "&".join(map(_encode, secrets))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _encode(text: str) -> str:
    return quote(text, safe="-._~")
