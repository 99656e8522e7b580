"""infer: what is to be learnt from a table, and from which of its columns; a plan says it in words. Floor 7."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from glassgrad.base.errors import TableError, UsageError
from glassgrad.train.tabular.cells import Decimal
from glassgrad.train.tabular.columns import KINDS, Column, Kind, column_of
from glassgrad.train.tabular.frames import counted, listed
from glassgrad.train.tabular.leaking import Answer
from glassgrad.train.tabular.marks import doubts, marks_of_words
from glassgrad.train.tabular.target import Target, Task, target_of

if TYPE_CHECKING:
    import polars as pl

FORMAT = "glassgrad table plan 1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is learnt (`target`, `task`, `classes`), from which columns, and why; `lines` says it to people."""

    target: Target
    columns: tuple[Column, ...]  # all but the target, in the order of the table
    rows: int
    time_column: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """What kind of target it is: "classification" or "regression"."""
        return self.target.task

    @property
    def classes(self) -> tuple[str, ...]:
        """The words of the classes in the order of their numbers; nothing in a regression."""
        return self.target.classes

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that the network sees."""
        return tuple(column for column in self.columns if column.is_used)

    @property
    def marks(self) -> dict[str, Decimal]:
        """The marks before fractions, for `read` of a table to predict."""
        found = {column.name: column.decimal for column in self.columns if column.kind == "number"}
        return found | ({self.target.name: self.target.decimal} if self.task == "regression" else {})

    @property
    def warnings(self) -> list[str]:
        """What a person should look at."""
        return [*self.notes, *(f"{column.name}: {column.warning}" for column in self.columns if column.warning)]

    def lines(self) -> list[str]:
        """The plan in words, a line for each thing."""
        found = [
            f"{self.target.said()}; {counted(self.rows, 'row')}, {counted(len(self.used), 'column')} to learn from"
        ]
        width = max((len(column.name) for column in self.columns), default=0)
        for kind in KINDS:
            for column in (one for one in self.columns if one.kind == kind):
                missing = f", {column.missing:.1%} missing" if 0 < column.missing < 1 else ""
                left = "" if column.is_used else "not used: "
                found.append(f"  {column.name:<{width}}  {left}{kind}: {column.reason}{missing}")
        return found + [f"! {warning}" for warning in self.warnings]

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON holds it."""
        return {"format": FORMAT, **asdict(self)}

    @staticmethod
    def from_dict(facts: Mapping[str, Any]) -> "Plan":
        """The plan that `to_dict` gave."""
        if facts.get("format") != FORMAT:
            raise TableError("this is no plan of a table", hint=f"its format is {facts.get('format')!r}")
        target = facts["target"]
        return Plan(
            target=Target(**{**target, "classes": tuple(target["classes"]), "counts": tuple(target["counts"])}),
            columns=tuple(Column(**{**one, "formats": tuple(one["formats"])}) for one in facts["columns"]),
            rows=facts["rows"],
            time_column=facts["time_column"],
            notes=tuple(facts["notes"]),
        )


def infer(
    table: "pl.DataFrame",
    target: str,
    task: Task | None = None,
    kinds: Mapping[str, Kind] | None = None,
    time_column: str | None = None,
    marks: Mapping[str, Decimal] | None = None,
) -> Plan:
    """The plan for a table: is `target` a class or a number, and what are the other columns?

    `kinds` overrules what is found: {"zip": "category", "note": "left out"}. The rows come in the order of
    `time_column` where there is one; it is not learnt from. `marks` are those that `read` found. Raises TableError
    where there is nothing to learn.

    >>> import polars as pl
    >>> color = ["red", "blue", "red"] * 8
    >>> table = pl.DataFrame({"id": range(24), "size": range(50, 2, -2), "color": color, "sold": ["yes", "no"] * 12})
    >>> for line in infer(table, "sold").lines():
    ...     print(line)
    sold: classification into 2 classes, 'no' 50.0%, 'yes' 50.0%; 24 rows, 2 columns to learn from
      size   number: whole numbers from 4 to 50
      color  category: 2 values: 'red', 'blue'
      id     not used: identifier: it counts the rows
    """
    kinds = dict(kinds or {})
    _check_names(table, target, kinds, time_column)
    if not len(table):
        raise TableError("the table has no rows")
    known, doubt = marks_of_words(table, marks or {})
    found = target_of(table[target], target, task, known.get(target, "."))
    columns = [
        Column(name, "time", "the rows are ordered by it", distinct=int(table[name].n_unique()))
        if name == time_column and name not in kinds
        else column_of(name, table[name], kinds.get(name), known.get(name, "."))
        for name in table.columns
        if name != target
    ]
    answer = Answer.of(found, table[target])
    checked = tuple(
        column if column.name in kinds else answer.looked_for(column, table[column.name]) for column in columns
    )
    numbers = [column.name for column in checked if column.kind == "number"]
    numbers += [target] if found.task == "regression" else []
    open_ones = [name for name in numbers if name in known and name not in (marks or {})]
    notes = (*doubts(table, known, open_ones, doubt), *_notes(found, table[target]))
    plan = Plan(found, checked, len(table), time_column, notes)
    if not plan.used:
        reasons = "; ".join(f"{column.name}: {column.kind}, {column.reason}" for column in checked[:6])
        raise TableError(
            f"no column is left to learn {target!r} from" + (f" ({reasons})" if reasons else ""),
            hint="kinds={'column': 'category'} overrules what was found" if checked else "the table has one column",
        )
    return plan


def _check_names(table: "pl.DataFrame", target: str, kinds: Mapping[str, Kind], time_column: str | None) -> None:
    names = table.columns
    for name, what in ((target, "target"), *((name, "column") for name in kinds), (time_column, "time column")):
        if name is None or name in names:
            continue
        alike = [other for other in names if str(other).lower().strip() == str(name).lower().strip()]
        alike = alike or get_close_matches(str(name), [str(other) for other in names], 1)
        known = f"did you mean {alike[0]!r}?" if alike else f"the columns are {listed(names, 30)}"
        if len(names) == 1:
            known = f"the only column is {names[0]!r}: is the separator right?"
        raise TableError(f"the table has no {what} {name!r}", hint=known)
    if target in kinds:
        hint = "task='regression' takes it as a number, task='classification' as classes"
        raise UsageError(f"{target!r} is the target, and kinds are those of the other columns", hint=hint)
    if time_column == target:
        raise UsageError(f"{target!r} is the target and the time column")
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise UsageError(f"{name!r} cannot be of the kind {kind!r}", hint=f"kinds are {', '.join(KINDS)}")


def _notes(target: Target, cells: "pl.Series") -> tuple[str, ...]:
    found = [*target.notes(cells)]
    single = [name for name, count in zip(target.classes, target.counts, strict=True) if count == 1]
    if single:
        belongs = "belongs" if len(single) == 1 else "belong"
        found.append(f"{listed(single)} {belongs} to one row only, which stays in training: it cannot be tested")
    return tuple(found)
