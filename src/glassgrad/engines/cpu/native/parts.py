"""The text of a module in parts that can be compiled at the same time, each function written once. Floor 4.

Kernels are many and alike: the layers of a network differ only in the addresses that they are given, and so their
texts differ only in their names. Functions named `k3.range` and `k3.task` belong to `k3` and stay beside it, but for
those that are translated as they stand: many of them make parts of their own, on which LLVM spends no effort.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

_NAME = re.compile(r"@([\w.$]+)")
_VARIABLE = re.compile(r"(@[\w.$]+ = )global (.+) zeroinitializer(.*)")
_WORTH_IT = 400  # lines from which a part is compiled on its own
_PLAIN_WORTH_IT = 100  # lines that are translated as they stand from which they are: a part costs a millisecond


@dataclass(eq=False, slots=True)
class _Function:
    """A function of the module; `mentions` are the names in its text, its own included."""

    name: str
    lines: list[str]
    mentions: set[str]

    @property
    def is_plain(self) -> bool:
        """Is it translated as it stands?"""
        return "optnone" in self.lines[0]

    @property
    def is_copied(self) -> bool:
        """Is it put in line where it is called, so that each part has it?"""
        return "alwaysinline" in self.lines[0]

    def declared(self) -> str:
        """Its head as the declaration of a function of another part."""
        return self.lines[0].replace("define internal ", "declare ").replace("define ", "declare ").rstrip(" {")

    def defined(self, *, openly: bool) -> str:
        """Its text, `openly` where other parts call it."""
        head = self.lines[0].replace("define internal ", "define ") if openly else self.lines[0]
        return "\n".join([head, *self.lines[1:]])


@dataclass(eq=False, slots=True)
class _Module:
    """What a module's text consists of; `rest` belongs to each part, `variables` to the first."""

    functions: list[_Function] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)  # declarations and constants
    variables: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)


def parts(text: str, most: int) -> list[str]:
    """The module as one text or as several, at most so many, that link to the same program."""
    text = _with_attributes(text)
    module = _read(text)
    if module is None:
        return [text]
    module.functions = _each_once(module.functions)
    shared_out = [
        own
        for alike in _by_effort(module.functions)
        for own in _shared_out(alike, max(min(most, _worth_while(alike)), 1))
        if own
    ]
    mentioned = [{name for function in own for name in function.mentions} for own in shared_out]
    copied = {name for f in module.functions if f.is_copied for name in f.mentions}
    return [
        _written(module, own, copied.union(*mentioned[:place], *mentioned[place + 1 :]), is_first=place == 0)
        for place, own in enumerate(shared_out)
    ]


def _with_attributes(text: str) -> str:
    """The text with groups of attributes written out, so that a head says all of its function."""
    groups = re.findall(r"^attributes (#\d+) = \{ (.*) \}$", text, re.MULTILINE)
    for name, meaning in groups:
        text = text.replace(f") {name} {{", f") {meaning} {{")
    return text


def _read(text: str) -> _Module | None:
    """The pieces of a text; None where it has variables that do not begin with zeros."""
    module = _Module()
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("define"):
            own = [line]
            for inner in lines:
                own.append(inner)
                if inner == "}":
                    break
            mentions = set(_NAME.findall("\n".join(own)))
            module.functions.append(_Function(_name_of(line), own, mentions))
        elif line.startswith("@"):
            name, variable = _name_of(line), _VARIABLE.fullmatch(line)
            if variable is not None:
                module.variables[name] = line
            elif " constant " not in line:
                return None
            module.named[name] = line if variable is None else "{}external global {}{}".format(*variable.groups())
        elif line.startswith("declare"):
            module.named[_name_of(line)] = line
        elif line:
            module.rest.append(line)
    return module


def _name_of(line: str) -> str:
    found = _NAME.search(line)
    assert found is not None, "a definition has a name"
    return found[1]


