"""`glassgrad train`: from a table to a folder with a trained network and its report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassgrad.cli.output import INTERRUPTED, as_json, give, say, stop
from glassgrad.cli.table_errors import table_errors
from glassgrad.cli.training_tables import columns_table, console, scores_table, training_lines, waiting

if TYPE_CHECKING:
    from glassgrad.train.job import Folder, Settings

_LARGE = 2**25  # bytes
Data = Annotated[str | None, typer.Argument(help="the table: .csv, .tsv, .parquet or .npz", metavar="DATA")]
Kind = Annotated[list[str] | None, typer.Option(metavar="COL=KIND", help="number, category, date or drop (repeat)")]
Out = Annotated[Path | None, typer.Option(help="the folder to write; by default DATA's name and -model")]


def train(
    data: Data = None,
    target: Annotated[str | None, typer.Option(help="the column to learn", metavar="COL")] = None,
    config: Annotated[Path | None, typer.Option(help="settings as TOML; options here overrule it")] = None,
    out: Out = None,
    task: Annotated[str | None, typer.Option(help="classification or regression, if inferred wrongly")] = None,
    kind: Kind = None,
    time_column: Annotated[str | None, typer.Option(metavar="COL", help="test on the last rows by this column")] = None,
    separator: Annotated[str | None, typer.Option(help="between the values of a line; by default found out")] = None,
    rows: Annotated[
        int | None, typer.Option(help="use at most so many rows, drawn by chance; by default all", metavar="N")
    ] = None,
    test: Annotated[float | None, typer.Option(help="share of the rows to test on (0.2)")] = None,
    validation: Annotated[
        float | None, typer.Option(help="share of the rows to choose the best network by (0.1)")
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(help="sizes of the hidden layers (192; from 1,000 rows on also 192,192)", metavar="N,N"),
    ] = None,
    activation: Annotated[str | None, typer.Option(help="relu, gelu, tanh, … (relu)")] = None,
    optimizer: Annotated[str | None, typer.Option(help="adamw, adam, sgd, … (adamw)")] = None,
    lr: Annotated[str | None, typer.Option(help="learning rate, or auto: a range test", metavar="RATE")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="how strongly weights are drawn to zero")] = None,
    dropout: Annotated[float | None, typer.Option(help="share of hidden values left out in training")] = None,
    clip: Annotated[float | None, typer.Option(help="largest norm of a gradient; 0 clips nothing (1.0)")] = None,
    batch_size: Annotated[int | None, typer.Option(help="rows in a step; by default by the table's size")] = None,
    epochs: Annotated[int | None, typer.Option(help="at most so many passes over the rows (200)")] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="epochs without improvement before it stops (30; 10 on large tables; all on small ones)"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of the split, the start and the order (0)")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a run that was interrupted")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="write over the folder of an earlier run")] = False,
    json_: Annotated[bool, typer.Option("--json", help="give JSON")] = False,
) -> None:
    """Trains a network on a table: reads, infers, prepares, splits, trains, measures, reports."""
    with table_errors():
        given = {
            "data": data, "target": target, "task": task, "time_column": time_column, "separator": separator,
            "rows": rows, "test": test, "validation": validation, "hidden": _sizes(hidden), "activation": activation,
            "optimizer": optimizer, "lr": _rate(lr), "weight_decay": weight_decay, "dropout": dropout, "clip": clip,
            "batch_size": batch_size, "epochs": epochs, "patience": patience, "seed": seed, "kind": _kinds(kind),
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        folder, settings = _told(given, config, out, resume=resume, overwrite=overwrite)
        with folder.claimed(settings, resume=resume, overwrite=overwrite):
            summary = _trained(folder, settings, resume=resume)
        if json_:
            give(as_json({"folder": str(folder.path), **summary}), None)
        else:
            give(str(folder.path), None)


# ------------------------------------------------------------------ what was asked for
def _told(
    given: dict[str, Any], config: Path | None, out: Path | None, *, resume: bool, overwrite: bool
) -> "tuple[Folder, Settings]":
    """Where to write, and all settings: those of the command line before those of the file."""
    from glassgrad.train.job import Folder, Settings, default_folder, read_settings

    if resume and overwrite:
        stop("--resume goes on with a run, and --overwrite begins anew: which one is it?")
    where, known = "", {}
    if config is not None:
        where, known = str(config), read_settings(config)
    asked = known | given
    if isinstance(known.get("kind"), dict) and "kind" in given:
        asked["kind"] = known["kind"] | given["kind"]
    if "data" not in asked and not (resume and out is not None):
        stop("no table is given", hint="glassgrad train table.csv --target column")
    folder = Folder(out if out is not None else default_folder(str(asked["data"]), resume=resume))
    if resume:
        return folder, _resumed(folder, asked, where)
    if "target" not in asked:
        stop("no target is given: which column is to be learnt?", hint="--target column" + _columns_of(asked["data"]))
    settings = Settings.of(asked, where)
    folder.check_free(overwrite=overwrite)
    return folder, settings


def _resumed(folder: "Folder", asked: dict[str, Any], where: str) -> "Settings":
    """The settings of the unfinished run; only the number of epochs may be another one now."""
    from glassgrad.train.job import Settings

    before = folder.settings_of_unfinished()
    own = Settings.of(before, str(folder.unfinished / "config.toml"))
    now = Settings.of(before | asked, where)
    for name in {**own.values(), **now.values()}:
        old, new = own.values().get(name), now.values().get(name)
        if old != new and name != "epochs":
            stop(
                f"the unfinished run has {name} = {old}, and now it is {new}",
                hint="--resume goes on with the settings of the run; without it a new run begins",
            )
    return now


def _columns_of(data: str) -> str:
    """The columns of a table, for a hint; nothing where it cannot be read."""
    from glassgrad.base.errors import GlassgradError
    from glassgrad.train.tabular.reading import read

    names = []
    try:
        names = read(data).columns
    except GlassgradError as error:
        stop(error.message, hint=error.hint)
    return f", one of {', '.join(names[:30])}" + (" …" if len(names) > 30 else "")


def _sizes(text: str | None) -> list[int] | None:
    """`64,32`; nothing between means no hidden layer, a linear model."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        stop(f"--hidden is {text!r}, and sizes are whole numbers", hint="--hidden 64,32")


