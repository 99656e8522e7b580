"""`glassgrad derive | explain | source | draw | inspect | profile | check | train | predict | export | doctor | …`."""

import sys
from enum import StrEnum
from pathlib import Path
from types import CodeType
from typing import Annotated, Any

import typer

from glassgrad._version import __version__
from glassgrad.base.source import count_as_internal
from glassgrad.cli.doctor import doctor
from glassgrad.cli.export import export
from glassgrad.cli.leading_minus import FormulaCommand
from glassgrad.cli.loading import load_arguments, load_function
from glassgrad.cli.output import as_json, give, plain_errors, say, shown, speak_utf8
from glassgrad.cli.predict import predict
from glassgrad.cli.runs import app as runs
from glassgrad.cli.train import train


def _say_version(asked: bool) -> None:
    if asked:
        give(f"glassgrad {__version__}", None)
        raise typer.Exit


app = typer.Typer(
    name="glassgrad",
    help="Differentiates by the chain rule and shows its work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(runs, name="runs")


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="say which version it is, and end")
    ] = False,
) -> None:
    """Differentiates by the chain rule and shows its work."""


class Form(StrEnum):
    """How a derivation is shown."""

    TEXT = "text"
    LATEX = "latex"
    MATHML = "mathml"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


class FormulaForm(StrEnum):
    """How the derivation of a formula is shown."""

    TEXT = "text"
    LATEX = "latex"
    MATHML = "mathml"
    HTML = "html"
    MARKDOWN = "markdown"
    PYTHON = "python"
    JSON = "json"


class Language(StrEnum):
    """The language of generated source."""

    NUMPY = "numpy"
    JAVASCRIPT = "javascript"


Target = Annotated[str, typer.Argument(help="file.py:function or package.module:function")]
Arguments = Annotated[Path | None, typer.Option("--args", help="the call's arguments: .json or .npz, by name")]
Wrt = Annotated[list[str] | None, typer.Option(help="with respect to this parameter (repeat for several, or a,b)")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="write to this file instead of stdout")]
AsJson = Annotated[bool, typer.Option("--json", help="give JSON")]


def _names(names: list[str] | None) -> list[str]:
    return [part.strip() for name in names or () for part in name.split(",") if part.strip()]


def _wrt(names: list[str] | None) -> Any:
    """One name, several, or None for the default."""
    flat = _names(names)
    return None if not flat else flat[0] if len(flat) == 1 else flat


@app.command(cls=FormulaCommand)
def derive(
    expression: Annotated[str, typer.Argument(help="a formula: 101325*exp(-0.0001*h)", metavar="EXPR")],
    let: Annotated[list[str] | None, typer.Option(help='an inner formula: "h = 4000 - 0.5*9.8*t**2"')] = None,
    wrt: Annotated[str | None, typer.Option(help="the variable; not needed where there is one")] = None,
    at: Annotated[list[str] | None, typer.Option(help="a value: t=10")] = None,
    order: Annotated[int, typer.Option(min=1, help="the order of the derivative")] = 1,
    units: Annotated[str | None, typer.Option(help='"t=s, h=m, p=Pa"')] = None,
    form: Annotated[FormulaForm, typer.Option("--format", help="how it is shown")] = FormulaForm.TEXT,
    output: Output = None,
    json_: AsJson = False,
) -> None:
    """Differentiates a formula, step by step."""
    with plain_errors():
        from glassgrad.explain.deriving.derive import derivation_of, worked_problem
        from glassgrad.explain.deriving.program import program

        worked, known = worked_problem(expression, let=let or (), wrt=wrt, at=at or None, order=order, units=units)
        if form is FormulaForm.PYTHON and not json_:
            give(program(worked), output)
        else:
            give(shown(derivation_of(worked, known), "json" if json_ else form.value), output)


@app.command()
def explain(
    target: Target,
    args: Arguments = None,
    wrt: Wrt = None,
    form: Annotated[Form, typer.Option("--format", help="how it is shown")] = Form.TEXT,
    output: Output = None,
    json_: AsJson = False,
) -> None:
    """Explains the gradient of a function of your own, line by line."""
    with plain_errors():
        from glassgrad.explain.explaining import explain as explain_function

        function, positional, named = _call(target, args, wrt)
        derivation = explain_function(function, *positional, wrt=_wrt(wrt), **named)
        give(shown(derivation, "json" if json_ else form.value), output)


