"""`connect` for NetSuite: nobody has to let the connector in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vendors.netsuite.oauth import Gate

from connector.cli.root import run
from connector.settings import settings


@pytest.mark.parametrize(
    ("auth", "what"),
    [("oauth2", "client_id, certificate_id and private_key"), ("tba", "its consumer and its token")],
)
@pytest.mark.parametrize("more", [[], ["--refresh-token-stdin"]])
def test_netsuite_needs_no_consent(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    auth: str,
    what: str,
    more: list[str],
) -> None:
    monkeypatch.setattr(settings, "BUILT_KINDS", settings.BUILT_KINDS | {"netsuite"})
    monkeypatch.delenv("CONNECTOR_KEY", raising=False)
    connection = Gate("1234567-sb1", lambda: 0).settings("tba" if auth == "tba" else "oauth2")
    config = tmp_path / "config.yaml"
    told = {
        "books": "acme",
        "timezone": "America/New_York",
        "stripe": {"start": "2026-01-01", "export": str(tmp_path)},
        "ledgers": {"main": {"kind": "netsuite", "connection": connection}},
    }
    config.write_text(json.dumps(told), encoding="utf-8")
    assert run(["connect", "-c", str(config), "main", *more]) == 0
    assert capsys.readouterr() == (
        f"Ledger main needs no consent: NetSuite account 1234567_SB1 is opened with {what}; `connector check` tries"
        " them.\n",
        "",
    )
    assert not (tmp_path / "state").exists()
