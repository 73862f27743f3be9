"""`python -m cli`, and what `yckeys` runs."""

from __future__ import annotations


def main() -> None:
    """Runs the command line; ends the process with its exit code."""
    from cli.app import app
    from cli.reader_gone import ending_with_the_reader

    with ending_with_the_reader():
        app(prog_name="yckeys")


if __name__ == "__main__":
    main()
