"""Values: compared and hashed by their fields, without room for more; that nothing changes them is mypy's to see."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import pytest
from mypy import api

from connector.planning.model import Entry
from connector.planning.values import value


@value(frozen=True, slots=True)
class Pair:
    left: int
    right: int = 2


def test_values_are_equal_by_their_fields() -> None:
    assert Pair(1) == Pair(1, 2) != Pair(1, 3)
    assert {Pair(1): "one"}[Pair(1, 2)] == "one"
    assert replace(Pair(1), right=5) == Pair(1, 5)
    assert [field.name for field in fields(Pair)] == ["left", "right"]
    assert repr(Pair(1)) == "Pair(left=1, right=2)"


def test_a_value_has_no_room_for_more() -> None:
    with pytest.raises(AttributeError):
        cast(Any, Entry("Income:Sales", 1, 0, "usd")).debit = 2


def test_mypy_refuses_to_change_a_value(tmp_path: Path) -> None:
    module = tmp_path / "changes.py"
    module.write_text(
        "from connector.planning.values import value\n"
        "@value(frozen=True, slots=True)\n"
        "class Pair:\n"
        "    left: int\n"
        "pair = Pair(1)\n"
        "pair.left = 2\n",
        encoding="utf-8",
    )
    said, _, code = api.run(["--strict", "--no-incremental", "--follow-imports=silent", str(module)])
    assert code == 1
    assert "changes.py:6" in said and "read-only" in said and said.count("error:") == 1
