"""The program `yckeys`: its commands, and how it ends."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.borrowed import VERSION
from cli.commands import adopt, audit, check, consume, explain, inventory, leaked, metrics, plan, report, schema
from cli.exit_codes import CommandFailed, ExitCode
from cli.reader_gone import ending_with_the_reader


class _Commands(TyperGroup):
    """A command that can't go on ends with one line on standard error, and with the exit code of its reason."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        # The program's own help is printed here.
        with ending_with_the_reader():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> object:
        try:
            with ending_with_the_reader():
                return super().invoke(ctx)
        except CommandFailed as failure:
            typer.echo(f"yckeys: {failure}", err=True)
            raise typer.Exit(failure.code) from None
        except typer.BadParameter as error:
            if type(error) is not typer.BadParameter or error.param is None:
                raise  # one that is missing has words of its own
            # Typer hands on the words of the library by which it checks a value, that one's heading included.
            wrong = error.message.removeprefix("Value error, ").removesuffix(".")
            typer.echo(f"yckeys: {error.param.opts[0]}: {wrong}", err=True)
            raise typer.Exit(ExitCode.WRONG_USE) from None

    def list_commands(self, ctx: object) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    name="yckeys",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"yckeys {VERSION}")
        raise typer.Exit


@app.callback(
    help="See the API keys of your stacks and of the cloud, what is wrong with them, and what happens next.",
    epilog="Exit codes: 0 fine, 1 findings, 2 wrong use, 3 could not look. The page: docs/yckeys.md",
)
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What comes before each command."""


app.command("inventory", epilog=inventory.EXAMPLES)(inventory.command)
app.command("plan", epilog=plan.EXAMPLES)(plan.command)
app.command("audit", epilog=audit.EXAMPLES)(audit.command)
app.command("explain", epilog=explain.EXAMPLES)(explain.command)
app.command("consume", epilog=consume.EXAMPLES)(consume.command)
app.command("check", epilog=check.EXAMPLES)(check.command)
app.command("schema", epilog=schema.EXAMPLES)(schema.command)
app.command("adopt", epilog=adopt.EXAMPLES)(adopt.command)
app.command("leaked", epilog=leaked.EXAMPLES)(leaked.command)
app.command("metrics", epilog=metrics.EXAMPLES)(metrics.command)
app.command("report", epilog=report.EXAMPLES)(report.command)
