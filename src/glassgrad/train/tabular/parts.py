"""The parts of a preparation: numbers, dates, categories; each makes some of the inputs, by scikit-learn. Floor 7."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from glassgrad.train.tabular.cells import as_days, as_numbers, as_words, levels_and_codes
from glassgrad.train.tabular.columns import Column, rare_below
from glassgrad.train.tabular.extremes import outside, reach_of

if TYPE_CHECKING:
    import polars as pl

Role: TypeAlias = Literal["numbers", "dates", "categories", "many categories"]
MISSING_LEVEL = "(missing)"
MOST_LEVELS = 32  # that get an input of their own
MOST_ROWS = 2**17  # from which on medians, deviations and bends are those of a part of them
_SKEWED = 2.0  # from which skewness on numbers are bent
_FAR = 10.0  # deviations from the mean, where inputs end
_YEAR = 365.2425  # days


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of one role, what they were fitted to, and the names of the inputs that they become."""

    role: Role
    columns: tuple[Column, ...]
    steps: dict[str, Any]  # fitted transformers of scikit-learn, by what they do
    names: tuple[str, ...]
    options: dict[str, Any]  # further facts, as JSON holds them

    def inputs(self, table: "pl.DataFrame") -> np.ndarray:
        """(row, input) float32."""
        match self.role:
            case "numbers":
                return _numbers(_cells(table, self.columns), self.steps, self.options)
            case "dates":
                return _dates(_cells(table, self.columns), self.steps, self.options)
            case "categories":
                return _of_words(table, self.columns, [_widths(self.steps)], lambda words: _levels(words, self.steps))
            case _:
                widths = [_widths(self.steps), [1] * len(self.columns)]
                return _of_words(table, self.columns, widths, lambda words: _many(words, self.steps))


def _cells(table: "pl.DataFrame", columns: Sequence[Column]) -> np.ndarray:
    """(row, column) float64, NaN where there is nothing."""
    found = [
        as_numbers(table[one.name], one.decimal) if one.kind == "number" else days_of(table[one.name], one)
        for one in columns
    ]
    return np.stack(found, axis=1)


def days_of(cells: "pl.Series", column: Column) -> np.ndarray:
    """(row,) days; a column of whole numbers holds dates as YYYYMMDD."""
    return as_days(as_words(cells) if cells.dtype.is_numeric() else cells, column.formats)


def _words(table: "pl.DataFrame", columns: Sequence[Column]) -> np.ndarray:
    """(row, column) of words as objects, one object for all that are alike."""
    found = np.empty((len(table), len(columns)), object)
    for place, one in enumerate(columns):
        words = as_words(table[one.name], one.width)
        apart = levels_and_codes(words)
        if apart is None:
            found[:, place] = words.fill_null(MISSING_LEVEL).to_list()
        else:
            levels, codes = apart
            found[:, place] = np.array([*levels.to_list(), MISSING_LEVEL], object)[codes]
    return found


