"""A program and its signature as the native door reads them: records of eight words in one block of memory. Floor 4."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from glassgrad.engines.cpu.native.signature import (
    Array,
    Branch,
    Fields,
    Known,
    Made,
    Program,
    Same,
    Scalar,
    Tree,
    Variable,
    equal_is_same,
    leaves_of,
    maker,
)


class Step(IntEnum):
    """What is checked and read; each record is (step, source, dest, value, a, b, _, _)."""

    ARRAY = 0  # value: the dtype; a: rank; b: address of the shape
    INSIDE = 1  # value: its type; the number is read where it lies
    INTEGER = 2  # a: place in the scratch memory for the number
    TRUTH = 3  # a: place in the scratch memory for the byte
    TUPLE = 4  # value: the type; a: length
    LIST = 5  # a: length
    DICT = 6  # value: the type; a: length
    KEY = 7  # value: the key
    TYPE = 8  # value: the type
    ATTRIBUTE = 9  # value: the name
    SAME = 10  # value; a: is an equal value as good?
    OBJECT = 11  # value
    VARIABLE = 12  # value: the context variable; a: what it must hold
    APART = 13  # value: address of the arrays, four words each (`SPAN`); a: how many; b: address of their order


class Make(IntEnum):
    """How the memory of a result is made: (make, output, made slot, type, rank, shape, bytes, source)."""

    ARRAY = 0
    KEPT_ARRAY = 1
    SCALAR = 2
    PLACE = 3  # in place of the rank: where in the scratch memory
    TAKEN = 4  # the array in the slot `source`, where it can be written into as it is; else a new one


class Build(IntEnum):
    """How a result is put together after the run: (build, made slot, count, slots of the parts, kind, a, _, _)."""

    TRUTH = 0  # count: place of the byte in the scratch memory
    TUPLE = 1
    LIST = 2
    DICT = 3  # a: address of the keys
    VALUE = 4  # kind: the object
    FIELDS = 5  # kind: the class; a: address of the names
    CALL = 6  # kind: the function


WORDS = (
    "next", "positional", "names_count", "names", "frame_bytes", "steps", "steps_count", "makes",
    "makes_count", "builds", "builds_count", "inputs", "outputs", "made", "made_count", "owned", "scratch",
    "arena", "run", "context", "is_long", "after", "holds", "result", "spans",
)  # fmt: skip
PLACES = {name: 8 * index for index, name in enumerate(WORDS)}
RECORD = 64
SPAN = 32  # bytes of an array in the table of `APART`: its slot, its bytes, those of an element, is it donated?
OBJECTS = 8  # the frame starts with the number of references that the call holds
TOO_LARGE = 1 << 60  # NumPy says so in its own words
_PLAIN_KEYS = (str, int, bytes)  # their comparison runs no code of the user
KEPT_FROM = 1 << 16  # bytes of a result from which its memory is kept for the next


@dataclass(slots=True)
class _Packing:
    """The frame and the records under construction."""

    frame: int = OBJECTS
    steps: list[tuple[int, ...]] = field(default_factory=list)
    makes: list[tuple[int, ...]] = field(default_factory=list)
    builds: list[tuple[int, ...]] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)  # ctypes memory that records point to
    objects: list[Any] = field(default_factory=list)  # Python objects that records point to
    inputs: int = 0
    outputs: int = 0
    made: int = 0
    scratch: int = 0
    attributes: int = 0
    sources: dict[int, int] = field(default_factory=dict)  # the slot of the array that is the input of this number
    spans: int = 0  # arrays whose places in memory are compared
    runs_python: bool = False  # may reading the arguments run code of the user, as looking up an attribute may?

    def slot(self, count: int = 1) -> int:
        """Places for pointers in the frame."""
        here = self.frame
        self.frame += 8 * count
        return here

    def object(self, value: Any) -> int:
        """The address of an object that lives as long as the program."""
        self.objects.append(value)
        return id(value)

    def words(self, values: list[int]) -> int:
        """The address of these numbers."""
        memory = (ctypes.c_int64 * max(len(values), 1))(*values)
        self.arrays.append(memory)
        return ctypes.addressof(memory)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A program in memory: its address, and all that must stay alive for it."""

    address: int
    program: Program
    memory: Any

    def link(self, following: int) -> None:
        """Makes the program at this address the next to try."""
        ctypes.c_int64.from_address(self.address + PLACES["next"]).value = following


