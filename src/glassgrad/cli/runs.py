"""`glassgrad runs list | show | compare | export | delete`: what the store of runs holds. Floor 8."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassgrad.cli.output import as_json, give, plain_errors, say, stop

if TYPE_CHECKING:
    from glassgrad.train.store import RunRecord, Store

app = typer.Typer(
    help="Lists, shows, compares, exports and deletes the runs of trainings.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

NOT_DONE = 1


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Form(StrEnum):
    """Where runs can go."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


Place = Annotated[Path | None, typer.Option("--store", help="the store; by default .glassgrad/runs.db")]
AsJson = Annotated[bool, typer.Option("--json", help="give JSON")]
Which = Annotated[str, typer.Argument(help="an id or its beginning, a name, latest, latest~1", metavar="RUN")]
Several = Annotated[list[str], typer.Argument(help="ids or their beginnings, names, latest, latest~1", metavar="RUN…")]


def _open(place: Path | None) -> "Store":
    """The store; one that is named has to exist."""
    from glassgrad.train import store

    if place is not None and not place.exists():
        stop(f"there is no run store at {place}")
    return store.open(place)


@app.command("list")
def list_(
    status: Annotated[list[Status] | None, typer.Option(help="only such runs (repeat for several)")] = None,
    name: Annotated[str | None, typer.Option(help='only names of this pattern: "digits*"')] = None,
    sort: Annotated[str, typer.Option(help="begun, name, or a metric: the best first")] = "begun",
    metric: Annotated[str | None, typer.Option(help="the metric to show; by default the loss")] = None,
    limit: Annotated[int, typer.Option(min=0, help="show so many; 0 shows all")] = 20,
    place: Place = None,
    json_: AsJson = False,
) -> None:
    """Lists runs, the latest first."""
    with plain_errors():
        from glassgrad.cli.runs_view import listing, run_to_dict
        from glassgrad.terminal.table import coloured, terminal_width

        store = _open(place)
        wanted: list[Any] = [each.value for each in status or ()]
        records = store.runs(status=wanted, name=name, sort=sort, limit=limit + 1 if limit else None)
        more = bool(limit) and len(records) > limit
        records = records[: limit or None]
        if json_:
            give(json.dumps([run_to_dict(record) for record in records], ensure_ascii=False), None)
            return
        if not records:
            filters = status or name
            say("no run fits" if filters and store.path.exists() else f"no runs yet in {store.path}")
            return
        shown = metric or (sort if sort not in {"begun", "name"} else None)
        _check_metric(records, metric)
        give(listing(records, shown, width=terminal_width(), colours=coloured()), None)
        if more:
            say(f"… and more: --limit 0 shows all, --limit {2 * limit} twice as many")


def _check_metric(records: "list[RunRecord]", metric: str | None) -> None:
    known = dict.fromkeys(name for record in records for name in record.summaries)
    if metric is not None and metric not in known:
        stop(f"no run has a metric {metric!r}", hint=_meant(metric, list(known)))


def _meant(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:12])}" if known else None


@app.command()
def show(
    which: Which = "latest",
    metric: Annotated[list[str] | None, typer.Option(help="plot this metric; by default the loss")] = None,
    place: Place = None,
    json_: AsJson = False,
) -> None:
    """Shows a run: configuration, versions, metrics, layers, files, and a plot."""
    with plain_errors():
        from glassgrad.cli.runs_view import main_metric, whole_run, whole_run_to_dict
        from glassgrad.terminal.table import coloured, terminal_width

        record = _open(place).run(which)
        for name in metric or ():
            _check_metric([record], name)
        if json_:
            give(as_json(whole_run_to_dict(record)), None)
            return
        usual = main_metric(record.summaries)
        plotted = metric or ([usual] if usual else [])
        give(whole_run(record, plotted, width=terminal_width(), colours=coloured()), None)


@app.command()
def compare(
    which: Several,
    metric: Annotated[str | None, typer.Option(help="plot this metric; by default the loss")] = None,
    place: Place = None,
    json_: AsJson = False,
) -> None:
    """Shows where runs differ, what each reached, and a plot of all."""
    with plain_errors():
        from glassgrad.cli.runs_view import comparison, comparison_to_dict, main_metric
        from glassgrad.terminal.table import coloured, terminal_width
        from glassgrad.train.store import differences

        if len(which) < 2:
            stop("a comparison takes two runs or more", hint="for instance: glassgrad runs compare latest~1 latest")
        store = _open(place)
        records = [store.run(each) for each in which]
        _check_metric(records, metric)
        found = differences(records)
        if json_:
            give(as_json(comparison_to_dict(records, found)), None)
            return
        usual = metric or main_metric(dict.fromkeys(name for record in records for name in record.summaries))
        give(comparison(records, found, usual, width=terminal_width(), colours=coloured()), None)


@app.command()
def export(
    which: Annotated[list[str] | None, typer.Argument(help="ids, names, latest", metavar="RUN…")] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="a file, a folder, or MLflow's address")] = "",
    form: Annotated[Form | None, typer.Option("--to", help="by default what the file's ending says")] = None,
    all_: Annotated[bool, typer.Option("--all", help="all runs of the store")] = False,
    place: Place = None,
    json_: AsJson = False,
) -> None:
    """Writes runs as JSON, CSV, Parquet or TensorBoard event files, or sends them to MLflow."""
    with plain_errors():
        store = _open(place)
        if bool(which) == all_:
            stop("name the runs to export, or all of them by --all")
        if not output:
            stop("say where to: --output runs.json")
        chosen = form.value if form else Path(output).suffix.lstrip(".").lower()
        if chosen not in {each.value for each in Form}:
            forms = ", ".join(each.value for each in Form)
            stop(f"the ending of {output} does not say the format", hint=f"add --to, one of {forms}")
        ids = [record.id for record in store.runs()] if all_ else [store.run(each).id for each in which or ()]
        store.export(ids, Form(chosen).value, output)
        if json_:
            give(as_json({"runs": ids, "to": chosen, "output": output}), None)
        else:
            say(f"wrote {len(ids)} run{'s' if len(ids) != 1 else ''} to {output}")


@app.command()
def delete(
    which: Several,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    place: Place = None,
    json_: AsJson = False,
) -> None:
    """Deletes runs from the store; the files they made stay."""
    with plain_errors():
        store = _open(place)
        records = list({record.id: record for record in (store.run(each) for each in which)}.values())
        count = f"{len(records)} run{'s' if len(records) != 1 else ''}"
        if not yes:
            for record in records:
                say(f"{record.id}  {record.name}  {record.status}")
            if not typer.confirm(f"delete {count}?", err=True):
                say("nothing was deleted")
                raise SystemExit(NOT_DONE)
        store.delete([record.id for record in records])
        if json_:
            give(as_json({"deleted": [record.id for record in records]}), None)
        else:
            say(f"deleted {count}")
