"""`python -m connector`, and the entry of the `connector` command."""

from __future__ import annotations

from connector.cli.root import run


def main() -> None:
    """Run the command line; exits with the code of the command."""
    raise SystemExit(run())


if __name__ == "__main__":
    main()