def _of_words(
    table: "pl.DataFrame",
    columns: Sequence[Column],
    widths: list[list[int]],
    transform: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """(row, input) of categories: the different words are transformed, and each row gets those of its own.

    `widths` are how many inputs there are of each column, in each of the groups that a row of inputs has.
    """
    apart = [levels_and_codes(as_words(table[one.name], one.width)) for one in columns]
    known = [one for one in apart if one is not None]
    if len(known) < len(columns):  # short tables, and words that hardly come again
        return transform(_words(table, columns))
    levels = np.full((max(len(levels) for levels, _ in known) + 1, len(columns)), MISSING_LEVEL, object)
    for place, (words, _) in enumerate(known):
        levels[: len(words), place] = words.to_list()
    inputs = transform(levels)
    found, start = np.empty((len(table), inputs.shape[1]), np.float32), 0
    for group in widths:
        for width, (_, codes) in zip(group, known, strict=True):
            found[:, start : start + width] = inputs[codes, start : start + width]
            start += width
    return found


def rows_to_fit(table: "pl.DataFrame", most: int) -> "pl.DataFrame":
    """The rows of a long table that medians and frequencies are taken from, drawn by chance."""
    if len(table) <= most:
        return table
    return table[np.sort(np.random.default_rng(0).choice(len(table), most, replace=False))]


# ------------------------------------------------------------------ numbers
def fit_numbers(table: "pl.DataFrame", columns: tuple[Column, ...]) -> Part:
    """Medians for what is missing and an input that says so, a bend for skewed numbers, mean 0 and deviation 1."""
    from sklearn.impute import MissingIndicator, SimpleImputer  # with the first preparation
    from sklearn.preprocessing import PowerTransformer, StandardScaler

    reach, ends = _reaches(table, columns)
    raw = _ended(_cells(rows_to_fit(table, MOST_ROWS), columns), ends)
    fill = SimpleImputer(strategy="median", keep_empty_features=True).fit(raw)
    absent = MissingIndicator(features="missing-only", error_on_new=False).fit(raw)
    whole = fill.transform(raw)
    bent = [place for place in range(raw.shape[1]) if _is_skewed(whole[:, place])]
    steps = {"fill": fill, "absent": absent}
    if bent:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflows on the way to the best bend
            steps["bend"] = PowerTransformer(standardize=False).fit(_centred(whole[:, bent], whole[:, bent])[0])
        options = {"bent": bent, "units": _centred(whole[:, bent], whole[:, bent])[1]}
    else:
        options = {"bent": [], "units": []}
    options |= {"reach": reach, "ends": ends}
    steps["scale"] = StandardScaler().fit(_bent(whole, steps, options))
    names = [one.name for one in columns]
    names += [f"{columns[place].name} is missing" for place in absent.features_.tolist()]
    return Part("numbers", columns, steps, tuple(names), options)


def _reaches(
    table: "pl.DataFrame", columns: tuple[Column, ...]
) -> tuple[list[tuple[float, float]], list[tuple[float, float] | None]]:
    """From where to where the numbers of each column go, and the same only where some lie far outside."""
    reach, ends = [], list[tuple[float, float] | None]()
    for one in columns:
        numbers = as_numbers(table[one.name], one.decimal)
        reach.append(reach_of(numbers))
        ends.append(reach[-1] if outside(numbers, reach[-1]).any() else None)
    return reach, ends


def _ended(raw: np.ndarray, ends: Sequence[Sequence[float] | None]) -> np.ndarray:
    """Numbers far beyond all others become the last of the others, in the columns where the training had such."""
    if not any(ends):
        return raw
    low, high = np.array([(-np.inf, np.inf) if one is None else tuple(one) for one in ends]).T
    found: np.ndarray = np.clip(raw, low, high)
    return found


def _is_skewed(numbers: np.ndarray) -> bool:
    """Are they far from symmetric, and more than a few values?"""
    deviation = numbers.std()
    if deviation == 0 or len(np.unique(numbers[:10_000])) < 10:
        return False
    with np.errstate(all="ignore"):
        skewness = np.mean(((numbers - numbers.mean()) / deviation) ** 3)
    return bool(abs(skewness) > _SKEWED)


def _centred(numbers: np.ndarray, fitted: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """The numbers in units of their middle size, so that a bend is one of order 1."""
    units = [float(np.median(np.abs(column)) or np.mean(np.abs(column)) or 1.0) for column in fitted.T]
    return numbers / np.array(units), units


def _bent(whole: np.ndarray, steps: dict[str, Any], options: dict[str, Any]) -> np.ndarray:
    if not options["bent"]:
        return whole
    found = whole.copy()
    with np.errstate(all="ignore"):
        curved = steps["bend"].transform(whole[:, options["bent"]] / np.array(options["units"]))
    found[:, options["bent"]] = np.nan_to_num(curved, nan=0.0)
    return found


def _numbers(raw: np.ndarray, steps: dict[str, Any], options: dict[str, Any]) -> np.ndarray:
    raw = _ended(raw, options.get("ends", ()))
    with np.errstate(over="ignore"):  # what is beyond all numbers is clipped
        scaled = steps["scale"].transform(_bent(steps["fill"].transform(raw), steps, options))
    return np.concatenate([np.clip(scaled, -_FAR, _FAR), steps["absent"].transform(raw)], axis=1, dtype=np.float32)


# ------------------------------------------------------------------ dates
def fit_dates(table: "pl.DataFrame", columns: tuple[Column, ...]) -> Part:
    """Years gone by, and where in the year, the week and the day it is, as points on circles."""
    from sklearn.impute import SimpleImputer  # with the first preparation
    from sklearn.preprocessing import StandardScaler

    raw = _cells(rows_to_fit(table, MOST_ROWS), columns)
    steps = {"fill": SimpleImputer(strategy="median", keep_empty_features=True).fit(raw)}
    days = steps["fill"].transform(raw)
    circles: list[tuple[int, str]] = []
    for place in range(days.shape[1]):
        column = days[:, place]
        circles += [(place, "year")] if np.ptp(column) > 45 else []
        circles += [(place, "week")] if len(np.unique(np.floor(column) % 7)) > 1 else []
        circles += [(place, "day")] if np.any(column != np.floor(column)) else []
    absent = [place for place in range(raw.shape[1]) if not np.isfinite(raw[:, place]).all()]
    options = {"circles": circles, "absent": absent}
    steps["scale"] = StandardScaler().fit(days)
    names = [f"{one.name} in years" for one in columns]
    names += [f"{columns[place].name} {what} {way}" for place, what in circles for way in ("sine", "cosine")]
    names += [f"{columns[place].name} is missing" for place in absent]
    return Part("dates", columns, steps, tuple(names), options)


_PERIODS = {"year": _YEAR, "week": 7.0, "day": 1.0}


def _dates(raw: np.ndarray, steps: dict[str, Any], options: dict[str, Any]) -> np.ndarray:
    days = steps["fill"].transform(raw)
    found = [np.clip(steps["scale"].transform(days), -_FAR, _FAR)]
    for place, what in options["circles"]:
        column = days[:, place] if what != "week" else np.floor(days[:, place])
        angle = 2 * np.pi * np.mod(column, _PERIODS[what]) / _PERIODS[what]
        found.append(np.stack([np.sin(angle), np.cos(angle)], axis=1))
    found += [~np.isfinite(raw[:, [place]]) for place in options["absent"]]
    return np.concatenate(found, axis=1, dtype=np.float32)


# ------------------------------------------------------------------ categories
def has_many_levels(cells: "pl.Series", column: Column) -> bool:
    """Are there more levels than get inputs of their own, the rare ones aside?"""
    counts = as_words(cells, column.width).value_counts()["count"].to_numpy()
    return int(np.sum(counts >= rare_below(len(cells)))) > MOST_LEVELS


def fit_categories(table: "pl.DataFrame", columns: tuple[Column, ...]) -> Part:
    """An input for each level; rare levels share one, which unseen ones get as well (all zeros where there is none)."""
    encoder = _one_for_each(len(table), [_counts(table, one) for one in columns])
    return Part("categories", columns, {"one for each": encoder}, tuple(_names(encoder, columns)), {})


def _counts(table: "pl.DataFrame", column: Column) -> tuple[np.ndarray, np.ndarray]:
    """The levels of a column in the order of the alphabet, and how many cells each has."""
    found = as_words(table[column.name], column.width).fill_null(MISSING_LEVEL).value_counts().sort(column.name)
    return np.array(found[column.name].to_list(), object), found["count"].to_numpy().astype(np.int64)


def _alike_in_few_rows(counted: list[tuple[np.ndarray, np.ndarray]], rare: int) -> np.ndarray:
    """(row, column) of levels: few, with the same ones frequent and rare in the same order, for the encoder to count.

    A level that is not rare comes as often as a rare one at most, and the most frequent ones more often by their rank.
    """
    found = []
    for levels, counts in counted:
        kept = np.minimum(counts, rare)
        top = np.argsort(-counts, kind="stable")[: MOST_LEVELS + 1]
        kept[top] += np.where(counts[top] >= rare, np.unique(counts[top], return_inverse=True)[1] + 1, 0)
        found.append(np.repeat(levels, kept))
    length = max(map(len, found))
    filling = [levels[counts.argmax()] for levels, counts in counted]
    return np.stack(
        [
            np.append(cells, np.full(length - len(cells), most, object))
            for cells, most in zip(found, filling, strict=True)
        ],
        axis=1,
    )


def _one_for_each(rows: int, counted: list[tuple[np.ndarray, np.ndarray]]) -> Any:
    from sklearn.preprocessing import OneHotEncoder  # with the first preparation

    rare = rare_below(rows)
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=rare,
        max_categories=MOST_LEVELS,
        sparse_output=False,
        dtype=np.float32,
    )
    return encoder.fit(_alike_in_few_rows(counted, rare))


def _names(encoder: Any, columns: tuple[Column, ...]) -> list[str]:
    """Column = level, for each input of the encoder, in its order: the frequent levels, then the rare ones."""
    found = []
    for column, levels, rare in zip(columns, encoder.categories_, encoder.infrequent_categories_, strict=True):
        together = set() if rare is None else set(rare.tolist())
        found += [f"{column.name} = {level}" for level in levels.tolist() if level not in together]
        found += [f"{column.name} = (rare)"] if together else []
    return found


def fit_many(table: "pl.DataFrame", columns: tuple[Column, ...]) -> Part:
    """The most frequent levels each with an input, the others together, and one input with the rank of all."""
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    counted = [_counts(table, one) for one in columns]
    encoder = _one_for_each(len(table), counted)
    levels = [found[np.argsort(-counts, kind="stable")] for found, counts in counted]
    words = _words(rows_to_fit(table, MOST_ROWS), columns)
    rank = OrdinalEncoder(
        categories=levels, handle_unknown="use_encoded_value", unknown_value=max(map(len, levels)), dtype=np.float64
    ).fit(words)
    steps = {"one for each": encoder, "rank": rank, "scale": StandardScaler().fit(rank.transform(words))}
    names = _names(encoder, columns) + [f"{one.name} by frequency" for one in columns]
    return Part("many categories", columns, steps, tuple(names), {})


def _widths(steps: dict[str, Any]) -> list[int]:
    """How many inputs the levels of each column have."""
    encoder = steps["one for each"]
    rare = [0 if one is None else len(one) for one in encoder.infrequent_categories_]
    return [len(one) - count + (count > 0) for one, count in zip(encoder.categories_, rare, strict=True)]


def _levels(words: np.ndarray, steps: dict[str, Any]) -> np.ndarray:
    return np.asarray(steps["one for each"].transform(words), np.float32)


def _many(words: np.ndarray, steps: dict[str, Any]) -> np.ndarray:
    ranks = np.clip(steps["scale"].transform(steps["rank"].transform(words)), -_FAR, _FAR)
    return np.concatenate([_levels(words, steps), ranks], axis=1, dtype=np.float32)
