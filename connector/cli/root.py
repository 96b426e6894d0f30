"""The command line. Commands are loaded when they are called, so that `--help` costs next to nothing."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from connector.cli.printable import printable
from connector.errors import ConnectorError

# name → (module, what it does). The sentence stands here so that --help loads no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "sync": (
        "connector.cli.sync",
        "Read Stripe, decide every refund, post what is due. What a schedule calls.",
    ),
    "plan": ("connector.cli.sync", "Show every document with its debits and credits; write to no ledger."),
    "run": ("connector.cli.sync", "Stay, and sync on the schedule of the settings file."),
    "serve": ("connector.cli.serve", "Stay, take webhooks from Stripe, and sync as soon as one comes."),
    "resync": ("connector.cli.resync", "Look at refunds again and post what is missing."),
    "explain": ("connector.cli.explain", "Tell the story of one refund: facts, rules, documents, attempts."),
    "status": (
        "connector.cli.status",
        "Last and next run, counts, what needs a person, differences of clearing.",
    ),
    "list": ("connector.cli.lists", "List refunds, documents, invoices, payments, or what is held."),
    "resolve": (
        "connector.cli.resolve",
        "Decide something that is held: retry, skip, adopt, name the sale or type.",
    ),
    "connect": ("connector.cli.connect", "Let the connector into a ledger, by consent in a browser."),
    "check": ("connector.cli.check", "Check settings, mappings and rules, then Stripe and the ledgers."),
    "rules": ("connector.cli.check", "Try the rules on a table of cases."),
    "rebuild": ("connector.cli.rebuild", "Fill the state from the books and Stripe."),
    "schema": ("connector.cli.check", "Print the JSON Schema of settings and mappings."),
}

EXIT_CODES = """\b
Exit codes:
  0  every refund is posted, adopted, waiting, excluded, marked, reversed or dropped
  1  something failed and will be tried again (network, access, a ledger down, lease held)
  2  settings, mapping, rules or usage are wrong; nothing was written
  3  done, but something is held for a person (1 goes before 3)"""


class LazyGroup(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None


def print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    try:
        number = version("stripe-ledger-connector")
    except PackageNotFoundError:
        number = "(not installed)"
    click.echo(f"connector {number}")
    ctx.exit()


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EXIT_CODES,
)
@click.option(
    "--version",
    is_flag=True,
    callback=print_version,
    expose_value=False,
    is_eager=True,
    help="Show the version.",
)
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help="The settings file; may also follow the command."
)
def cli(config: Path | None) -> None:
    """Every Stripe refund in the books exactly once, or on a list that says why not.

    A settings file names the books, where Stripe is read from and the ledgers: see config.example.yaml. Start with
    `connector check`, look at `connector plan`, then call `connector sync` from a schedule.
    """


def settings_path(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path:
    """The file given with the command, else the one given before it, else config.yaml."""
    before: Path | None = ctx.find_root().params.get("config")
    return value or before or Path("config.yaml")


def config_option(function: Any) -> Any:
    """`-c FILE`, on every command that reads settings."""
    return click.option(
        "-c",
        "--config",
        "config",
        type=click.Path(path_type=Path),
        callback=settings_path,
        help="The settings file (config.yaml unless given here or before the command).",
    )(function)


def json_option(function: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")(
        function
    )


def ledger_option(function: Any) -> Any:
    return click.option("--ledger", "ledger", metavar="NAME", help="Only this ledger of the settings file.")(
        function
    )


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; what is expected to go wrong is one sentence on standard error."""
    open_streams()
    code = call(arguments)
    with readers_may_go():
        sys.stdout.flush()
    return code


def call(arguments: list[str] | None) -> int:
    try:
        code = cli.main(args=arguments, prog_name="connector", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SystemExit:
        # So click ends where the reader of our output went away (`| head`); nothing of ours failed.
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        with readers_may_go():
            error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        tell("stopped; the next run goes on from here")
        return 1
    except ConnectorError as error:
        tell(str(error))
        return error.exit_code
    except Exception as error:
        return report_unexpected(error)


def open_streams() -> None:
    """A stream that the caller closed (`>&-`) takes what is written and keeps nothing of it.

    Its number is taken at once: else the next file to be opened, maybe the state, gets it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


@contextmanager
def readers_may_go() -> Iterator[None]:
    """What is written within need not reach anybody: where the reader of a stream has gone, it is written to nothing."""
    try:
        yield
    except BrokenPipeError:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BrokenPipeError:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def tell(sentences: str) -> None:
    """Sentences, one a line, on standard error."""
    with readers_may_go():
        for line in sentences.split("\n"):
            click.echo(printable(line), err=True)


def report_unexpected(error: Exception) -> int:
    """A database or disk that fails, or a fault of ours: one sentence, and the traceback only where it is asked for."""
    if os.environ.get("CONNECTOR_TRACEBACK"):
        raise error
    # SQLAlchemy keeps the database's own error in `orig`.
    own = getattr(error, "orig", None)
    words = str(own or error).strip().split("\n", 1)[0][:300]
    what = (
        f"the state failed: {words}" if own is not None else f"an unexpected {type(error).__name__}: {words}"
    )
    tell(
        f"stopped: {what}; nothing is lost, the next run goes on from here (CONNECTOR_TRACEBACK=1 shows where)"
    )
    return 1
