"""`glassgrad predict`: predictions of a trained network for a table, as CSV."""

from pathlib import Path
from typing import Annotated

import typer

from glassgrad.base.errors import TableError
from glassgrad.cli.output import as_json, give, say, stop
from glassgrad.cli.table_errors import table_errors
from glassgrad.cli.training_tables import console, known_table, waiting


def predict(
    folder: Annotated[Path, typer.Argument(help="a folder that `glassgrad train` wrote", metavar="DIR")],
    data: Annotated[str, typer.Argument(help="the table: .csv, .tsv, .parquet or .npz", metavar="DATA")],
    out: Annotated[Path | None, typer.Option(help="write to this file, .csv or .parquet, instead of stdout")] = None,
    keep: Annotated[list[str] | None, typer.Option(metavar="COL", help="copy this column of DATA (repeat)")] = None,
    separator: Annotated[str | None, typer.Option(help="between the values of a line; by default found out")] = None,
    json_: Annotated[bool, typer.Option("--json", help="give JSON")] = False,
) -> None:
    """Predicts a table's rows, in their order: the prediction, and the probability of each class."""
    with table_errors():
        from glassgrad.train.job import compared, load_network, predictions, write_parquet
        from glassgrad.train.tabular.frames import normal
        from glassgrad.train.tabular.reading import read

        if json_ and out is not None and out.suffix == ".parquet":
            stop("--json gives JSON, and Parquet is something else", hint="--out with another ending, or no --json")
        screen = console()
        notes: list[str] = []
        network = load_network(folder)
        with waiting(screen, f"reading {data}"):
            table = read(data, separator, notes=notes, marks=network.preparation.plan.marks)
        found = predictions(network, table, [normal(name) for name in keep or ()])
        for note in (*notes, *network.preparation.notes(table)):
            say(f"! {note}")
        if json_:
            give(as_json({"target": network.preparation.plan.target.name, "rows": found.to_dicts()}), out)
        elif out is not None and out.suffix == ".parquet":
            write_parquet(found, out)
            say(f"wrote {out}")
        else:
            give(found.write_csv(), out)
        try:
            known = compared(network, table)
        except TableError as error:
            say(f"! predictions are not compared with the target: {error.message}")
            known = None
        if known is not None:
            known_table(screen, *known)
