"""A formula may begin with a minus, `glassgrad derive "-x**2"`, which is no option."""

from typing import Any

from typer.core import TyperCommand


class FormulaCommand(TyperCommand):
    """A command whose one argument is a formula."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Moves a formula that begins with a minus behind `--`, where nothing is read as an option."""
        place = self._minus_formula(args)
        if place is not None:
            args = [*args[:place], *args[place + 1 :], "--", args[place]]
        return super().parse_args(ctx, args)

    def _minus_formula(self, args: list[str]) -> int | None:
        """Its position; None where some other word is the formula already."""
        takes_value = {name: not getattr(option, "is_flag", False) for option in self.params for name in option.opts}
        found, skip = None, False
        for place, word in enumerate(args):
            if skip:
                skip = False
            elif word in takes_value or word in ("-h", "--help"):
                skip = takes_value.get(word, False)
            elif not word.startswith("-") or word == "--":
                return None
            elif not word.startswith("--") and found is None:
                found = place
        return found
