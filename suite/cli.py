"""The command `igny8`."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, NoReturn

import typer

from suite import settings as suite_settings
from suite import stack
from suite.settings import SuiteSettings
from suite.stack import StackFile

app = typer.Typer(
    help="Keywords to published articles, paid for in prepaid credits that always add up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The console script."""
    app()


@app.command()
def up() -> None:
    """Run the whole suite in the foreground until Ctrl-C."""
    from rich.console import Console

    from suite import up as suite_up

    console = Console(highlight=False)

    async def until_interrupted(running: StackFile) -> int:
        console.print(f"\n[bold]igny8 is ready[/bold] at [link]{running.gateway_url}[/link]")
        console.print("Sign in with the API key that `igny8 token` prints. Ctrl-C stops everything.\n")
        await asyncio.Event().wait()
        return 0

    status = _run(
        suite_up.run(
            _settings(), say=lambda line: console.print(line, markup=False), while_running=until_interrupted
        )
    )
    # Being ended is the normal end of this command.
    sys.exit(0 if status == suite_up.INTERRUPTED else status)


@app.command()
def status() -> None:
    """Show the processes of the running suite: health, uptime, memory."""
    from rich.console import Console
    from rich.table import Table

    from suite.status import of_suite

    running = _running_stack()
    table = Table("process", "pid", "health", "up", "memory (PSS)")
    rows = of_suite(running)
    for row in rows:
        table.add_row(
            row.name,
            str(row.pid),
            row.health,
            _duration(row.uptime_seconds),
            "not readable" if row.memory_bytes is None else f"{row.memory_bytes / 2**20:.0f} MB",
        )
    console = Console()
    console.print(f"The suite runs at {running.gateway_url}.")
    console.print(table)
    sys.exit(0 if all(row.health in ("ready", "running") for row in rows) else 1)


@app.command()
def dsn() -> None:
    """Print the read-only database URI of the running suite."""
    print(_running_stack().read_only_database_url)


@app.command()
def token(
    *,
    operator: Annotated[
        bool, typer.Option("--operator", help="The operator's key, not the demo account's.")
    ] = False,
) -> None:
    """Print an API key of the embedded suite."""
    from suite.secrets import kept_api_key

    key = kept_api_key(_settings().data_dir, "operator" if operator else "demo")
    if key is None:
        _refuse("There is no API key in this data folder yet. Start the suite once with `igny8 up`.")
    print(key)


def _run(work: Coroutine[None, None, int]) -> int:
    """Run it; what the machine or the person can put right is told in words, without a traceback."""
    from suite.embedded.process import ServerFailed
    from suite.lock import FolderInUse
    from suite.supervisor import ChildFailed

    try:
        return asyncio.run(work)
    except (FolderInUse, ServerFailed, ChildFailed, OSError) as error:
        _refuse(str(error))


def _settings() -> SuiteSettings:
    try:
        return suite_settings.load()
    except suite_settings.SettingsInvalid as error:
        _refuse(str(error), status=78)


def _running_stack() -> StackFile:
    data_dir = _settings().data_dir
    running = stack.read(data_dir)
    if running is None:
        _refuse(f"No suite runs on {data_dir}. Start one with `igny8 up`.")
    return running


def _refuse(message: str, *, status: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


if __name__ == "__main__":
    main()
