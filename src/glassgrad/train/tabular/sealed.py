"""JSON files with a checksum of what they say: a file that was changed or damaged is told from a whole one. Floor 7."""

import hashlib
import json
from pathlib import Path
from typing import Any

from glassgrad.base.errors import CheckpointError


def write_sealed(path: Path, facts: dict[str, Any]) -> None:
    """Writes facts, and the checksum of them."""
    text = json.dumps({**facts, "checksum": _checksum(facts)}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_sealed(path: Path, what: str) -> dict[str, Any]:
    """The facts in a file. Raises CheckpointError where it is none, of another format than `what`, or not whole."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", hint="a folder that `save` wrote") from None
    if not isinstance(facts, dict) or facts.get("format") != what:
        raise CheckpointError(f"{path} is no {what}")
    if facts.pop("checksum", None) != _checksum(facts):
        raise CheckpointError(
            f"{path} is damaged: it is not what was written", hint="train again; what is saved is not changed by hand"
        )
    return facts


def _checksum(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
