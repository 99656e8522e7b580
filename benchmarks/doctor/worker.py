"""A process that examines cases: a line of JSON in, a line of JSON out, until it is stopped."""

import json
import sys
import traceback
import warnings
from contextlib import redirect_stdout
from dataclasses import asdict

from benchmarks.doctor.examined import Examined, examined


def main() -> None:
    """Reads [name, framework, seed, with cures or without, seconds] from each line of stdin."""
    warnings.simplefilter("ignore")
    out = sys.stdout
    for line in sys.stdin:
        name, framework, seed, cures, seconds = json.loads(line)
        try:
            with redirect_stdout(sys.stderr):
                found = examined(name, framework, seed, cures=cures, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - an examination that raises is a result
            place = traceback.extract_tb(error.__traceback__)[-1]
            says = f"{type(error).__name__}: {error} ({place.filename.rpartition('/')[2]}:{place.lineno})"
            found = asdict(Examined(name, framework, seed, error=says.replace("\n", " ")[:400]))
        print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
