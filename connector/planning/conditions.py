"""What a rule asks of one fact: whether it holds, why it does not in plain words, and how it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.planning.facts import Facts

FactValue = str | bool | int | Decimal | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """The fact is one of these values."""

    fact: str
    values: tuple[FactValue, ...]

    def holds(self, facts: Facts) -> bool:
        return getattr(facts, self.fact) in self.values

    def why_not(self, facts: Facts) -> str:
        wants = " or ".join(map(in_words, self.values))
        return f"{self.fact} is {in_words(getattr(facts, self.fact))}, the rule wants {wants}"


@dataclass(frozen=True, slots=True)
class Between:
    """The fact (`amount` in major units, `charge_age_days`) lies within these bounds; None: no bound."""

    fact: str
    at_least: Decimal | int | None = None
    at_most: Decimal | int | None = None

    def holds(self, facts: Facts) -> bool:
        value = getattr(facts, self.fact)
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def why_not(self, facts: Facts) -> str:
        bounds = [f"at least {self.at_least}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most}"] if self.at_most is not None else []
        return f"{self.fact} is {getattr(facts, self.fact)}, the rule wants {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class MetadataIs:
    """The metadata has this key with one of these values."""

    key: str
    values: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        return facts.metadata.get(self.key) in self.values

    def why_not(self, facts: Facts) -> str:
        found = facts.metadata.get(self.key)
        is_found = "is not set" if found is None else f'is "{found}"'
        wants = " or ".join(f'"{value}"' for value in self.values)
        return f'metadata "{self.key}" {is_found}, the rule wants {wants}'


Condition = OneOf | Between | MetadataIs


def in_words(value: object) -> str:
    """A fact's value as a person reads it."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) or "empty"


def conditions_to_json(conditions: Iterable[Condition]) -> dict[str, Any]:
    """The `when` of a rule as JSON has it, every value in a list; money as text."""
    when: dict[str, Any] = {}
    for condition in conditions:
        match condition:
            case OneOf(fact, values):
                when[fact] = [_to_json(value) for value in values]
            case Between(fact, at_least, at_most):
                bounds = {"at_least": _to_json(at_least), "at_most": _to_json(at_most)}
                when[fact] = {name: bound for name, bound in bounds.items() if bound is not None}
            case MetadataIs(key, texts):
                when.setdefault("metadata", {})[key] = list(texts)
    return when


def conditions_from_json(when: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions that `conditions_to_json` wrote."""
    conditions: list[Condition] = []
    for fact, wanted in when.items():
        if fact == "metadata":
            conditions += [MetadataIs(key, tuple(texts)) for key, texts in wanted.items()]
        elif isinstance(wanted, Mapping):
            at_least, at_most = wanted.get("at_least"), wanted.get("at_most")
            conditions.append(Between(fact, _from_json(fact, at_least), _from_json(fact, at_most)))
        else:
            conditions.append(OneOf(fact, tuple(_from_json(fact, value) for value in wanted)))
    return tuple(conditions)


def _to_json(value: FactValue) -> str | bool | int | None:
    return str(value) if isinstance(value, Decimal) else value


def _from_json(fact: str, value: Any) -> Any:
    return Decimal(value) if fact == "amount" and value is not None else value
