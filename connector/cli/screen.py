"""Tables and progress for people; plain lines where there is no terminal."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.cells import cell_len
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

from connector.cli.printable import printable
from connector.cli.root import readers_may_go
from connector.progress import Tick

PLAIN_WIDTH = 140
# What stands between two columns.
BETWEEN = 3


def make_console(stderr: bool = False) -> Console:
    """A console as wide as the terminal; a fixed width where output goes to a file."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        stderr=stderr, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False, soft_wrap=False
    )


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    wrap: Sequence[int] = (),
) -> None:
    """A table, or one paragraph a row where the terminal is too narrow for it; `right` are the places of columns with
    numbers, `wrap` those of texts, which may take several lines."""
    rows = [[printable(cell) for cell in row] for row in rows]
    console = make_console()
    least = [
        max(
            cell_len(word)
            for cell in (column, *(row[place] for row in rows))
            for word in words_of(cell, place in wrap)
        )
        for place, column in enumerate(columns)
    ]
    if sum(least) + BETWEEN * (len(columns) - 1) > console.width:
        print_paragraphs(title, columns, rows, console.width)
        return
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, expand=False)
    for place, column in enumerate(columns):
        table.add_column(
            column,
            justify="right" if place in right else "left",
            overflow="fold",
            no_wrap=place not in wrap,
        )
    for row in rows:
        table.add_row(*[cell.replace("[", "\\[") for cell in row])
    console.print(table)
    click.echo()


def words_of(cell: str, wraps: bool) -> Sequence[str]:
    return (cell.split() if wraps else [cell]) or [""]


def print_paragraphs(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """Each row by itself: its first cell, then the others by name."""
    click.echo(title)
    for row in rows:
        click.echo(row[0])
        told = ", ".join(
            f"{column} {cell}" for column, cell in zip(columns[1:], row[1:], strict=True) if cell
        )
        click.echo(
            textwrap.fill(
                told,
                width,
                initial_indent="  ",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
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
            # Nobody need read it; the work goes on.
            with readers_may_go():
                click.echo(f"{name}: {done[0]}", err=True)


def make_progress() -> BarProgress | LineProgress:
    return BarProgress() if sys.stderr.isatty() else LineProgress()