def pack(program: Program, keep_from: int = KEPT_FROM) -> Packed:
    """Lays a program out in memory. Results of `keep_from` bytes and more live in kept blocks."""
    p = _Packing()
    sources = [p.slot() for _ in program.takes]
    for source, tree in zip(sources, program.takes, strict=True):
        _take(p, tree, source)
    for tree in program.extra:
        _take(p, tree, 0)
    _keep_apart(p, program)
    over = _taken_over(p, program)
    result = _give(p, program.gives, keep_from, over)
    places = _frame(p, program)
    header = {
        "positional": len(program.takes) - len(program.names),
        "names_count": len(program.names),
        "names": p.words([p.object(name) for name in program.names]),
        "run": program.run,
        "context": program.context,
        "is_long": int(program.is_long),
        "after": 0 if program.after is None else p.object(program.after),
        "holds": int(program.is_long or program.after is not None or p.runs_python),
        "result": result,
        **places,
    }
    for name, records in (("steps", p.steps), ("makes", p.makes), ("builds", p.builds)):
        header[name] = p.words([word for record in records for word in (*record, *[0] * (8 - len(record)))])
        header[f"{name}_count"] = len(records)
    address = p.words([header.get(word, 0) for word in WORDS])
    return Packed(address, program, (p.arrays, p.objects))


