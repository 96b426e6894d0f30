"""The list of certificates that open an account to applications, and whether a signed statement is of one of them.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162686838198.html
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
SCOPES = frozenset({"restlets", "rest_webservices", "suite_analytics"})
LONGEST_S = 3600


@dataclass
class Certificate:
    """A line of the list; a certificate without `until` does not expire."""

    client_id: str
    key: PublicKey
    until: float | None = None
    revoked: bool = False

    @property
    def algorithms(self) -> tuple[str, ...]:
        if isinstance(self.key, rsa.RSAPublicKey):
            return ("PS256", "PS384", "PS512")
        return (_BY_CURVE[self.key.curve.name],)


class Doubted(Exception):
    """A statement that is not believed; the text stands in the audit trail."""


def make_key(kind: str = "P-256") -> str:
    """A private key as PEM: `P-256`, `P-384`, `P-521`, or the bits of an RSA key."""
    curves: dict[str, ec.EllipticCurve] = {
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
    }
    key = (
        ec.generate_private_key(curves[kind])
        if kind in curves
        else rsa.generate_private_key(public_exponent=65537, key_size=int(kind))
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_key(private_pem: str) -> PublicKey:
    key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key.public_key()


def believe(
    statement: str, certificates: Mapping[str, Certificate], audience: str, now: float
) -> tuple[str, frozenset[str]]:
    """The client id and the scopes of a statement. Raises `Doubted`."""
    try:
        head = jwt.get_unverified_header(statement)
    except jwt.InvalidTokenError:
        raise Doubted("InvalidToken") from None
    certificate = certificates.get(head.get("kid", ""))
    if certificate is None or certificate.revoked:
        raise Doubted("UnknownCertificate")
    if certificate.until is not None and now >= certificate.until:
        raise Doubted("CertificateExpired")
    if head.get("typ") != "JWT" or head.get("alg") not in certificate.algorithms:
        raise Doubted("InvalidAlgorithm")
    # Its own clock is not the real one: times are looked at below.
    try:
        claims: dict[str, Any] = jwt.decode(
            statement,
            certificate.key,
            algorithms=[head["alg"]],
            options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.InvalidTokenError:
        raise Doubted("InvalidSignature") from None
    if claims.get("iss") != certificate.client_id:
        raise Doubted("InvalidIssuer")
    if claims.get("aud") != audience:
        raise Doubted("InvalidAudience")
    _check_times(claims, now)
    return certificate.client_id, _scopes(claims.get("scope"))


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    said_at, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(said_at, int) or not isinstance(ends, int):
        raise Doubted("InvalidTimes")
    if said_at > now or ends <= now or ends - said_at >= LONGEST_S:
        raise Doubted("InvalidTimes")


def _scopes(told: object) -> frozenset[str]:
    """An array, as in NetSuite's own sample, or one text with commas, as its page says."""
    names = told if isinstance(told, list) else [one.strip() for one in str(told or "").split(",")]
    scopes = frozenset(map(str, names))
    if not scopes or not scopes <= SCOPES:
        raise Doubted("InvalidScope")
    return scopes
