"""The statement by which an app says who it is, signed with its private key: a JWT that lives for some minutes.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
https://www.rfc-editor.org/rfc/rfc7523#section-3
"""

from __future__ import annotations

from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.errors import InputError
from connector.world import World

LEAST_RSA_BITS = 3072
BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
LASTS_S = 300
# The vendor's clock may be behind ours, and nothing is believed that was said in the future.
BEHIND_S = 30

Key = RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and how it signs."""

    key: Key = field(repr=False)
    algorithm: str


class ClientAssertion:
    """Statements of one app for one token endpoint; each call makes one anew, by the clock of the world."""

    def __init__(
        self,
        signing: SigningKey,
        client_id: str,
        certificate_id: str,
        scopes: tuple[str, ...],
        audience: str,
        world: World,
    ) -> None:
        self._signing = signing
        self._client_id = client_id
        self._certificate_id = certificate_id
        self._scopes = scopes
        self._audience = audience
        self._world = world

    def __call__(self) -> str:
        said_at = self._world.now() - BEHIND_S
        claims = {
            "iss": self._client_id,
            "scope": list(self._scopes),
            "aud": self._audience,
            "iat": said_at,
            "exp": said_at + LASTS_S,
        }
        signing = self._signing
        return jwt.encode(claims, signing.key, signing.algorithm, {"kid": self._certificate_id})


def read_signing_key(pem: str, ledger: str) -> SigningKey:
    """The key in `pem`, where a vendor takes it: RSA of 3072 bits or more, or one of three curves. Raises `InputError`
    that names ledger and setting, and nothing of the key."""
    # An environment variable may not be able to hold lines; no PEM has such a sign of its own.
    text = pem.replace("\\n", "\n")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise wrong_key(ledger, "is locked with a password: give the key without one") from None
    except ValueError:
        what = "cannot be read: it must be a private key in PEM form, all of it, not the certificate"
        raise wrong_key(ledger, what) from None
    if isinstance(key, RSAPrivateKey):
        if key.key_size < LEAST_RSA_BITS:
            what = f"is an RSA key of {key.key_size} bits: it must have {LEAST_RSA_BITS} or 4096"
            raise wrong_key(ledger, what)
        return SigningKey(key, "PS256")
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in BY_CURVE:
        return SigningKey(key, BY_CURVE[key.curve.name])
    raise wrong_key(ledger, "must be an RSA key, or an EC key of the curve P-256, P-384 or P-521")


def wrong_key(ledger: str, what: str) -> InputError:
    return InputError(f"the private_key in the connection of ledger {ledger} {what}")
