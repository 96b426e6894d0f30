"""`check`, `rules test` and `schema`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.opening import open_setup
from connector.cli.root import config_option, json_option, ledger_option
from connector.cli.shapes import print_json
from connector.errors import ConnectorError, InputError

if TYPE_CHECKING:
    from connector.workplace import LedgerSetup, Setup


@click.command("check")
@config_option
@click.option(
    "--offline", is_flag=True, help="Settings, mappings and rules only; ask neither Stripe nor a ledger."
)
@json_option
def check_command(config: Path, offline: bool, as_json: bool) -> int:
    """Check settings, mappings and rules; then that Stripe can be read and that every mapped name can be used.

    Wrong settings, mappings or rules: every mistake with file, line and key on standard error, exit code 2, and
    nothing on standard output, with --json too.
    """
    setup = open_setup(config)
    findings: dict[str, Any] = {
        "settings": str(setup.settings.path),
        "problems": [],
        "warnings": [f"{one.name}: {w}" for one in setup.ledgers.values() for w in one.warnings],
        "unreachable": [],
        "checked": ["settings", "mappings", "rules"],
    }
    if not offline:
        check_stripe(setup, findings)
        check_ledgers(setup, findings)
    findings["ok"] = not (findings["problems"] or findings["unreachable"])
    code = 1 if findings["unreachable"] else 2 if findings["problems"] else 0
    if as_json and code != 2:
        print_json(findings)
        return code
    for problem in findings["problems"]:
        click.echo(f"Problem: {problem}", err=True)
    for sentence in findings["unreachable"]:
        click.echo(f"Cannot be reached: {sentence}", err=True)
    for warning in findings["warnings"]:
        click.echo(f"Warning: {warning}", err=code == 2)
    if code == 0:
        checked = ", ".join(findings["checked"])
        told = "can be used; mind the warnings" if findings["warnings"] else "are in order"
        click.echo(f"{setup.settings.path}: {checked} {told}.")
    return code


def check_stripe(setup: Setup, findings: dict[str, Any]) -> None:
    from connector.workplace import export_folder, open_api

    folder = export_folder(setup)
    if folder is not None:
        from connector.stripe_source.export import changed_files

        files = changed_files(folder, {})
        if not files:
            findings["warnings"].append(f"the export folder {folder} holds no .jsonl file")
        findings["checked"].append(f"the export ({len(files)} files)")
        return
    from connector.operations.schedule import runs_a_month
    from connector.stripe_source.api_check import check_access, estimate_reads
    from connector.stripe_source.api_key import is_secret_live

    try:
        source = open_api(setup)
        if is_secret_live(setup.settings.stripe_api_key()):
            findings["warnings"].append(
                "stripe.api_key is a live secret key (sk_live_...), which can move money: a restricted key (rk_live_...) "
                "with read permissions is enough"
            )
        lacking = check_access(source.read)
        findings["problems"].extend(lacking)
        findings["checked"].append("the Stripe key")
        if lacking:
            return
        reads = estimate_reads(
            source.read, setup.world.now(), runs_a_month(setup.settings, setup.world.now())
        )
        findings["stripe_reads"] = {"a_month": reads.reads, "allowed": reads.allowed}
        if reads.exceeded:
            findings["warnings"].append(
                f"the schedule makes about {reads.reads:,} reads of Stripe a month; Stripe allows {reads.allowed:,} where "
                f"{reads.charges:,} payments were made in 30 days: run less often, and let webhooks tell what is new"
            )
    except InputError:
        raise
    except ConnectorError as error:
        findings["unreachable"].append(str(error))


def check_ledgers(setup: Setup, findings: dict[str, Any]) -> None:
    from connector.workplace import open_desk, open_state

    engine = None
    for one in setup.ledgers.values():
        try:
            if engine is None and needs_state(setup, one):
                engine = open_state(setup)
            desk = open_desk(setup, one, engine, afresh=True)
        except InputError:
            raise
        except ConnectorError as error:
            findings["unreachable"].append(f"ledger {one.name}: {error}")
            continue
        path = getattr(setup.settings.connection(one.name), "path", None)
        if path is not None and (wrong := refuse_folder(Path(path))) is not None:
            findings["unreachable"].append(f"ledger {one.name}: {wrong}")
            continue
        findings["problems"].extend(f"ledger {one.name}: {p}" for p in desk.company.problems)
        findings["warnings"].extend(f"ledger {one.name}: {w}" for w in desk.company.warnings)
        findings["checked"].append(f"ledger {one.name} ({desk.company.title})")


def needs_state(setup: Setup, one: LedgerSetup) -> bool:
    """Whether a ledger is opened with the state: for its tokens; or, where there is a state, to strike out of it that the
    ledger wanted to be left alone."""
    from connector.ledger_kinds import connection_keeps_tokens

    connection = setup.settings.connection(one.name)
    if connection_keeps_tokens(connection):
        return True
    state = setup.settings.state_file
    return hasattr(connection, "base_url") and (state is None or state.exists())


def refuse_folder(folder: Path) -> str | None:
    """Why books cannot be written in this folder, or made there; None where they can."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return f"the books cannot be written: {place} is a file, not a folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"the books cannot be written: {place} does not allow it"
    return None


@click.group("rules")
def rules_command() -> None:
    """Try the rules on a table of cases."""


@rules_command.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@config_option
@ledger_option
def rules_test_command(file: Path, config: Path, ledger: str | None) -> int:
    """Run the cases of FILE against the rules of a ledger (the first enabled one, or --ledger NAME).

    A case has a name, `facts`, and what it expects: see mappings/refund_rules_cases.yaml.
    """
    from connector.ledger_kinds import LEDGERS
    from connector.settings.rules_cases import run_cases

    setup = open_setup(config)
    chosen = setup.chosen(ledger)
    if not chosen:
        raise InputError(f"{setup.settings.path} enables no ledger")
    can = {kind: capabilities.refund_types for kind, (capabilities, _) in LEDGERS.items()}
    results = run_cases(file, chosen[0].policy.rules, chosen[0].policy.kind, can)
    failed = [r for r in results if not r.passed]
    for result in failed:
        click.echo(result.sentence, err=True)
    if failed:
        click.echo(f"{len(failed)} of {len(results)} cases failed", err=True)
        return 2
    for result in results:
        click.echo(f"passed  {result.name}: {result.found}")
    click.echo(f"{len(results)} cases passed")
    return 0


@click.command("schema")
@click.argument("which", type=click.Choice(["settings", "mapping"]), required=False)
def schema_command(which: str | None) -> int:
    """Print the JSON Schema of the settings file or of mapping files, as editors want it; both in one object unless
    one is named."""
    from connector.settings.mapping import mapping_schema
    from connector.settings.settings import settings_schema

    schemas = {"settings": settings_schema(), "mapping": mapping_schema()}
    print_json(schemas if which is None else schemas[which])
    return 0
