"""Which steps of a training are looked at closely. Floor 7."""

_SAMPLES = 12


def sampled(steps: int) -> tuple[int, ...]:
    """Which of so many steps are looked at: the first ones, then ever more seldom, and the last.

    >>> sampled(300)
    (0, 1, 2, 4, 8, 42, 85, 128, 170, 213, 256, 299)
    """
    first = [0, 1, 2, 4, 8]
    rest = [round(steps * number / (_SAMPLES - len(first))) - 1 for number in range(1, _SAMPLES - len(first) + 1)]
    return tuple(sorted({step for step in (*first, *rest) if 0 <= step < steps}))
