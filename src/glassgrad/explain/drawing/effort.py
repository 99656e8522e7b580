"""A count of elementary steps: what keeps large pictures from taking forever, the same on every machine."""

from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """Steps spent out of a limit. Improvements stop when it is used up; the picture is complete at any time."""

    limit: int
    spent: int = 0

    def spend(self, steps: int) -> None:
        """Counts steps of work."""
        self.spent += steps

    @property
    def is_left(self) -> bool:
        """Whether more improvement is allowed."""
        return self.spent < self.limit
