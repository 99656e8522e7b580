"""What values are called and which line of the person's code they come from. Floor 4."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from glassgrad.graph.node import Node
from glassgrad.graph.notes import Backward, Notes
from glassgrad.ops.leaves import LITERAL, PROJECT

_LONGEST_LINE = 60


@dataclass(eq=False, slots=True)
class Names:
    """One name for each value: the person's own where there is one, otherwise t1, t2 and so on."""

    notes: Notes
    of: dict[Node, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def give(self, known: Mapping[Node, str]) -> None:
        """These names as they are."""
        self.of.update(known)
        self.used.update(known.values())

    def is_named(self, node: Node) -> bool:
        """Has a person named the value?"""
        return node in self.notes.names

    def name(self, node: Node) -> str:
        """The value's name."""
        found = self.of.get(node)
        if found is None:
            found = self.of[node] = self._fresh(self._wanted(node))
        return found

    def _wanted(self, node: Node) -> str:
        own = self.notes.names.get(node)
        if own is None and node.op is PROJECT and node.inputs[0] in self.of:
            return f"{self.of[node.inputs[0]]}_{node.param('index')}"
        return own or ""

    def _fresh(self, wanted: str) -> str:
        if wanted and wanted not in self.used:
            self.used.add(wanted)
            return wanted
        base, number = wanted + "_" if wanted else "t", 2 if wanted else 1
        while f"{base}{number}" in self.used:
            number += 1
        self.used.add(f"{base}{number}")
        return f"{base}{number}"

    def source(self, node: Node) -> str:
        """The person's line that the value comes from: `model.py:12   h = np.tanh(z)`, or nothing where unknown."""
        if node.op is LITERAL:
            return ""
        location = self.notes.location(node)
        if location is None:
            return ""
        text = location.text if len(location.text) <= _LONGEST_LINE else location.text[: _LONGEST_LINE - 1] + "…"
        words = "gradient of " if isinstance(self.notes.origins.get(node), Backward) else ""
        return f"{words}{Path(location.file).name}:{location.line}   {text}".rstrip()
