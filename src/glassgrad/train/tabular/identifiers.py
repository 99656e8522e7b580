"""Columns that name rows or things – row numbers, customers, UUIDs – by their values and their names. Floor 7.

A network learns such a column by heart and nothing from it, so it is left out; a person may overrule that.
"""

import re

import numpy as np

ENOUGH = 10  # rows from which values that are all different say something
_EXPECTED = 30.0  # numbers that chance would repeat, at least
_SHARE = 0.1  # of these that may repeat
_NAMED = re.compile(
    r"(^|[_\s.-])(id|ids|uuid|guid|key|index|idx|rownames?|row_?number|nr|no|number|code)$", re.IGNORECASE
)
_CAMEL = re.compile(r"[a-z](ID|Id|UUID|Key|Nr|No)$|^(ID|Id)$|^column_1$|^Unnamed: ?0$|^$")
_STRICT = re.compile(r"(^|[_\s.-])(id|ids|uuid|guid)$", re.IGNORECASE)
_STRICT_CAMEL = re.compile(r"[a-z](ID|Id|UUID|Uuid|GUID|Guid)$")


def may_be_named_so(name: str) -> bool:
    """Is it a name that identifiers have, and other columns too: index, code, number?"""
    return bool(_NAMED.search(name) or _CAMEL.search(name))


def is_named_so(name: str) -> bool:
    """Is it a name that only identifiers have: id, customer_id, orderId, uuid?

    >>> is_named_so("customer_id"), is_named_so("orderID"), is_named_so("paid"), is_named_so("house_number")
    (True, True, False, False)
    """
    return bool(_STRICT.search(name) or _STRICT_CAMEL.search(name))


def repeated_by_chance(numbers: np.ndarray) -> float:
    """How many of these whole numbers would repeat another at least, had chance drawn each from their range.

    Numbers that come about evenly in their range repeat the least; whatever prefers some of it repeats more. The mean
    number of different ones of n draws from R is R (1 - (1 - 1/R)^n): W. Feller, An Introduction to Probability Theory
    I (1968), chapter II.5.

    >>> round(repeated_by_chance(np.arange(1000))), round(repeated_by_chance(np.arange(0, 1_000_000, 1000)))
    (368, 0)
    """
    count, width = len(numbers), float(numbers.max() - numbers.min()) + 1
    return count + width * float(np.expm1(count * np.log1p(-1 / width))) if width > 1 else count - 1.0


def are_different_on_purpose(numbers: np.ndarray, distinct: int) -> bool:
    """Are whole numbers different where chance would have repeated many of them: counted or given out?"""
    expected = repeated_by_chance(numbers)
    return expected >= _EXPECTED and len(numbers) - distinct <= _SHARE * expected
