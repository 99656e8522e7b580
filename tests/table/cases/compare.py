"""Cases for comparisons and logic."""

from tests.table.case import elementwise

CASES = [
    *elementwise("less less_equal greater greater_equal equal not_equal"),
]
