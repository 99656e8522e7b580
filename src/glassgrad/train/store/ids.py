"""Names of runs: nine characters that sort by the time the run began. Floor 7."""

import os
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: without i, l, o, u
_EPOCH = 1_704_067_200  # 2024-01-01, UTC
_TICKS = 32  # a second; seven digits last until 2058
_TIME, _CHANCE = 7, 2  # digits of the time and of chance: two stores seldom give the same id


def new_id(latest: str | None = None) -> str:
    """An id that sorts after `latest`, even where the clock went back.

    >>> len(new_id()), new_id() > "0", new_id("zzzz0000z")
    (9, True, 'zzzz00010')
    """
    tick = max(0, int((time.time() - _EPOCH) * _TICKS))  # a clock that was never set stands at 1970
    number = (tick << 5 * _CHANCE) + int.from_bytes(os.urandom(4)) % 32**_CHANCE
    if latest is not None:
        before = int("".join(f"{_DIGITS.index(digit):05b}" for digit in latest), 2)
        number = max(number, before + 1)
    return "".join(_DIGITS[number >> 5 * place & 31] for place in range(_TIME + _CHANCE - 1, -1, -1))
