"""When a run on a copy has had its time. Floor 7."""

FEWEST = 50  # steps: fewer say nothing …
PATIENCE = 2  # … so they may take so many times the seconds


def is_over(steps: int, spent: float, seconds: float | None) -> bool:
    """Is the time of a run over that made these steps in `spent` seconds? None: it has no limit.

    >>> is_over(60, 1.1, 1.0), is_over(20, 1.1, 1.0), is_over(20, 2.1, 1.0), is_over(0, 9.9, 1.0)
    (True, False, True, False)
    """
    if seconds is None or not steps:
        return False
    return spent > seconds * (1 if steps >= FEWEST else PATIENCE)