def _frame(p: _Packing, program: Program) -> dict[str, int]:
    """Where each part of the frame lies."""
    inputs, outputs, made = p.slot(p.inputs), p.slot(p.outputs), p.slot(p.made)
    owned = p.slot(p.attributes + 2 * p.inputs)  # attributes read, arrays held, arrays copied
    spans = p.slot(2 * p.spans)
    scratch = -(-p.frame // 16) * 16
    arena = -(-(scratch + 16 * p.scratch) // 64) * 64
    return {
        "inputs": inputs, "outputs": outputs, "made": made, "made_count": p.made, "owned": owned, "scratch": scratch,
        "arena": arena, "spans": spans, "frame_bytes": arena + program.arena_bytes,
    }  # fmt: skip


def _take(p: _Packing, tree: Tree, source: int) -> None:
    """The steps that read one tree from the object in this slot."""
    match tree:
        case Array(dtype, shape):
            p.sources[p.inputs] = source
            p.steps.append((Step.ARRAY, source, _input(p), p.object(dtype), len(shape), p.words(list(shape))))
        case Scalar(kind) if kind is int or kind is bool:
            code = Step.INTEGER if kind is int else Step.TRUTH
            p.steps.append((code, source, _input(p), p.object(kind), _scratch(p)))
        case Scalar(kind):
            p.steps.append((Step.INSIDE, source, _input(p), p.object(kind), 0))
        case Same(value):
            p.steps.append((Step.SAME, source, 0, p.object(value), int(equal_is_same(value))))
        case Variable(variable, value):
            p.steps.append((Step.VARIABLE, 0, 0, p.object(variable), p.object(value)))
        case Known(value, part):
            slot = p.slot()
            p.steps.append((Step.OBJECT, 0, slot, p.object(value), 0))
            _take(p, part, slot)
        case Fields(kind, names, parts):
            p.steps.append((Step.TYPE, source, 0, p.object(kind), 0))
            first = p.slot(len(parts))
            for index, name in enumerate(names):
                p.steps.append((Step.ATTRIBUTE, source, first + 8 * index, p.object(name), 0))
            p.attributes += len(names)
            p.runs_python = True
            _take_parts(p, parts, first)
        case Branch(kind, parts, keys):
            first = p.slot(len(parts))
            code = Step.LIST if kind is list else Step.DICT if issubclass(kind, dict) else Step.TUPLE
            p.steps.append((code, source, first, p.object(kind), len(parts)))
            p.runs_python |= any(type(key) not in _PLAIN_KEYS for key in keys)
            for index, key in enumerate(keys):
                p.steps.append((Step.KEY, source, first + 8 * index, p.object(key), 0))
            _take_parts(p, parts, first)
        case _:
            raise TypeError(f"{type(tree).__name__} is not an argument")


def _take_parts(p: _Packing, parts: tuple[Tree, ...], first: int) -> None:
    for index, part in enumerate(parts):
        _take(p, part, first + 8 * index)


def _input(p: _Packing) -> int:
    p.inputs += 1
    return 8 * (p.inputs - 1)


def _keep_apart(p: _Packing, program: Program) -> None:
    """The step that looks whether what is donated may be written into and lies apart from all other arrays."""
    table: list[int] = []
    leaves = leaves_of((*program.takes, *program.extra))
    for number, leaf in enumerate(leaves):
        if isinstance(leaf, Array) and (size := _bytes_of(leaf)):
            table += [p.sources[number], size, leaf.dtype.itemsize, int(number in program.donated)]
    if any(table[3::4]):
        p.spans = len(table) // 4
        p.steps.append((Step.APART, 0, 0, p.words(table), p.spans, p.words(list(range(p.spans)))))


def _taken_over(p: _Packing, program: Program) -> dict[int, int]:
    """For results by number: the slot of the array that each is written over."""
    taken, given = leaves_of((*program.takes, *program.extra)), leaves_of((program.gives,))
    pairs = [(result, leaf) for result, leaf in program.taken if given[result] == taken[leaf]]
    return {result: p.sources[leaf] for result, leaf in pairs if isinstance(taken[leaf], Array)}


def _bytes_of(leaf: Array) -> int:
    return int(np.prod(leaf.shape, dtype=object)) * leaf.dtype.itemsize


def _give(p: _Packing, tree: Tree, keep_from: int, sources: Mapping[int, int]) -> int:
    """The records that make one tree of results; the number of its slot."""
    match tree:
        case Array(dtype, shape):
            size = _bytes_of(tree)
            code = Make.KEPT_ARRAY if keep_from <= size < TOO_LARGE else Make.ARRAY
            source = sources.get(p.outputs)
            code = code if source is None else Make.TAKEN
            dest, slot = _output(p), _made(p)
            facts = (len(shape), p.words(list(shape)), min(size, TOO_LARGE), source or 0)
            p.makes.append((code, dest, slot, p.object(dtype), *facts))
        case Scalar(kind):
            dest, slot = _output(p), _made(p)
            if kind is np.bool_:
                place = _scratch(p)
                p.makes.append((Make.PLACE, dest, slot, 0, place))
                p.builds.append((Build.TRUTH, slot, place))
            else:
                p.makes.append((Make.SCALAR, dest, slot, p.object(kind)))
        case Same(value):
            slot = _made(p)
            p.builds.append((Build.VALUE, slot, 0, 0, p.object(value)))
        case Branch(kind, parts, keys) if kind in (tuple, list, dict):
            slots = [_give(p, part, keep_from, sources) for part in parts]
            slot = _made(p)
            build = {tuple: Build.TUPLE, list: Build.LIST, dict: Build.DICT}[kind]
            order = tree.order or range(len(parts))
            names = p.words([p.object(keys[index]) for index in order] if keys else [])
            places = p.words([slots[index] for index in order])
            p.builds.append((build, slot, len(parts), places, p.object(kind), names))
        case Branch(parts=parts):
            return _give(p, Made(maker(tree), parts), keep_from, sources)
        case Fields(kind, names, parts):
            slots = [_give(p, part, keep_from, sources) for part in parts]
            slot = _made(p)
            words = p.words([p.object(name) for name in names])
            p.builds.append((Build.FIELDS, slot, len(parts), p.words(slots), p.object(kind), words))
        case Made(function, parts):
            slots = [_give(p, part, keep_from, sources) for part in parts]
            slot = _made(p)
            p.builds.append((Build.CALL, slot, len(parts), p.words(slots), p.object(function)))
        case _:
            raise TypeError(f"{type(tree).__name__} is not a result")
    return slot


def _output(p: _Packing) -> int:
    p.outputs += 1
    return 8 * (p.outputs - 1)


def _made(p: _Packing) -> int:
    p.made += 1
    return 8 * (p.made - 1)


def _scratch(p: _Packing) -> int:
    p.scratch += 1
    return 16 * (p.scratch - 1)