def _rate(text: str | None) -> float | str | None:
    if text is None or text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        stop(f"--lr is {text!r}", hint="a number, as 0.001, or auto")


def _kinds(words: list[str] | None) -> dict[str, str] | None:
    found = {}
    for word in words or ():
        name, equals, kind = word.rpartition("=")
        if not equals or not name:
            stop(f"--kind is {word!r}", hint="column=kind, as zip=category; kinds are number, category, date, drop")
        found[name] = kind
    return found or None


# ------------------------------------------------------------------ what happens
def _trained(folder: "Folder", settings: "Settings", *, resume: bool) -> dict[str, Any]:
    from glassgrad.train.job import learn, material, write_results

    screen = console()
    try:
        with waiting(screen, f"reading {settings.data}", is_long=is_large(settings.data)) as said:
            made = material(settings, said)
        columns_table(screen, made)
        learnt = learn(made, settings, folder.checkpoints, training_lines(screen), resume=resume)
        with waiting(screen, "writing the report"):
            summary = write_results(folder, settings, made, learnt)
    except KeyboardInterrupt:
        _interrupted(folder)
    scores_table(screen, learnt.scores, summary)
    if not (folder.path / "plots").exists():
        screen.print("no plots/: matplotlib is not installed; the report has the plots")
    say(f"the report: {folder.path / 'report.html'}")
    return summary


def is_large(data: str) -> bool:
    """Does reading this file take more than a moment?"""
    path = Path(data)
    return path.is_file() and path.stat().st_size > _LARGE


def _interrupted(folder: "Folder") -> None:
    """Says how to go on, where there is something to go on with."""
    if folder.is_kept:
        stop(
            f"interrupted; what was learnt so far is kept in {folder.unfinished}",
            hint=f"to go on: glassgrad train --resume --out {folder.path}",
            code=INTERRUPTED,
        )
    stop("interrupted before there was anything to keep", code=INTERRUPTED)
