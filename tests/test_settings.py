"""The settings file: what is read, what is defaulted, and a sentence for all that is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connector.errors import InputError
from connector.planning.numbering import NumberSource
from connector.settings.connections import (
    CONNECTIONS,
    BeancountConnection,
    NetsuiteConnection,
    QuickbooksOnlineConnection,
    XeroConnection,
)
from connector.settings.schedule import parse_cron
from connector.settings.settings import Settings, load_settings, settings_schema
from connector.settings.values import spell_duration
from connector.settings.yaml_lines import load_yaml
from connector.workplace import company_id

ROOT = Path(__file__).parent.parent

SMALL = """\
books: acme
timezone: America/New_York
stripe:
  start: 2026-01-01
  api_key: ${STRIPE_API_KEY}
ledgers:
  main:
    kind: beancount
    connection: {path: books/acme}
"""


def load(folder: Path, text: str, **environment: str) -> Settings:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment)


def refusal(folder: Path, text: str, **environment: str) -> str:
    """What the settings are refused with, without the name of the folder."""
    with pytest.raises(InputError) as caught:
        load(folder, text, **environment)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder}/", "")


# ---------------------------------------------------------------------------------------------- what is read


def test_the_example_is_complete_and_runs_as_it_is() -> None:
    settings = load_settings(ROOT / "config.example.yaml", {})
    assert settings.books == "acme"
    assert settings.state_url == f"sqlite:///{ROOT}/state/acme.db"
    assert settings.export_folder == ROOT / "connector/samples/stripe"
    assert settings.rules_path("main") == ROOT / "mappings/refund_rules.yaml"
    assert settings.mapping_path("main") == ROOT / "mappings/beancount.yaml"
    ledger = settings.ledger("main")
    assert (ledger.sales, ledger.fees) == ("sales_receipt", True)
    assert settings.connection("main") == BeancountConnection(path=str(ROOT / "books/acme"))


OFF = "    enabled: false "
SECRETS = {
    "quickbooks": {"QBO_REALM_ID": "7", "QBO_CLIENT_ID": "id", "QBO_CLIENT_SECRET": "secret"},
    "xero": {"XERO_CLIENT_ID": "id", "XERO_CLIENT_SECRET": "secret"},
    "netsuite": {
        "NETSUITE_ACCOUNT_ID": "1234567",
        "NETSUITE_CLIENT_ID": "id",
        "NETSUITE_CERTIFICATE_ID": "certificate",
    },
}
PEM = "-----BEGIN PRIVATE KEY-----\nx"
SMALLEST = {
    "quickbooks": QuickbooksOnlineConnection.model_validate(
        {"realm_id": "7", "client_id": "id", "client_secret": "secret"}
    ),
    "xero": XeroConnection.model_validate({"client_id": "id", "client_secret": "secret"}),
    "netsuite": NetsuiteConnection.model_validate(
        {"account_id": "1234567", "client_id": "id", "certificate_id": "certificate", "private_key": PEM}
    ),
}


@pytest.mark.parametrize("name", SECRETS)
def test_the_other_ledgers_of_the_example_wait_until_they_are_switched_on(tmp_path: Path, name: str) -> None:
    text = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    assert text.count(OFF) == len(SECRETS)
    before, start, rest = text.partition(f"\n  {name}:\n")
    switched_on = before + start + rest.replace(OFF, "    enabled: true ", 1)
    (tmp_path / "config.yaml").write_text(switched_on, encoding="utf-8")
    (tmp_path / "netsuite-key.pem").write_text(PEM, encoding="utf-8")
    settings = load_settings(tmp_path / "config.yaml", SECRETS[name])
    assert settings.ledger(name).enabled
    assert settings.connection(name) == SMALLEST[name]
    # Without them it is off, and the rest runs.
    assert load_settings(ROOT / "config.example.yaml", {}).ledger(name).enabled is False


def test_the_example_names_every_key_and_shows_its_default(tmp_path: Path) -> None:
    text = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    example = load(tmp_path, text).model_dump(mode="json", by_alias=True)
    small = load(tmp_path, SMALL).model_dump(mode="json", by_alias=True)
    shown = json.loads(json.dumps(example))
    shown["stripe"]["export"] = None
    shown["ledgers"]["main"] |= {"sales": "find", "fees": False}
    others = {name: shown["ledgers"].pop(name) for name in SECRETS}
    small["state"] = load(tmp_path, SMALL).state_url.replace(f"{tmp_path}/", "")
    small["ledgers"]["main"]["mapping"] = load(tmp_path, SMALL).ledger("main").mapping_name
    assert shown == small
    for other in others.values():
        kind = other["kind"]
        own = {"kind": kind, "enabled": False, "fees": True, "mapping": f"{kind}.yaml"}
        connection = other.pop("connection")
        assert other == {k: v for k, v in {**small["ledgers"]["main"], **own}.items() if k != "connection"}
        assert set(connection) == set(CONNECTIONS[kind].model_fields)
    schema = settings_schema()
    for name, part in {"": schema, **schema["$defs"]}.items():
        for key in part["properties"]:
            assert re.search(rf"^[ #]*(.*[{{ ])?{key}:( |$)", text, re.MULTILINE), (
                f"{name} {key} is not shown"
            )


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL)
    assert settings.state_file == tmp_path / "state/acme.db"
    assert settings.mappings_folder == tmp_path / "mappings"
    assert settings.stripe.start == date(2026, 1, 1)
    assert settings.stripe.account is None
    assert settings.export_folder is None
    assert settings.stripe_base_url() == "https://api.stripe.com"
    assert [source.source for source in settings.sale_number] == [
        "invoice.number",
        "charge.metadata.order_number",
        "payment_intent.metadata.order_number",
        "charge.id",
    ]
    refunds = settings.refunds
    assert (refunds.sale_grace_s, refunds.credit_note_grace_s) == (259_200, 3_600)
    assert (refunds.numbering.first, refunds.numbering.repeat) == ("{sale}", "{sale}-{n}")
    assert refunds.numbering.reversal == "{number}-R"
    ledger = settings.ledger("main")
    assert (ledger.enabled, ledger.sales, ledger.fees, ledger.clearing_check) == (
        True,
        "find",
        False,
        "require",
    )
    assert [name for name, on in ledger.refund_types.model_dump().items() if not on] == ["reopen_invoice"]
    assert ledger.mapping_name == "beancount.yaml"
    assert (ledger.limits.longest_wait_s, ledger.limits.throttle_wait_s) == (90, None)
    assert (settings.schedule.every_s, settings.schedule.cron) == (900, None)
    assert settings.token_key() is None
    assert settings.path == tmp_path / "config.yaml"
    assert settings.zone.key == "America/New_York"


def test_a_group_left_empty_is_a_group_left_out(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL + "    refund_types:\n    mapping: null\nrefunds:\nschedule:\nstate:\n")
    assert settings.model_dump() == load(tmp_path, SMALL).model_dump()


def test_values_as_people_write_them(tmp_path: Path) -> None:
    text = SMALL.replace("books: acme", "books: 2026").replace("2026-01-01", '"2026-01-31"')
    text += "    enabled: yes\n    fees: On\n    refund_types: {void: no, reopen_invoice: TRUE}\n"
    settings = load(tmp_path, text)
    assert settings.books == "2026"
    assert settings.stripe.start == date(2026, 1, 31)
    ledger = settings.ledger("main")
    assert (ledger.enabled, ledger.fees) == (True, True)
    assert (ledger.refund_types.void, ledger.refund_types.reopen_invoice) == (False, True)


def test_json_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    data = {
        "books": "acme",
        "timezone": "UTC",
        "stripe": {"start": "2026-01-01", "export": "stripe"},
        "ledgers": {"main": {"kind": "beancount", "connection": {"path": "books"}}},
    }
    path.write_text(json.dumps(data, indent="\t"))
    assert load_settings(path, {}).export_folder == tmp_path / "stripe"
    data["bookz"] = "x"
    path.write_text(json.dumps(data, indent="\t"))
    with pytest.raises(InputError, match=r"config\.json:16:2: bookz: .*\(did you mean books\?\)"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("written", "seconds"), [("0s", 0), ("30s", 30), ("15m", 900), ("72h", 259_200), ("7d", 604_800)]
)
def test_durations(tmp_path: Path, written: str, seconds: int) -> None:
    settings = load(tmp_path, SMALL + f"refunds: {{sale_grace: {written}}}\n")
    assert settings.refunds.sale_grace_s == seconds
    assert spell_duration(seconds) == written


def test_sale_number_sources(tmp_path: Path) -> None:
    text = "sale_number: [invoice.number, charge.metadata.Order no., {from: charge.id, match: 'No (\\d+)'}]\n"
    first, second, third = load(tmp_path, SMALL + text).sale_number
    assert (first, second) == (NumberSource("invoice.number"), NumberSource("charge.metadata.Order no."))
    assert third.source == "charge.id"
    assert third.pattern is not None
    assert third.pattern.search("Order No 17") is not None


# ---------------------------------------------------------------------------------------------- places


def test_paths_start_at_the_settings_file_and_absolute_ones_stay(tmp_path: Path) -> None:
    text = SMALL.replace("api_key: ${STRIPE_API_KEY}", "export: /data/stripe")
    settings = load(
        tmp_path, text + "mappings: ../maps\n    ".rstrip() + "\nstate: sqlite:////var/acme.db?timeout=5\n"
    )
    assert settings.export_folder == Path("/data/stripe")
    assert settings.mappings_folder == tmp_path / "../maps"
    assert settings.state_url == "sqlite:////var/acme.db?timeout=5"
    assert settings.state_file == Path("/var/acme.db")
    settings = load(
        tmp_path, SMALL.replace("books/acme", "/books") + "    rules: /r.yaml\n    mapping: sub/m.yaml\n"
    )
    assert settings.connection("main") == BeancountConnection(path="/books")
    assert settings.rules_path("main") == Path("/r.yaml")
    assert settings.mapping_path("main") == tmp_path / "mappings/sub/m.yaml"


def test_a_relative_settings_path_still_gives_absolute_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path, SMALL)
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("config.yaml"), {})
    monkeypatch.chdir("/")
    assert settings.state_file == tmp_path / "state/acme.db"


def test_loading_writes_nothing(tmp_path: Path) -> None:
    load(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_a_postgresql_state_is_taken_as_it_is_with_its_password_filled_in(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL + "state: postgresql+psycopg://u:${PW}@db/acme\n", PW="hunter2")
    assert settings.state_url == "postgresql+psycopg://u:hunter2@db/acme"
    assert settings.state_file is None
    assert "hunter2" not in repr(settings)


# ---------------------------------------------------------------------------------------------- references


def test_references_are_looked_up_when_used(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("whsec_1\n")
    text = SMALL.replace("${STRIPE_API_KEY}", '"rk_${KIND}_${TAIL}"').replace(
        "books/acme", "'books/${WHOSE}'"
    )
    text = text.replace("  start", '  webhook_secrets: ["file:secret.txt", "${W2}"]\n  start')
    settings = load(tmp_path, text, KIND="test", TAIL="1", WHOSE="acme", W2="whsec_2")
    assert settings.stripe_api_key() == "rk_test_1"
    assert settings.webhook_secrets() == ("whsec_1", "whsec_2")
    assert settings.connection("main") == BeancountConnection(path=str(tmp_path / "books/acme"))
    assert settings.resolve("plain", "any.key") == "plain"
    assert settings.resolve("$5 pa$$word", "any.key") == "$5 pa$$word"


def test_what_a_variable_holds_is_not_read_as_a_reference(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL, STRIPE_API_KEY="rk_${HOME}_file:x")
    assert settings.stripe_api_key() == "rk_${HOME}_file:x"


def test_a_reference_that_is_missing_is_named_with_its_key_when_it_is_used(tmp_path: Path) -> None:
    text = SMALL.replace("books/acme", "'${BOOKS_FOLDER}'").replace(
        "  start", '  webhook_secrets: ["file:no"]\n  start'
    )
    settings = load(tmp_path, text + "key_file: ${KEY_FILE}\n", STRIPE_API_KEY="")
    for use, sentence in (
        (settings.stripe_api_key, ":6:3: stripe.api_key: the environment variable STRIPE_API_KEY is empty"),
        (
            lambda: settings.connection("main"),
            ".connection.path: the environment variable BOOKS_FOLDER is not set",
        ),
        (settings.webhook_secrets, f"webhook_secrets[0]: {tmp_path}/no: there is no such file"),
        (settings.token_key, ":11:1: key_file: the environment variable KEY_FILE is not set"),
        (
            lambda: settings.resolve("x${GONE}", "stripe.start"),
            "stripe.start: the environment variable GONE is not",
        ),
    ):
        with pytest.raises(InputError) as caught:
            use()
        assert sentence in str(caught.value)
        assert str(caught.value).startswith(f"{tmp_path}/config.yaml:")


def test_what_is_not_used_need_not_be_there(tmp_path: Path) -> None:
    text = SMALL.replace("  start", "  export: stripe\n  start")
    text += "    enabled: true\n  other:\n    kind: beancount\n    enabled: No\n    rules: ${RULES}\n"
    text += "    connection: {path: '${OTHER}'}\n"
    settings = load(tmp_path, text)
    assert settings.export_folder == tmp_path / "stripe"
    assert settings.ledger("other").enabled is False


def test_what_every_command_uses_must_be_there(tmp_path: Path) -> None:
    text = SMALL.replace("acme\nt", "${WHOSE}\nt").replace("America/New_York", "file:zone.txt")
    text += "    rules: ${RULES}\nstate: postgresql+psycopg://u:${PW}@db/x\n"
    assert refusal(tmp_path, text).splitlines() == [
        "config.yaml:1:1: books: the environment variable WHOSE is not set",
        f"config.yaml:2:1: timezone: {tmp_path}/zone.txt: there is no such file".replace(f"{tmp_path}/", ""),
        "config.yaml:10:5: ledgers.main.rules: the environment variable RULES is not set",
        "config.yaml:11:1: state: the environment variable PW is not set",
    ]
    (tmp_path / "zone.txt").write_text("Europe/Paris\n")
    settings = load(tmp_path, text, WHOSE="acme", PW="x", RULES="r.yaml")
    assert (settings.books, settings.timezone) == ("acme", "Europe/Paris")
    assert settings.rules_path("main") == tmp_path / "mappings/r.yaml"


def test_an_unknown_key_goes_before_what_it_refers_to(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, SMALL + "stat: ${NOWHERE}\n")
    assert sentence == "config.yaml:10:1: stat: is not a known key (did you mean state?)"


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL.replace("${STRIPE_API_KEY}", "rk_hunter2"))
    assert "hunter2" not in repr(settings) + str(settings) + repr(settings.stripe) + repr(
        settings.model_dump()
    )
    environment_repr = repr(load(tmp_path, SMALL, STRIPE_API_KEY="hunter2"))
    assert "hunter2" not in environment_repr
    with pytest.raises(ValidationError) as caught:
        CONNECTIONS["xero"].model_validate({"client_id": "a", "client_secret": ["hunter2"]})
    assert "hunter2" not in str(caught.value)
    for text in (
        SMALL.replace("${STRIPE_API_KEY}", "[hunter2]"),
        SMALL + "state: mysql://u:hunter2@db/x\n",
        SMALL.replace("  start", "  base_url: https://u:hunter2@x\n  start"),
    ):
        assert "hunter2" not in refusal(tmp_path, text)


def test_stripe_keys_that_cannot_be_right(tmp_path: Path) -> None:
    for key, what in (
        ("pk_live_1", "publishable key"),
        ("rk live", "holds a space"),
        ("rk_é", "holds a space"),
    ):
        with pytest.raises(InputError, match=what) as caught:
            load(tmp_path, SMALL, STRIPE_API_KEY=key).stripe_api_key()
        assert key not in str(caught.value)
    with pytest.raises(InputError, match="api_key is needed"):
        load(tmp_path, SMALL.replace("api_key: ${STRIPE_API_KEY}", "export: x")).stripe_api_key()


def test_the_key_for_tokens(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("from-file\n")
    key_file.chmod(0o644)
    settings = load(tmp_path, SMALL + "key_file: key\n")
    with pytest.raises(InputError, match=r"key_file: .*/key can be read by others; set its mode to 0600"):
        settings.token_key()
    key_file.chmod(0o600)
    assert settings.token_key() == SecretStr("from-file")
    assert load(tmp_path, SMALL + "key_file: key\n", CONNECTOR_KEY="k").token_key() == SecretStr("k")
    key_file.unlink()
    with pytest.raises(InputError, match=r"key_file: .*/key cannot be read"):
        settings.token_key()


# ---------------------------------------------------------------------------------------------- what is wrong

REPLACED = [  # what is replaced in SMALL, by what, the sentence (or its beginning)
    ("books: acme\n", "", "1:1: books: is missing"),
    ("books: acme", "books:", "1:1: books: must be text, and is empty"),
    ("books: acme", "books: ''", "1:1: books: must not be empty"),
    ("books: acme", "books: true", "1:1: books: must be text; true and false as text must stand in quotes"),
    (
        "books: acme",
        "books: {acme}",
        "1:1: books: must be text; a text that begins with { must stand in quotes",
    ),
    ("books: acme", "books: [a]", "1:1: books: must be text"),
    ("books: acme", "books: a/b", "1:1: books: may hold letters, digits, spaces and . _ & + - only"),
    (
        "books: acme",
        "books: 1.10",
        "1:8: books: a number with a decimal point or exponent must stand in quotes",
    ),
    ("books: acme", "boks: acme", "1:1: boks: is not a known key (did you mean books?)"),
    ("books: acme", "books: acme\nbooks: acme", "2:1: books: is written twice (first on line 1)"),
    (
        "books: acme",
        "books: acme\nqqq: 1",
        "2:1: qqq: is not a known key; known here: books, timezone, state, ",
    ),
    ("books: acme", "books: a: b", '1:9: books: a ":" stands where none can be'),
    (
        "America/New_York",
        "America/NewYork",
        "2:1: timezone: 'America/NewYork' is not a time zone such as America/New_"
        "York (did you mean America/New_York?)",
    ),
    ("America/New_York", "/etc/passwd", "2:1: timezone: '/etc/passwd' is not a time zone"),
    ("America/New_York", "America", "2:1: timezone: 'America' is not a time zone"),
    ("2026-01-01", "2026-02-30", "4:3: stripe.start: must be a day such as 2026-01-31"),
    ("2026-01-01", "2026-01-01T00:00:00Z", "4:3: stripe.start: must be a day such as 2026-01-31"),
    ("2026-01-01", "5", "4:3: stripe.start: must be a day such as 2026-01-31"),
    ("  start: 2026-01-01\n", "", "3:1: stripe.start: is missing"),
    ("  api_key: ${STRIPE_API_KEY}\n", "", "3:1: stripe: needs api_key, or export with a folder"),
    ("  api_key: ${STRIPE_API_KEY}\n", "  api_key:\n", "3:1: stripe: needs api_key, or export with a folder"),
    (
        "${STRIPE_API_KEY}",
        "${STRIPE-API-KEY}",
        "5:3: stripe.api_key: ${ must be followed by the name of an environ",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  account: 12",
        "6:3: stripe.account: must be the id of a connected account, acct_...",
    ),
    ("${STRIPE_API_KEY}", "x\n  export: ${}", "6:3: stripe.export: ${ must be followed by the name"),
    (
        "${STRIPE_API_KEY}",
        "x\n  webhook_secrets: a",
        "6:3: stripe.webhook_secrets: must be a list, as in [a, b]",
    ),
    ("${STRIPE_API_KEY}", "x\n  webhook_secrets: [a, [b]]", "6:24: stripe.webhook_secrets[1]: must be text"),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: http://api.stripe.com",
        "6:3: stripe.base_url: must begin with https://; plain http is allowed for 127.0.0.1 only",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: http://127.0.0.1@evil.com",
        "6:3: stripe.base_url: must not hold a user",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: http://127.0.0.1.evil.com",
        "6:3: stripe.base_url: must begin with https",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: http://localhost:1",
        "6:3: stripe.base_url: must begin with https://",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: api.stripe.com",
        "6:3: stripe.base_url: must be an address such as",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: https://x:99999999",
        "6:3: stripe.base_url: must be an address such as",
    ),
    (
        "${STRIPE_API_KEY}",
        "x\n  base_url: https://x/?a=b",
        "6:3: stripe.base_url: must be an address such as",
    ),
    ("ledgers:\n", "ledgers: {}\nx:\n", "6:1: ledgers: must name at least one ledger"),
    ("  main:", "  ma/in:", "7:3: ledgers.ma/in: may hold letters, digits, spaces"),
    (
        "kind: beancount",
        "kind: beancounter",
        "8:5: ledgers.main.kind: 'beancounter' is not one of quickbooks_online, "
        "quickbooks_desktop, xero, netsuite, beancount (did you mean beancount?)",
    ),
    (
        "kind: beancount",
        "kind: quickbooks_desktop",
        "8:5: ledgers.main.kind: quickbooks_desktop is not built yet; built: beancount",
    ),
    ("    kind: beancount\n", "", "7:3: ledgers.main.kind: is missing"),
    ("    connection: {path: books/acme}\n", "    fees: true\n", "7:3: ledgers.main.connection: is missing"),
    (
        "{path: books/acme}",
        "books/acme",
        "9:5: ledgers.main.connection: must be a group of `key: value` lines",
    ),
    ("{path: books/acme}", "{}", "9:5: ledgers.main.connection.path: is missing"),
    (
        "{path: books/acme}",
        "{pth: x, path: y}",
        "9:18: ledgers.main.connection.pth: is not a known key (did you mean path?)",
    ),
    ("{path: books/acme}", "{path: [a]}", "9:18: ledgers.main.connection.path: must be text"),
    (
        "main:\n    kind: beancount\n    connection: {path: books/acme}",
        "main: beancount",
        "7:3: ledgers.main: must be a group of `key: value` lines",
    ),
]
ADDED = [  # what is added to the end of SMALL (line 10), the sentence
    ("state: sqlite:///\n", "10:1: state: must name a file, as in sqlite:///state/acme.db"),
    ("state: 'sqlite:///:memory:'\n", "10:1: state: must name a file"),
    (
        "state: state/acme.db\n",
        "10:1: state: must begin with sqlite:/// (and a path) or postgresql+psycopg://",
    ),
    ("state: postgresql://u@db/x\n", "10:1: state: must begin with"),
    (
        "state: postgresql+psycopg://u:hun@ter2@db/x\n",
        "10:1: state: must be postgresql+psycopg://USER:PASSWORD@",
    ),
    ("state: postgresql+psycopg://u:hunter/2@db/x\n", "10:1: state: must be"),
    ("state: postgresql+psycopg://u:5/hunter2@db/x\n", "10:1: state: must be"),
    ("state: postgresql+psycopg://u:5?hunter2@db/x\n", "10:1: state: must be"),
    ("state: 'postgresql+psycopg://u:5#hunter2@db/x'\n", "10:1: state: must be"),
    ("state: postgresql+psycopg://u:hunter2@db:port/x\n", "10:1: state: must be"),
    ("state: postgresql+psycopg://u:hunter2@db:70000/x\n", "10:1: state: must be"),
    (
        "invoice_status: refund\n",
        "10:1: invoice_status: 'refund' is not one of refunded, reopened, paid (did you mean refunded?)",
    ),
    ("refunds: {post_when: [a]}\n", "10:11: refunds.post_when: must be one of succeeded, pending"),
    ("refunds: {sale_grace: 72}\n", "10:11: refunds.sale_grace: must be a duration"),
    (
        "refunds: {sale_grace: 72 hours}\n",
        "10:11: refunds.sale_grace: must be a duration: a whole number and s, m, h "
        "or d, such as 30s, 15m, 72h or 7d",
    ),
    ("refunds: {sale_grace: -1h}\n", "10:11: refunds.sale_grace: must be a duration"),
    ("refunds: {sale_grace: 12:30:00}\n", "10:11: refunds.sale_grace: must be a duration"),
    ("refunds: {sale_grace: 9999999d}\n", "10:11: refunds.sale_grace: is longer than ten years"),
    ("refunds: {sale_grace: 1.5h, adopt: 1.5}\n", "10:36: refunds.adopt: a number with a decimal point"),
    ("refunds: {enabled: maybe}\n", "10:11: refunds.enabled: must be true or false"),
    ("refunds: {enabled: 1}\n", "10:11: refunds.enabled: must be true or false"),
    ("refunds: {enable: true}\n", "10:11: refunds.enable: is not a known key (did you mean enabled?)"),
    ("refunds: true\n", "10:1: refunds: must be a group of `key: value` lines"),
    ('refunds: {numbering: {first: "R"}}\n', "10:23: refunds.numbering.first: must hold {sale}"),
    (
        'refunds: {numbering: {first: "{sale}{n}"}}\n',
        "10:23: refunds.numbering.first: may hold {sale} and no other",
    ),
    (
        'refunds: {numbering: {repeat: "{sale}-R"}}\n',
        "10:23: refunds.numbering.repeat: must hold {sale} and {n}",
    ),
    ('refunds: {numbering: {repeat: "{sale}-{n:03}"}}\n', "10:23: refunds.numbering.repeat: must hold"),
    (
        'refunds: {numbering: {reversal: "{sale}-R"}}\n',
        "10:23: refunds.numbering.reversal: must hold {number}",
    ),
    (
        "refunds: {numbering: {first: {sale}}}\n",
        "10:23: refunds.numbering.first: must be text; a text that begins with { must stand in quotes",
    ),
    ("sale_number: charge.id\n", "10:1: sale_number: must be a list, as in [a, b]"),
    ("sale_number: []\n", "10:1: sale_number: must hold at least 1"),
    (
        "sale_number: [charge.id, charge.idd]\n",
        "10:26: sale_number[1]: 'charge.idd' is not a place of a sale's "
        "number (did you mean charge.id?); places: invoice.number, ",
    ),
    ("sale_number: [customer.id]\n", "10:15: sale_number[0]: 'customer.id' is not a place"),
    ("sale_number: [charge.metadata.]\n", "10:15: sale_number[0]: 'charge.metadata.' is not a place"),
    (
        "sale_number: [{from: charge.description, match: '(x'}]\n",
        "10:42: sale_number[0].match: is not a regular expre",
    ),
    (
        "sale_number: [{from: charge.description, match: 'x'}]\n",
        "10:42: sale_number[0].match: needs a group ( )",
    ),
    ("sale_number: [{match: '(x)'}]\n", "10:15: sale_number[0].from: is missing"),
    (
        "sale_number: [{from: charge.id, mach: '(x)'}]\n",
        "10:33: sale_number[0].mach: is not a known key (did you mean match?)",
    ),
    (
        "schedule: {every: 15m, cron: '* * * * *'}\n",
        "10:1: schedule: needs either every or cron, and not both",
    ),
    ("schedule: {}\n", "10:1: schedule: needs either every or cron, and not both"),
    ("schedule: {every: 0s}\n", "10:12: schedule.every: must be at least 1s"),
    ("schedule: {cron: '@daily'}\n", "10:12: schedule.cron: must have five fields"),
    (
        "    sales: sales_reciept\n",
        "10:5: ledgers.main.sales: 'sales_reciept' is not one of find, sales_receipt, "
        "invoice_and_payment (did you mean sales_receipt?)",
    ),
    (
        "    refund_types: {credit_memos: true}\n",
        "10:20: ledgers.main.refund_types.credit_memos: is not a known key (did you mean credit_memo?)",
    ),
    ("    limits: {concurrency: 0}\n", "10:14: ledgers.main.limits.concurrency: must be at least 1"),
    ("    limits: {concurrency: two}\n", "10:14: ledgers.main.limits.concurrency: must be a whole number"),
    ("    limits: {longest_wait: 90}\n", "10:14: ledgers.main.limits.longest_wait: must be a duration"),
    (
        "  other:\n    kind: beancount\n    connection: {path: ./books/../books/acme}\n",
        "12:18: ledgers.other.connection.path: is also the folder of ledger main; two ledgers cannot share",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REPLACED, ids=[case[1] for case in REPLACED])
def test_a_wrong_value_is_told_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in SMALL
    assert refusal(tmp_path, SMALL.replace(old, new)).startswith(f"config.yaml:{sentence}")


@pytest.mark.parametrize(("added", "sentence"), ADDED, ids=[case[0] for case in ADDED])
def test_a_wrong_addition_is_told_with_file_line_and_key(tmp_path: Path, added: str, sentence: str) -> None:
    told = refusal(tmp_path, SMALL + added)
    assert told.startswith(f"config.yaml:{sentence}")
    assert "\n" not in told


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        SMALL.replace("New_York", "Nowhere")
        .replace("kind: beancount", "kind: bean")
        .replace("books: acme\n", "")
    )
    told = refusal(tmp_path, text + "    fee: true\nrefunds: {adopt: no}\nkeyfile: x\n").splitlines()
    assert [line.split(": ")[1] for line in told] == [
        "books",
        "timezone",
        "ledgers.main.kind",
        "ledgers.main.fee",
        "refunds.adopt",
        "keyfile",
    ]


def test_a_settings_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml: there is no such file"):
        load_settings(tmp_path / "nowhere.yaml", {})


def test_a_folder_that_an_address_cannot_name(tmp_path: Path) -> None:
    folder = tmp_path / "what?"
    folder.mkdir()
    assert refusal(folder, SMALL).startswith(
        "config.yaml:1:1: state: cannot lie under a folder whose name holds"
    )
    assert load(folder, SMALL + "state: postgresql+psycopg://u@db/x\n").state_file is None


def test_a_ledger_that_is_off_may_name_the_books_of_another(tmp_path: Path) -> None:
    text = SMALL + "  other: {kind: beancount, enabled: false, connection: {path: books/acme}}\n"
    assert list(load(tmp_path, text).ledgers) == ["main", "other"]


def test_one_name_in_two_spellings_is_one_ledger(tmp_path: Path) -> None:
    text = SMALL.replace("main", "caf\u00e9") + "  cafe\u0301: {kind: beancount, connection: {path: x}}\n"
    assert refusal(tmp_path, text) == (
        "config.yaml:6:1: ledgers: names one ledger twice, in two spellings of one letter"
    )


def test_an_unknown_ledger_is_answered_with_those_there_are(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL)
    with pytest.raises(
        InputError, match=r"config\.yaml:6:1: ledgers: there is no ledger 'mian' \(did you mean main\?"
    ):
        settings.ledger("mian")
    with pytest.raises(InputError, match="there is no ledger 'x'; ledgers: main"):
        settings.rules_path("x")


# ---------------------------------------------------------------------------------------------- connections

XERO: dict[str, Any] = {"client_id": "a", "client_secret": "b"}
NETSUITE: dict[str, Any] = {"account_id": "1234567_SB1"}
OAUTH2 = {"client_id": "a", "certificate_id": "b", "private_key": "-----BEGIN PRIVATE KEY-----\nx\n"}
TBA = {"consumer_key": "a", "consumer_secret": "b", "token_id": "c", "token_secret": "d"}
QBO: dict[str, Any] = {"realm_id": 9130347596842384, "client_id": "a", "client_secret": "b"}


def test_connections_default_to_the_vendors_own_addresses() -> None:
    def addresses(kind: str, data: dict[str, Any]) -> tuple[str, str]:
        connection: Any = CONNECTIONS[kind].model_validate(data)
        return connection.base_url, connection.token_url

    assert addresses("quickbooks_online", QBO)[0] == "https://quickbooks.api.intuit.com"
    sandbox = "https://sandbox-quickbooks.api.intuit.com"
    assert addresses("quickbooks_online", {**QBO, "environment": "sandbox"})[0] == sandbox
    local = "http://127.0.0.1:8080"
    assert addresses("quickbooks_online", {**QBO, "base_url": f"{local}/"})[0] == local
    assert addresses("xero", XERO)[0] == "https://api.xero.com/api.xro/2.0"
    base = "https://1234567-sb1.suitetalk.api.netsuite.com"
    token = "/services/rest/auth/oauth2/v1/token"
    assert addresses("netsuite", {**NETSUITE, **OAUTH2}) == (base, base + token)
    assert addresses("netsuite", {**NETSUITE, **TBA, "auth": "tba", "base_url": local}) == (
        local,
        local + token,
    )
    number = {**NETSUITE, **OAUTH2, "account_id": 1234567}
    assert addresses("netsuite", number)[0] == "https://1234567.suitetalk.api.netsuite.com"
    assert CONNECTIONS["quickbooks_desktop"].model_validate({"username": "a", "password_hash": 5})


@pytest.mark.parametrize(
    ("account_id", "realm"),
    [
        ("1234567_SB1", "1234567_SB1"),
        ("1234567-sb1", "1234567_SB1"),
        (1234567, "1234567"),
        ("tstdrv1", "TSTDRV1"),
    ],
)
def test_a_netsuite_account_has_one_name_however_it_is_spelled(account_id: object, realm: str) -> None:
    connection: Any = CONNECTIONS["netsuite"].model_validate({**NETSUITE, **OAUTH2, "account_id": account_id})
    assert company_id(connection) == realm
    assert connection.base_url == f"https://{realm.lower().replace('_', '-')}.suitetalk.api.netsuite.com"


def test_a_restlet_may_be_reached_by_the_way_that_all_else_is() -> None:
    address = "https://netsuite.example.com/restlet.nl?script=7&deploy=1"
    data = {"base_url": "https://netsuite.example.com", "void_restlet_url": address}
    connection: Any = CONNECTIONS["netsuite"].model_validate({**NETSUITE, **OAUTH2, **data})
    assert connection.void_restlet_url == address


def test_a_wrong_account_id_is_told_once() -> None:
    with pytest.raises(ValidationError, match="must be a NetSuite account id") as told:
        CONNECTIONS["netsuite"].model_validate({**NETSUITE, **OAUTH2, "account_id": "1234567 SB1"})
    assert told.value.error_count() == 1


def test_a_restlet_is_named_with_its_query() -> None:
    address = "https://1234567-sb1.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=7&deploy=1"
    for one in (address, "http://127.0.0.1:8080/restlet.nl?script=customscript_void&deploy=1", "${RESTLET}"):
        connection: Any = CONNECTIONS["netsuite"].model_validate(
            {**NETSUITE, **OAUTH2, "void_restlet_url": one}
        )
        assert connection.void_restlet_url == one


@pytest.mark.parametrize("name", [None, "custbody_document_key", "custbody12", "${KEY_FIELD}"])
def test_the_key_may_stand_in_a_custom_body_field(name: str | None) -> None:
    data = {**NETSUITE, **OAUTH2, "document_key_field": name, "subsidiary": 3}
    connection: Any = CONNECTIONS["netsuite"].model_validate(data)
    assert (connection.document_key_field, connection.subsidiary) == (name, "3")


@pytest.mark.parametrize("name", ["custbody", "memo", "custbody_Key", "custcol_key", "custbody_key "])
def test_another_field_does_not_hold_the_key(name: str) -> None:
    with pytest.raises(ValidationError, match="custom transaction body field, such as custbody_document_key"):
        CONNECTIONS["netsuite"].model_validate({**NETSUITE, **OAUTH2, "document_key_field": name})


@pytest.mark.parametrize(
    ("kind", "data", "what"),
    [
        ("xero", {**XERO, "refresh_token": "x"}, "only for auth: authorization_code"),
        ("xero", {"client_id": "a"}, "client_secret is needed for auth: custom_connection"),
        ("xero", {**XERO, "tenant_id": "Acme Ltd"}, "must be the id of an organisation"),
        ("xero", {**XERO, "base_url": "http://api.xero.com"}, "must begin with https"),
        ("netsuite", NETSUITE, "client_id, certificate_id, private_key must be given for auth: oauth2"),
        (
            "netsuite",
            {**NETSUITE, **OAUTH2, "token_id": "x"},
            "only auth: tba takes token_id, and auth is oauth2",
        ),
        ("netsuite", {**NETSUITE, **OAUTH2, "private_key": "x"}, "PEM"),
        ("netsuite", {**NETSUITE, **OAUTH2, "account_id": "evil.com/"}, "must be a NetSuite account id"),
        (
            "netsuite",
            {
                **NETSUITE,
                **OAUTH2,
                "base_url": "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest",
            },
            "must be the part of the address before /services",
        ),
        (
            "netsuite",
            {**NETSUITE, **OAUTH2, "base_url": "https://1234567.suitetalk.api.netsuite.com"},
            "base_url is not of account 1234567_SB1, whose addresses begin with https://1234567-sb1.",
        ),
        (
            "netsuite",
            {
                **NETSUITE,
                **OAUTH2,
                "token_url": "https://7654321.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token",
            },
            "token_url is not of account 1234567_SB1",
        ),
        (
            "netsuite",
            {
                **NETSUITE,
                **OAUTH2,
                "void_restlet_url": "https://1234567.restlets.api.netsuite.com/restlet.nl?script=7&deploy=1",
            },
            "void_restlet_url is not of account 1234567_SB1",
        ),
        *(
            (
                "netsuite",
                {**NETSUITE, **OAUTH2, "void_restlet_url": address},
                "External URL of the deployment",
            )
            for address in (
                "https://1234567-sb1.restlets.api.netsuite.com/app/site/hosting/restlet.nl",
                "https://1234567-sb1.restlets.api.netsuite.com/restlet.nl?script=7",
                "https://1234567-sb1.restlets.api.netsuite.com/restlet.nl?script=7&deploy=",
                "https://1234567-sb1.restlets.api.netsuite.com/restlet.nl?script=7&deploy=1#x",
            )
        ),
        (
            "netsuite",
            {**NETSUITE, **OAUTH2, "void_restlet_url": "http://netsuite.test/restlet.nl?script=7&deploy=1"},
            "must begin with https",
        ),
        *(
            (
                "netsuite",
                {**NETSUITE, **OAUTH2, "void_restlet_url": f"https://{host}/x.nl?script=7&deploy=1"},
                host,
            )
            for host in ("restlets.example.com", "1234567-sb1.restlets.api.netsuite.com.example.com")
        ),
        (
            "netsuite",
            {**NETSUITE, **TBA, "auth": "tba", "client_id": "x"},
            "only auth: oauth2 takes client_id, and auth is tba",
        ),
        ("quickbooks_online", {**QBO, "minor_version": 74}, "greater than or equal to 75"),
        ("quickbooks_online", {**QBO, "tenant_id": "x"}, "not a known key"),
        ("quickbooks_desktop", {"username": "a"}, "password_hash"),
    ],
)
def test_connections_that_cannot_work(kind: str, data: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        CONNECTIONS[kind].model_validate(data)


# ---------------------------------------------------------------------------------------------- schedule


@pytest.mark.parametrize(
    ("line", "week"),
    [
        ("*/15 * * * *", "*"),
        ("0 6 * * 1-5", "mon,tue,wed,thu,fri"),
        ("0 6 * * 0", "sun"),
        ("0 6 * * 7", "sun"),
        ("0 6 * * 5-7", "sun,fri,sat"),
        ("0 6 * * SAT-SUN", "sun,sat"),
        ("0 6 * * sun-tue", "sun,mon,tue"),
        ("0 6 * * */2", "sun,tue,thu,sat"),
        ("5/20,59 0-23/2 29 2,Mar-may *", "*"),
    ],
)
def test_cron_lines_have_crontab_meaning(line: str, week: str) -> None:
    minute, hour, day, month, days = parse_cron(line)
    assert days == week
    assert [minute, hour, day, month] == line.lower().split()[:4]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("60 * * * *", "the minute must be 0 to 59"),
        ("* 24 * * *", "the hour must be 0 to 23"),
        ("* * 0 * *", "the day of the month must be 1 to 31"),
        ("* * * 13 *", "the month must be 1 to 12 or jan, feb"),
        ("* * * * 8", "the day of the week must be 0 to 7 or sun, mon"),
        ("* * * * noday", "the day of the week must be"),
        ("*/0 * * * *", "a step of 0"),
        ("30-10 * * * *", "ends before it begins"),
        ("1,,2 * * * *", "the minute is not"),
        ("L * * * *", "the minute must be"),
        ("*-5 * * * *", "the minute is not"),
        ("0 0 30 2 *", "a day that its months do not have"),
        ("0 0 31 4,6 *", "a day that its months do not have"),
    ],
)
def test_cron_lines_that_are_wrong(line: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        parse_cron(line)


def test_the_schedule_gives_its_cron_fields(tmp_path: Path) -> None:
    schedule = load(tmp_path, SMALL + "schedule: {cron: '0 6 * * 1'}\n").schedule
    assert schedule.cron_fields == ("0", "6", "*", "*", "mon")
    assert load(tmp_path, SMALL).schedule.cron_fields is None


def test_the_schema_is_plain_json_and_refuses_unknown_keys() -> None:
    schema = json.loads(json.dumps(settings_schema()))
    assert set(schema["required"]) == {"books", "timezone", "stripe", "ledgers"}
    assert schema["additionalProperties"] is False
    assert schema["properties"]["sale_number"]["default"][0] == "invoice.number"
    assert schema["$defs"]["Limits"]["properties"]["longest_wait"]["default"] == "90s"
    assert {
        case["if"]["properties"]["kind"]["const"] for case in schema["$defs"]["LedgerSettings"]["allOf"]
    } == set(CONNECTIONS)


def test_whatever_stands_at_a_key_is_taken_or_refused_in_a_sentence(tmp_path: Path) -> None:
    """No value at any key of the example ends in anything but settings or one sentence a line."""
    example = load_yaml(ROOT / "config.example.yaml").data
    refused = 0
    for holder, key in list(holders_of(example)):
        kept = holder[key]
        for value in (
            None,
            [],
            {},
            5,
            -1,
            True,
            "",
            "x",
            "${X}",
            "file:x",
            ["x"],
            {"x": [5]},
            "é" * 70,
            "a\nb",
        ):
            holder[key] = value
            try:
                settings = load(tmp_path, json.dumps(example))
            except InputError as error:
                refused += 1
                assert all(line.startswith(f"{tmp_path}/config.yaml:") for line in str(error).splitlines())
            else:
                assert isinstance(settings, Settings)
        holder[key] = kept
    assert refused > 500


def holders_of(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in the data as (its group or list, its key), innermost last."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in list(parts):
        yield data, key
        yield from holders_of(part)


def test_reading_settings_loads_nothing_heavy() -> None:
    heavy = (
        "sqlalchemy stripe requests rich click apscheduler alembic quickbooks beancount tenacity cryptography"
    )
    program = (
        "import sys, connector.settings.settings, connector.settings.mapping; "
        f"print(*[name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
