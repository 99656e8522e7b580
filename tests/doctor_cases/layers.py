"""The words for layers, read into a list. `in_torch.py` and `in_own.py` build them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A layer: its name, its numbers, and the layers inside it."""

    name: str
    numbers: tuple[float, ...] = ()
    inner: tuple["Word", ...] = ()

    @property
    def size(self) -> int:
        """Its first number, a size."""
        return int(self.numbers[0])


def read(text: str) -> tuple[Word, ...]:
    """`2 * (linear 8, relu), linear 1` as words.

    >>> [word.name for word in read("2 * (linear 8, relu), linear 1")]
    ['linear', 'relu', 'linear', 'relu', 'linear']
    """
    tokens = iter(re.findall(r"[a-z_]+|[-\d.]+|[*(),]", text))
    return tuple(_until(tokens, end=""))


def _until(tokens: Iterator[str], end: str) -> Iterator[Word]:
    name, numbers, count = "", [], 1
    for token in tokens:
        if token == "*":
            count = int(numbers.pop())
        elif token == "(":
            inner = tuple(_until(tokens, end=")"))
            yield from (inner * count if not name else (Word(name, tuple(numbers), inner),))
            name, numbers, count = "", [], 1
        elif token in (",", ")"):
            if name:
                yield Word(name, tuple(numbers))
            name, numbers = "", []
            if token == end:
                return
        elif token[0].isalpha():
            name = token
        else:
            numbers.append(float(token))
    if name:
        yield Word(name, tuple(numbers))
