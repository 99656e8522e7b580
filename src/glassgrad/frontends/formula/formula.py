"""`read_formula`: the text of a formula -> a checked, canonical `Formula`. Floor 5."""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from glassgrad.frontends.formula.canonical import Application, Canonizer
from glassgrad.frontends.formula.grammar import parse
from glassgrad.frontends.formula.nodes import variables as variables_of

_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as it was written, and what it means.

    `tree` has only variables, numbers, `+ - * / // % **`, single comparisons, the constants `np.pi`, `np.e`, `np.inf`,
    `np.nan`, `np.euler_gamma`, and calls of the functions in `FUNCTIONS`. Its nodes carry the character columns of
    `source`. A node may stand in it twice: walk it with `nodes.in_order`. `applied` lists where another formula
    was written with arguments, `h(t)`: its name, the arguments, the place.
    """

    name: str | None
    parameters: tuple[str, ...]
    source: str
    tree: ast.expr
    free: tuple[str, ...]
    notes: tuple[str, ...]
    applied: tuple[Application, ...] = ()


def read_formula(
    source: str, variables: Collection[str] = (), functions: Mapping[str, tuple[str, ...]] = _NONE
) -> Formula:
    """Read a formula in Python's syntax with NumPy's, SymPy's and math's names, `^`, `2x`, `|x|` and the like.

    `variables` are names known to be numbers, even where a constant or function has the same name (`E`, `beta`).
    `functions` are the names of other formulas with their parameters, so that `h(t)` can stand for `h`.

    Raises:
        FormulaError: the text cannot be read; the message has a caret under the place.

    Example:
        >>> formula = read_formula("p(h) = 101325 exp(-h/H)")
        >>> formula.name, formula.free, ast.unparse(formula.tree)
        ('p', ('h', 'H'), '101325 * np.exp(-h / H)')
        >>> formula.notes
        ('read `101325 exp` as `101325*exp`',)
    """
    parsed = parse(source, (*variables, *functions))
    canonizer = Canonizer(parsed, source, variables, functions)
    tree = canonizer.run()
    notes = tuple(dict.fromkeys((*parsed.notes, *canonizer.notes)))
    free = variables_of(tree)
    return Formula(parsed.name, parsed.parameters, source, tree, free, notes, tuple(canonizer.applied))
