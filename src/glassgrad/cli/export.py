"""`glassgrad export`: a trained network as NumPy source, as an ONNX file or as PyTorch source."""

from pathlib import Path
from typing import Annotated

import typer

from glassgrad.cli.output import as_json, give, say
from glassgrad.cli.table_errors import table_errors


def export(
    folder: Annotated[Path, typer.Argument(help="a folder that `glassgrad train` wrote", metavar="DIR")],
    to: Annotated[str, typer.Option(help="numpy, onnx or torch", metavar="FORM")],
    out: Annotated[Path | None, typer.Option(help="the file to write; by default network.… in DIR")] = None,
    json_: Annotated[bool, typer.Option("--json", help="give JSON")] = False,
) -> None:
    """Writes a trained network as files that need no Glassgrad, and beside them what to feed."""
    with table_errors():
        from glassgrad.train.job import FORMS, export_network, load_network

        network = load_network(folder)
        path = out if out is not None else folder / FORMS.get(to, ("network", None))[0]
        written = export_network(network, to, path)
        if json_:
            give(as_json({"to": to, "files": [str(place) for place in written]}), None)
            return
        for place in written:
            give(str(place), None)
        count = len(network.preparation.feature_names)
        say(
            f"the table's preparation is not part of it: feed {count:,} prepared inputs, listed in "
            f"{written[-1]}, which also says what the outputs mean"
        )