@app.command()
def source(
    target: Target,
    args: Arguments = None,
    wrt: Wrt = None,
    language: Annotated[Language, typer.Option("--target", help="NumPy or JavaScript")] = Language.NUMPY,
    output: Output = None,
    json_: AsJson = False,
) -> None:
    """Writes the forward and backward pass as source that runs alone."""
    with plain_errors():
        from glassgrad.api.source import source as source_of

        function, positional, named = _call(target, args, wrt)
        text = source_of(function, *positional, wrt=_wrt(wrt), target=language.value, **named)
        give(as_json({"target": language.value, "source": text}) if json_ else text, output)


@app.command()
def draw(target: Target, args: Arguments = None, wrt: Wrt = None, output: Output = None, json_: AsJson = False) -> None:
    """Draws the graph of a function with values and gradients, as SVG."""
    with plain_errors():
        from glassgrad.explain.graphing import draw as draw_function

        function, positional, named = _call(target, args, wrt)
        picture = draw_function(function, *positional, wrt=_wrt(wrt), **named)
        give(as_json({"svg": picture}) if json_ else picture, output)


@app.command()
def inspect(
    target: Target, args: Arguments = None, wrt: Wrt = None, output: Output = None, json_: AsJson = False
) -> None:
    """Shows what a function compiles to (with --wrt, its gradient too): loops as C, buffers, what NumPy computes."""
    with plain_errors():
        from glassgrad.api.compile import jit

        function, positional, named = _compiled_call(target, args, wrt)
        found = jit(function).inspect(*positional, **named)
        give(found.to_json() if json_ else found.text(), output)


@app.command()
def profile(
    target: Target,
    args: Arguments = None,
    wrt: Wrt = None,
    seconds: Annotated[float, typer.Option(min=0.001, help="run for about so long")] = 1.0,
    trace: Annotated[Path | None, typer.Option(help="write a trace in Chrome's format to this file")] = None,
    output: Output = None,
    json_: AsJson = False,
) -> None:
    """Tells where the time of a compiled function goes (with --wrt, of its gradient too)."""
    with plain_errors():
        from glassgrad.api.inspecting import profile as profile_of

        function, positional, named = _compiled_call(target, args, wrt)
        found = profile_of(function, *positional, seconds=seconds, **named)
        if trace is not None:
            give(as_json(found.trace()), trace)
        give(found.to_json() if json_ else found.text(), output)


def _compiled_call(target: str, args: Path | None, wrt: list[str] | None) -> tuple[Any, list[Any], dict[str, Any]]:
    """The function, with its gradient where one is asked for, and its arguments."""
    from glassgrad.api.derivatives import value_and_grad

    function, positional, named = _call(target, args, wrt)
    names = _names(wrt)
    return (
        (value_and_grad(function, tuple(names) if len(names) > 1 else names[0]) if names else function),
        positional,
        named,
    )


@app.command()
def check(
    target: Target,
    args: Arguments = None,
    order: Annotated[int, typer.Option(min=1, help="up to this order")] = 2,
    json_: AsJson = False,
) -> None:
    """Checks a function's derivatives against numbers; exit code 1 where they disagree."""
    with plain_errors():
        from glassgrad.base.errors import DisagreementError
        from glassgrad.testing.check import check_gradients

        function, positional, named = _call(target, args)
        names = list(named)

        def by_position(*values: Any) -> Any:
            return function(*values[: len(positional)], **dict(zip(names, values[len(positional) :], strict=True)))

        by_position.__name__ = getattr(function, "__name__", target)  # the name that a disagreement tells
        try:
            check_gradients(by_position, *positional, *named.values(), order=order)
        except DisagreementError as error:
            if json_:
                give(as_json({"agrees": False, "order": order, "message": error.message}), None)
            raise
        if json_:
            give(as_json({"agrees": True, "order": order}), None)
        else:
            say(f"{target}: forward mode, reverse mode and differences agree up to order {order}")


app.command()(train)
app.command()(predict)
app.command()(export)
app.command()(doctor)


@app.command()
def demo(json_: AsJson = False) -> None:
    """Shows the skydiver, a two-layer network and a fit to real data, in under a minute."""
    with plain_errors():
        from glassgrad.cli.demo.tour import tour

        figures = tour()
        if json_:
            give(as_json(figures), None)


def _call(target: str, args: Path | None, wrt: list[str] | None = None) -> tuple[Any, list[Any], dict[str, Any]]:
    function = load_function(target)
    positional, named = load_arguments(function, args, _names(wrt))
    return function, positional, named


def started(by: CodeType) -> None:
    """Does what the command line says; `by` is the code that calls the command, which is not the user's."""
    count_as_internal(by)
    speak_utf8()
    app()


def run() -> None:
    """The entry point of the command."""
    started(sys._getframe(1).f_code)  # noqa: SLF001 - the script that pip wrote, or runpy
