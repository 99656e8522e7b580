"""What has been measured so far, as a file that is whole at every moment: who breaks off keeps the rows before."""

import json
from pathlib import Path
from typing import Any


def keep(place: Path | None, found: Any) -> None:
    """Writes all that was found in place of what was there; does nothing without a place."""
    if place is None:
        return
    from glassgrad.base.files import whole  # not before the libraries' variables are set: it loads NumPy

    place.parent.mkdir(parents=True, exist_ok=True)
    with whole(place) as part:
        part.write_text(json.dumps(found, indent=1), encoding="utf-8")
