"""Access that ends, and access that is not to this company: what commands say of it, and that nothing is lost."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from unittest.mock import patch

from quickbooks_desk import Desk, desk


def connect(one: Desk, refresh: str) -> int:
    with patch("sys.stdin", StringIO(refresh + "\n")):
        return one.command("connect", "main", "--refresh-token-stdin").code


def test_a_token_of_another_company_is_not_kept(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.write()
        assert one.command("sync").code == 0
        other = one.fake.oauth.grant(realm="999")
        assert connect(one, other.refresh) == 1
        # The tokens of before are there, and serve.
        one.wait(24)
        assert one.command("sync").code == 0
        assert connect(one, one.fake.oauth.grant().refresh) == 0


def test_status_tells_of_a_run_that_failed_though_no_refund_was_due(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.write()
        assert one.command("sync").code == 0
        assert one.command("status").code == 0
        one.fake.oauth.revoke()
        one.wait(24)
        assert one.command("sync").code == 1
        assert one.command("status").code == 1
        assert connect(one, one.fake.oauth.grant().refresh) == 0
        one.wait(1)
        assert one.command("sync").code == 0
        assert one.command("status").code == 0