# ------------------------------------------------------------------ functions that are alike
def _each_once(functions: Sequence[_Function]) -> list[_Function]:
    """Without those that are as others but for their names; what called them calls the others."""
    first: dict[tuple[str, ...], str] = {}
    instead: dict[str, str] = {}
    kept: list[_Function] = []
    for family, members in _families(functions):
        for member in members:
            _renamed(member, instead)
        own_name = re.compile(rf"@{re.escape(family)}(?!\w)")
        own = tuple([own_name.sub("@", "\n".join(member.lines)) for member in members])
        same = first.setdefault(own, family)
        if same == family or not all(member.lines[0].startswith("define internal") for member in members):
            kept.extend(members)
        else:
            instead.update((member.name, same + member.name.removeprefix(family)) for member in members)
    for function in kept:
        _renamed(function, instead)
    return kept


def _families(functions: Sequence[_Function]) -> Iterable[tuple[str, list[_Function]]]:
    found: dict[str, list[_Function]] = {}
    for function in functions:
        found.setdefault(_family(function), []).append(function)
    return found.items()


def _family(function: _Function) -> str:
    """What comes before the dot: `k3` of `k3.task`. A function of mathematics stands for itself."""
    return function.name if function.name.startswith("glassgrad.") else function.name.partition(".")[0]


def _renamed(function: _Function, instead: dict[str, str]) -> None:
    """Calls the functions that stand for those that were left out."""
    if instead and not instead.keys().isdisjoint(function.mentions):
        function.lines = [
            _NAME.sub(lambda m: f"@{instead.get(m[1], m[1])}", line) if "@" in line else line for line in function.lines
        ]
        function.mentions = {instead.get(name, name) for name in function.mentions}


# ------------------------------------------------------------------ parts
def _by_effort(functions: Sequence[_Function]) -> list[list[_Function]]:
    """Those on which LLVM spends its effort, and those that are translated as they stand where they are many."""
    plain = [function for function in functions if function.is_plain]
    if sum([len(function.lines) for function in plain]) < _PLAIN_WORTH_IT:
        return [list(functions)]
    return [[function for function in functions if not function.is_plain], plain]


def is_plain(text: str) -> bool:
    """Is all of a part translated as it stands, but for what is put in line?"""
    heads = [line for line in text.split("\n") if line.startswith("define")]
    return all("optnone" in head or "alwaysinline" in head for head in heads)


def _worth_while(functions: Sequence[_Function]) -> int:
    """How many parts are worth compiling on their own: none is done before the one with the longest function is."""
    lengths = [sum([len(member.lines) for member in members]) for _, members in _families(functions)]
    return min(sum(lengths) // _WORTH_IT, ceil(sum(lengths) / max(lengths))) if lengths else 1


def _shared_out(functions: Sequence[_Function], count: int) -> list[list[_Function]]:
    """The functions in so many parts of about the same length; families stay together."""
    found: list[list[_Function]] = [[] for _ in range(count)]
    lengths = [0] * count
    families = [(sum([len(m.lines) for m in members]), members) for _, members in _families(functions)]
    for length, members in sorted(families, key=lambda family: -family[0]):
        if members[0].is_copied:
            continue
        shortest = lengths.index(min(lengths))
        found[shortest].extend(members)
        lengths[shortest] += length
    return found


def _written(module: _Module, own: Sequence[_Function], elsewhere: set[str], *, is_first: bool) -> str:
    """The text of a part: its functions, copies of those that are put in line, and what they mention.

    `elsewhere` are the names that other parts mention.
    """
    by_name = {function.name: function for function in module.functions}
    inside = {function.name for function in own}
    texts = [function.defined(openly=function.name in elsewhere) for function in own]
    wanted = list(dict.fromkeys([name for function in own for name in sorted(function.mentions)]))
    heads = list(module.variables.values()) if is_first else []
    seen = set(wanted)
    for name in wanted:  # it grows while copies come in
        other = by_name.get(name)
        mentions: set[str] = set()
        if is_first and name in module.variables:
            continue
        if other is None and name in module.named:
            heads.append(module.named[name])
            mentions = set(_NAME.findall(module.named[name]))
        elif other is not None and other.is_copied:
            texts.append("\n".join(other.lines))
            mentions = other.mentions
        elif other is not None and name not in inside:
            heads.append(other.declared())
        wanted.extend(sorted(mentions - seen))
        seen |= mentions
    return "\n".join([*heads, *texts, *module.rest])
