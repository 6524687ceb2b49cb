"""What every command line of ``trackerctl`` has in common: its help pages, ``--json``, ``--output`` and ``--quiet``
behind the verb, and coroutines as commands. A noun's file is::

    app = Noun("Sites that are tracked.")

    @app.command("list")
    def list_clients(...) -> None: ...
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from cli import help as pages
from cli.context import Output, current
from cli.errors import UsageError
from cli.output import plain

Function = TypeVar("Function", bound=Callable[..., Any])

Json = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs.", rich_help_panel=pages.EVERYWHERE, show_default=False)
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print ids only, no hints.", rich_help_panel=pages.EVERYWHERE, show_default=False
    ),
]
OutputShape = Annotated[
    Output | None,
    typer.Option(
        "--output",
        "-o",
        help="How results are printed; csv opens in a spreadsheet.",
        rich_help_panel=pages.EVERYWHERE,
        show_default=False,
    ),
]
_EVERYWHERE: dict[str, tuple[Any, Any]] = {
    "json_output": (Json, False),
    "output_shape": (OutputShape, None),
    "quiet_output": (Quiet, False),
}
_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class HelpCommand(TyperCommand):
    """A command with our help page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(pages.render(pages.page(self, ctx)))


class HelpGroup(TyperGroup):
    """A group with our help page, which it also shows when no command follows."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(pages.render(pages.page(self, ctx)))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            plain(ctx.get_help())
            raise typer.Exit(2)
        return super().parse_args(ctx, args)


class Noun(typer.Typer):
    """A noun and its verbs; without a help text a single command, whose help is its function's."""

    def __init__(
        self, help_text: str | None = None, *, cls: type[HelpGroup] = HelpGroup, add_completion: bool = False
    ) -> None:
        super().__init__(
            cls=cls,
            add_completion=add_completion,
            rich_markup_mode=None,
            context_settings=dict(_HELP_NAMES),
            pretty_exceptions_enable=False,
        )
        self.is_single = help_text is None
        if help_text:
            self.info.help = help_text

    def command(self, name: str | None = None, **kwargs: Any) -> Callable[[Function], Function]:
        """Register a function or coroutine as a command.

        The function itself stays as it is, for tests to call.
        """
        kwargs.setdefault("cls", HelpCommand)
        kwargs.setdefault("context_settings", dict(_HELP_NAMES))
        register = super().command(name, **kwargs)

        def decorate(function: Function) -> Function:
            register(_with_options_of_every_command(function))
            return function

        return decorate


def _with_options_of_every_command(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def command(
        *args: Any, json_output: bool, quiet_output: bool, output_shape: Output | None = None, **kwargs: Any
    ) -> Any:
        context = current()
        choose_output(json_output, output_shape)
        context.quiet = context.quiet or quiet_output
        try:
            result = function(*args, **kwargs)
            return run_coroutine(result) if inspect.iscoroutine(result) else result
        finally:
            context.close()

    signature = inspect.signature(function, eval_str=True)
    # A command that writes a file takes --output as its name; its result has one shape.
    everywhere = dict(_EVERYWHERE)
    if "output" in signature.parameters:
        del everywhere["output_shape"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in everywhere.items()
    ]
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added]
    )
    command.__annotations__ = {name: one.annotation for name, one in signature.parameters.items()}
    command.__annotations__ |= {name: annotation for name, (annotation, _) in everywhere.items()}
    return command


def choose_output(as_json: bool, output: Output | None) -> None:
    """Take ``--json`` and ``--output`` of the root or of the command; the later one of ``--output`` stands.

    :raises UsageError: when they contradict each other.
    """
    context = current()
    context.output = output or context.output
    context.json = context.json or as_json
    if context.json and context.output in ("table", "csv"):
        raise UsageError(f"--json and --output {context.output} contradict each other: give one of them")
    context.json = context.json or context.output in ("json", "jsonl")


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end, in debugging with asyncio's own checks."""
    return asyncio.run(coroutine, debug=os.environ.get("TRACKER_DEBUG") == "1")
