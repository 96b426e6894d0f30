"""Tables and progress for people; plain lines where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from connector.progress import Tick

PLAIN_WIDTH = 140


def make_console(stderr: bool = False) -> Console:
    """A console as wide as the terminal; a fixed width where output goes to a file."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False, soft_wrap=False
    )


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """A table; `right` are the places of columns with numbers."""
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, expand=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*[cell.replace("[", "\\[") for cell in row])
    make_console().print(table)
    click.echo()


class BarProgress:
    """Progress bars on a terminal's standard error."""

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Tick]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=make_console(stderr=True), transient=True) as bars:
            task = bars.add_task(name, total=total)

            def tick(count: int) -> None:
                bars.advance(task, count)

            yield tick


class LineProgress:
    """A line when a stage ends, where nobody watches: for logs of a schedule."""

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Tick]:
        done = [0]

        def tick(count: int) -> None:
            done[0] += count

        yield tick
        if done[0]:
            click.echo(f"{name}: {done[0]}", err=True)


def make_progress() -> BarProgress | LineProgress:
    return BarProgress() if sys.stderr.isatty() else LineProgress()
