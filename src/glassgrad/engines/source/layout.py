"""Long lines folded at brackets and operators, as a formatter does. Floor 4."""

_OPEN, _CLOSE = "([{", ")]}"
_OPERATORS = (" + ", " - ", " * ", " / ", " @ ")


def folded(line: str, width: int) -> str:
    """The line over several lines where it is longer than `width`."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    head, equals, right = _split_assignment(line)
    if line.lstrip().startswith("def "):
        return _folded_call(indent, line.strip(), width)
    if line.lstrip().startswith("return "):
        head, equals, right = f"{indent}return", " ", line.strip()[len("return ") :]
    if not equals:
        return line
    parts = _terms(right)
    if len(parts) > 1:
        inner = indent + "    "
        terms = [folded_part(inner + part, width) for part in parts]
        return f"{head}{equals}(\n" + "\n".join(terms) + f"\n{indent})"
    return head + equals + _folded_call(indent, right, width).lstrip()


def folded_part(line: str, width: int) -> str:
    """One term on its own line, folded at its arguments where it is too long."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return _folded_call(indent, line.strip(), width)


def _split_assignment(line: str) -> tuple[str, str, str]:
    for sign in (" = ", " += ", " -= "):
        head, found, right = line.partition(sign)
        if found and not any(c in head for c in _OPEN):
            return head, found, right
    return line, "", ""


def _terms(text: str) -> list[str]:
    """The operands of the loosest operator outside brackets, each but the first with its operator in front."""
    for signs in ((" + ", " - "), (" * ", " / ", " @ ")):
        places = [place for place in _outside(text) if text[place : place + 3] in signs]
        if places:
            starts = [0, *[place + 1 for place in places]]
            return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [text]


def _outside(text: str) -> list[int]:
    """The places outside all brackets and strings."""
    depth, quote, found = 0, "", []
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth == 0:
            found.append(place)
    return found


def _folded_call(indent: str, text: str, width: int) -> str:
    """`f(a, b)` with an argument a line, where the text ends with a call's bracket."""
    ends = text.rstrip(":,")
    if not ends or ends[-1] not in _CLOSE:
        return indent + text
    outside = set(_outside(ends))
    opening = next(
        (
            place
            for place in range(len(ends))
            if place not in outside and ends[place] in _OPEN and _matching(ends, place) == len(ends) - 1
        ),
        None,
    )
    if opening is None or opening == len(ends) - 2:
        return indent + text
    inside = ends[opening + 1 : -1]
    arguments = _arguments(inside)
    inner = indent + "    "
    lines = [
        folded_part(f"{inner}{argument},", width) if len(arguments) > 1 else folded_part(inner + argument, width)
        for argument in arguments
    ]
    return f"{indent}{ends[: opening + 1]}\n" + "\n".join(lines) + f"\n{indent}{ends[-1]}{text[len(ends) :]}"


def _matching(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        if text[place] in _OPEN:
            depth += 1
        elif text[place] in _CLOSE:
            depth -= 1
            if depth == 0:
                return place
    return -1


def _arguments(text: str) -> list[str]:
    commas = [place for place in _outside(text) if text[place] == ","]
    starts = [0, *[place + 1 for place in commas]]
    return [part for a, b in zip(starts, [*commas, len(text)], strict=True) if (part := text[a:b].strip())]
