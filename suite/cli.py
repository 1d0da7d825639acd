"""The command `igny8`."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from chassis.refusal import Refusal
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

    settings = _settings()

    def say(line: str) -> None:
        console.print(line, markup=False)

    async def until_interrupted(running: StackFile) -> int:
        await suite_up.make_usable(settings, say=say)
        console.print(f"\n[bold]igny8 is ready[/bold] at [link]{running.gateway_url}[/link]")
        console.print("Sign in with the API key that `igny8 token` prints. Ctrl-C stops everything.\n")
        await asyncio.Event().wait()
        return 0

    status = _run(suite_up.run(settings, say=say, while_running=until_interrupted))
    # Being ended is the normal end of this command.
    sys.exit(0 if status == suite_up.INTERRUPTED else status)


@app.command()
def demo(
    keywords: Annotated[
        Path, typer.Argument(help="A keyword list: an export of Semrush, Ahrefs, Google or a plain list.")
    ] = Path("examples/keywords.csv"),
) -> None:
    """Do the main job on a keyword list: from keywords to published articles, with what it cost."""
    from rich.console import Console

    from suite import up as suite_up
    from suite.demo.command import demo as run_demo

    if not keywords.is_file():
        _refuse(f"There is no file {keywords}. Name a keyword list, for example examples/keywords.csv.")
    console = Console(highlight=False)
    settings = _settings()

    def say(line: str) -> None:
        console.print(line, markup=False, style="dim")

    async def main_job(running: StackFile) -> int:
        await suite_up.make_usable(settings, say=say)
        return await run_demo(settings, running, keywords, console)

    running = stack.read(settings.data_dir)
    if running is not None:
        say(f"Using the suite that runs at {running.gateway_url}.")
        sys.exit(_run(main_job(running)))
    sys.exit(_run(suite_up.run(settings, say=say, while_running=main_job)))


@app.command()
def verify(
    dsn: Annotated[
        str,
        typer.Option(
            "--dsn", help="A libpq URI that reads all four schemas; by default the running suite's."
        ),
    ] = "",
) -> None:
    """Prove the books: exit 1 and the first bad row where they do not add up."""
    import psycopg2
    from rich.console import Console

    from suite.verify.report import show
    from suite.verify.report import verify as run_checks

    try:
        findings = run_checks(dsn or _running_stack().read_only_database_url)
    except psycopg2.Error as error:
        _refuse(f"The database cannot be read: {error}")
    sys.exit(0 if show(findings, Console(highlight=False)) else 1)


@app.command()
def events(
    types: Annotated[
        str, typer.Option("--types", help="Only these domains, with commas: credits,runs,ai_tasks,content,…")
    ] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Follow the events of the demo account until Ctrl-C."""
    from rich.console import Console

    from suite.events import follow
    from suite.rest import Api, ApiRefused
    from suite.secrets import kept_api_key

    running = _running_stack()
    key = kept_api_key(_settings().data_dir, "demo")
    if key is None:
        _refuse(_NO_KEY)

    async def until_interrupted() -> int:
        async with Api(running.gateway_url, key) as api:
            await follow(api, Console(highlight=False), types=types, as_json=as_json)
        return 0

    try:
        _run(until_interrupted())
    except ApiRefused as refused:
        _refuse(str(refused))
    except KeyboardInterrupt:
        sys.exit(0)


@app.command()
def prices(
    file: Annotated[Path, typer.Argument(help="A price list like examples/prices.yaml.")],
) -> None:
    """Load a price list into the running suite; prices that are there already stay as they are."""
    from suite.price_command import load_into

    running = _running_stack()
    try:
        loaded = asyncio.run(load_into(_settings().data_dir, running, file))
    except (OSError, ValueError, Refusal) as error:
        _refuse(f"{file}: {error}")
    print(f"{loaded} prices of {file} are in force or scheduled.")


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
        _refuse(_NO_KEY)
    print(key)


_NO_KEY = "There is no API key in this data folder yet. Start the suite once with `igny8 up`."


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
