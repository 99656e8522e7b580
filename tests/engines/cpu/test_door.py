"""The door: a program that gives back its arguments shows what goes in and comes out; all else goes to Python."""

import copy
import ctypes
import gc
import inspect
import pickle
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial, update_wrapper
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

from glassgrad.engines.cpu.native import door as doors
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.door import Door
from glassgrad.engines.cpu.native.signature import (
    Array,
    Branch,
    Fields,
    Known,
    Made,
    NotDescribedError,
    Program,
    Same,
    Scalar,
    Variable,
    described,
)
from tests.engines.cpu.native_programs import address, echo

FLOAT = np.dtype(float)


class Pair(NamedTuple):
    left: object
    right: object


@dataclass(frozen=True, slots=True)
class Layer:
    weight: np.ndarray
    bias: np.ndarray
    activation: str = field(default="tanh", metadata={"static": True})


@pytest.fixture(params=["native", "python"])
def make_door(request, monkeypatch):
    """Both doors mean the same."""
    if request.param == "python":
        monkeypatch.setattr(doors, "native", lambda: None)
    elif not layout.is_as_expected():
        pytest.skip("this Python has no native door")
    return Door


def refuse(*args, **kwargs):
    return "python", args, kwargs


def as_result(tree):
    """The result that an echo of this argument has: numbers come out as NumPy scalars, named tuples are called."""
    match tree:
        case Scalar(kind):
            return Scalar(np.asarray(kind(1)).dtype.type)
        case Array(dtype, ()):
            return Scalar(dtype.type)
        case Branch(kind, parts, keys, order) if kind in (tuple, list, dict):
            return Branch(kind, tuple(map(as_result, parts)), keys, order)
        case Branch(kind, parts, keys):
            make = (lambda *values: OrderedDict(zip(keys, values, strict=True))) if keys else kind
            return Made(make, tuple(map(as_result, parts)))
        case Fields(kind, names, parts):
            return Fields(kind, names, tuple(map(as_result, parts)))
    return tree


def door_for(make_door, *args, **settings):
    takes = tuple(map(described, args))
    door = make_door(refuse)
    assert door.add(echo(takes, as_result(Branch(tuple, takes)), **settings))
    return door


def assert_same(found, expected):
    if isinstance(expected, dict):
        assert type(found) is type(expected)
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    elif isinstance(expected, Layer):
        assert type(found) is Layer
        found = (found.weight, found.bias, found.activation)
        expected = (expected.weight, expected.bias, expected.activation)
    if isinstance(expected, tuple | list):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif expected is None or isinstance(expected, str):
        assert found is expected
    else:
        other = np.asarray(expected)
        assert type(found) is (np.ndarray if other.ndim else other.dtype.type)
        assert found.dtype == other.dtype
        assert found.shape == other.shape
        assert found.tobytes() == other.tobytes()


TREES = [
    (),
    (1.5,),
    (2, True, False, -(2**63), 2**63 - 1, 1 + 2j),
    tuple(kind(1) for kind in layout.SCALARS),
    (np.array(3.0), np.array([True, False]), np.arange(6, dtype=np.int8).reshape(2, 3)),
    (np.zeros((0, 4)), np.ones((1, 1, 1, 2)), np.array([1j])),
    ([1.0, (2.0, [], ())], {"b": 1.0, "a": [np.ones(2)]}, None),
    (Pair(np.ones(3), {"x": 2.0}), OrderedDict([("z", 1.0), ("a", 2.0)])),
    (Layer(np.ones((2, 3)), np.zeros(3)), [Layer(np.ones((1, 1)), np.zeros(1), "relu")]),
    ({3: 1.0, 1: 2.0, 2: {("a", 1): 4.0}},),
    tuple({f"w{n}": np.full((n % 4 + 1, 3), float(n)) for n in range(60)} for _ in range(2)),
    (np.arange(20000.0), np.arange(5.0)),
]


@pytest.mark.parametrize("args", TREES, ids=range(len(TREES)))
@pytest.mark.parametrize("is_long", [False, True])
def test_arguments_come_back(make_door, args, is_long):
    door = door_for(make_door, *args, is_long=is_long)
    for _ in range(3):
        assert_same(door.function(*args), args)


def test_results_own_their_memory(make_door):
    x = np.arange(6.0).reshape(2, 3)
    big = np.zeros(100_000)
    y, z = door_for(make_door, x, big).function(x, big)
    for found in (y, z):
        assert found.flags.owndata
        assert found.flags.writeable
        assert found.flags.c_contiguous
        assert found.base is None
    assert not np.shares_memory(x, y)


def views(x):
    wide = np.repeat(x, 2, axis=-1)
    yield np.asfortranarray(x)
    yield wide[..., ::2]
    yield x[::-1][::-1]
    yield wide[..., ::-1][..., ::2][..., ::-1]
    memory = np.zeros(x.nbytes + 1, np.uint8)
    misaligned = memory[1:].view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    yield misaligned
    frozen = x.copy()
    frozen.flags.writeable = False
    yield frozen
    yield np.broadcast_to(x[:1], x.shape)


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("is_long", [False, True])
def test_any_strides(make_door, number, is_long):
    x = np.arange(24.0).reshape(4, 6)
    view = list(views(x))[number]
    assert_same(door_for(make_door, x, is_long=is_long).function(view), (view,))


class Special(np.ndarray):
    pass


@pytest.mark.parametrize(
    ("given", "other"),
    [
        (1.0, 1),
        (1.0, True),
        (1, True),
        (1.0, np.float64(1.0)),
        (np.float32(1), np.float64(1)),
        (1.0, np.array(1.0)),
        (1, 2**63),
        (1, -(2**63) - 1),
        (np.ones(3), np.ones(4)),
        (np.ones(3), np.ones((3, 1))),
        (np.ones(3), np.ones(3, np.float32)),
        (np.ones(3), np.ones(3).astype(">f8")),
        (np.ones(3), np.ones(3, object)),
        (np.ones(3), np.ones(3).view(Special)),
        (np.ones(3), [1.0, 1.0, 1.0]),
        ((1.0,), [1.0]),
        ((1.0,), (1.0, 2.0)),
        ([1.0], []),
        ((1.0, 2.0), Pair(1.0, 2.0)),
        ({"a": 1.0}, {"b": 1.0}),
        ({"a": 1.0}, {"a": 1.0, "b": 1.0}),
        ({"a": 1.0}, OrderedDict(a=1.0)),
        (None, 0.0),
        (Layer(np.ones(1), np.ones(1)), Layer(np.ones(1), np.ones(1), "relu")),
        (Layer(np.ones(1), np.ones(1)), Layer(np.ones(1), None)),
        (Layer(np.ones(1), np.ones(1)), None),
    ],
)
def test_other_arguments_go_to_python(make_door, given, other):
    door = door_for(make_door, 2.0, given)
    assert_same(door.function(2.0, given), (2.0, given))
    kind, args, kwargs = door.function(2.0, other)
    assert (kind, args[0], kwargs) == ("python", 2.0, {})
    assert args[1] is other


def test_numbers_of_arguments_and_names(make_door):
    door = make_door(refuse)
    takes = (Scalar(float), Scalar(int), Scalar(bool))
    door.add(echo(takes, as_result(Branch(tuple, takes)), names=("second", "third")))
    assert door.function(1.0, second=2, third=True) == (1.0, 2, True)
    name = b"second".decode()
    assert door.function(1.0, **{name: 2, "third": False}) == (1.0, 2, False)
    assert door.function(1.0, third=True, second=2)[0] == "python"
    assert door.function(1.0, 2, True)[0] == "python"
    assert door.function(1.0, second=2)[0] == "python"
    assert door.function(1.0, 1.0, second=2, third=True) == ("python", (1.0, 1.0), {"second": 2, "third": True})
    assert door.function() == ("python", (), {})


def test_dtypes_from_a_pickle_are_the_same(make_door):
    x = np.ones(3)
    copied = pickle.loads(pickle.dumps(x))
    assert_same(door_for(make_door, x).function(copied), (x,))


def test_static_values_and_conditions(make_door):
    variable = ContextVar("variable")
    marker, other = object(), object()
    door = make_door(refuse)
    takes = (Scalar(float), Same(marker), Same("text"), Same(1))
    door.add(echo(takes, Scalar(np.float64), extra=(Variable(variable, marker),)))
    call = partial(door.function, 1.0)
    assert call(marker, "text", 1)[0] == "python"  # the variable has no value
    variable.set(marker)
    assert call(marker, "text", 1) == 1.0
    assert call(marker, b"text".decode(), 1) == 1.0
    assert call(marker, "text", True)[0] == "python"
    assert call(marker, "other", 1)[0] == "python"
    assert call(other, "text", 1)[0] == "python"
    variable.set(other)
    assert call(marker, "text", 1)[0] == "python"


def test_known_arrays_are_read_at_each_call(make_door):
    held = np.arange(3.0)
    door = make_door(refuse)
    door.add(
        echo(
            (Scalar(float),),
            Branch(tuple, (Scalar(np.float64), Array(FLOAT, (3,)))),
            extra=(Known(held, described(held)),),
        )
    )
    assert door.function(1.0)[1].tolist() == [0.0, 1.0, 2.0]
    held[:] = 7.0
    assert door.function(1.0)[1].tolist() == [7.0] * 3


def test_programs_are_tried_in_turn_and_taken_away(make_door):
    door = make_door(refuse)
    programs = [echo((Array(FLOAT, (n,)),), Array(FLOAT, (n,))) for n in range(5)]
    for program in programs:
        door.add(program)
    assert [door.function(np.ones(n)).shape for n in range(5)] == [(n,) for n in range(5)]
    door.remove(programs[2])
    assert door.function(np.ones(2))[0] == "python"
    assert door.function(np.ones(1)).shape == (1,)
    door.clear()
    assert door.function(np.ones(1))[0] == "python"
    taken = [door.add(program) for program in programs * 20]
    assert taken.count(True) == doors.MOST_PROGRAMS


def test_scratch_memory(make_door):
    for size in (0, 64, 1000, 5000, 3_000_000):
        door = make_door(refuse)
        door.add(Program(address("fill_arena"), (), Scalar(np.int64), arena_bytes=size, context=size))
        assert int(door.function()) % 64 == 0


def fails():
    raise ArithmeticError("no")


def references(*objects):
    gc.collect()
    return [sys.getrefcount(thing) for thing in objects]


@pytest.mark.parametrize("is_long", [False, True])
def test_no_reference_is_lost_or_kept(make_door, is_long):
    x, big, item = np.ones(3), np.ones((300, 300)), np.float32(3)
    layer = Layer(np.ones((2, 2)), np.ones(2))
    args = (x, {"key": big.T, "other": [item, 3.5]}, layer)
    door = door_for(make_door, *args, is_long=is_long)
    things = (*args, big, item, layer.weight, layer.activation, FLOAT, Layer, True, None, np.ndarray)
    door.function(*args)
    before = references(*things)
    for _ in range(50):
        door.function(*args)
        door.function(*args[:2], None)
        door.function(args[0], {"key": big.T, "other": [item, "no"]}, layer)
    after = references(*things)
    assert [b - a for a, b in zip(before, after, strict=True) if abs(b - a) > 20] == []


def test_errors_in_the_middle(make_door):
    x = np.ones((50, 50)).T
    huge = Array(FLOAT, (2**30, 2**24))
    result = Array(FLOAT, (50, 50))
    cases = {
        MemoryError: {"gives": Branch(tuple, (result, huge))},
        ArithmeticError: {"gives": Branch(tuple, (result, Made(lambda *_: fails(), (result,))))},
        ZeroDivisionError: {"gives": result, "after": lambda: 1 // 0},
    }
    for error, parts in cases.items():
        door = make_door(refuse)
        door.add(Program(address("nothing"), (described(x),), **parts))
        before = references(x, x.base, FLOAT)
        for _ in range(100):
            with pytest.raises(error):
                door.function(x)
        after = references(x, x.base, FLOAT)
        assert [b - a for a, b in zip(before, after, strict=True) if abs(b - a) > 20] == []


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.skipif(not layout.is_as_expected(), reason="the door in Python is not measured")
def test_a_million_calls_keep_no_memory():
    scalar = Door(refuse)
    scalar.add(Program(address("square_plus_one"), (Scalar(float),), Scalar(np.float64)))
    args = (
        {f"w{n}": np.ones((3, n % 5 + 1)) for n in range(20)},
        Layer(np.ones((4, 4)).T, np.ones(4)),
        np.ones(40_000),
    )
    tree = door_for(Door, *args, is_long=True)
    wrong = Door(refuse)
    wrong.add(Program(address("nothing"), (described(args[2]),), Array(FLOAT, (2**60,))))

    def calls(count):
        for _ in range(count):
            scalar.function(3.0)
        for _ in range(count // 100):
            tree.function(*args)
            with suppress(MemoryError, ValueError):
                wrong.function(args[2])

    calls(20_000)
    before = resident_bytes()
    calls(1_000_000)
    assert resident_bytes() - before < 3e6


def test_several_threads_call_while_programs_come_and_go(make_door):
    door = make_door(refuse)
    wrong = []
    stop = threading.Event()

    def calls(n):
        x = np.full(n, float(n))
        while not stop.is_set():
            y = door.function(x)
            if not (isinstance(y, tuple) or (y.shape == x.shape and (y == x).all())):
                wrong.append(y)

    threads = [threading.Thread(target=calls, args=(n,)) for n in (3, 2000, 40_000)]
    for thread in threads:
        thread.start()
    for step in range(300):
        n = (3, 2000, 40_000)[step % 3]
        program = echo((Array(FLOAT, (n,)),), Array(FLOAT, (n,)), is_long=True)
        door.add(program)
        for _ in range(20):
            door.function(np.ones(n))
        if step % 4:
            door.remove(program)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def module_level(x, y=2.0):
    """Doubles."""
    return "python", (x, y), {}


def doubled(x):
    return x + x


doubled = update_wrapper(Door(doubled).function, doubled)


class TestFunctions:
    """A compiled function is otherwise like a Python function."""

    def test_it_is_wrapped_and_has_attributes(self, make_door):
        function = update_wrapper(make_door(module_level, "module_level").function, module_level)
        assert (function.__name__, function.__doc__, function.__wrapped__) == ("module_level", "Doubles.", module_level)
        assert str(inspect.signature(function)) == "(x, y=2.0)"
        assert repr(function) == "<compiled module_level>"
        function.inspect = 3
        assert vars(function)["inspect"] == 3
        with pytest.raises(AttributeError):
            _ = function.unknown
        assert callable(function)
        assert hash(function) == hash(function)

    def test_it_is_bound_in_a_class(self, make_door):
        class Model:
            step = make_door(refuse).function

            def __init__(self):
                self.held = make_door(refuse).function

        model = Model()
        assert model.step(1, key=2) == ("python", (model, 1), {"key": 2})
        bound = model.step
        assert bound(*[1], key=2) == ("python", (model, 1), {"key": 2})
        assert Model.step(1) == ("python", (1,), {})
        assert model.held(1) == ("python", (1,), {})

    def test_it_is_called_in_every_way(self, make_door):
        function = make_door(refuse).function
        function_of_floats = door_for(make_door, 1.0).function
        assert function(*(1, 2), a=3) == ("python", (1, 2), {"a": 3})
        assert partial(function, 1, a=2)(3, b=4) == ("python", (1, 3), {"a": 2, "b": 4})
        assert list(map(function_of_floats, [1.0, 2.0])) == [(1.0,), (2.0,)]
        assert function_of_floats.__call__(1.0) == (1.0,)
        assert type(function).__call__(function, 1) == ("python", (1,), {})
        with pytest.raises(ZeroDivisionError):
            make_door(lambda: 1 // 0).function()

    def test_it_is_pickled_by_name(self):
        assert pickle.loads(pickle.dumps(doubled)) is doubled
        assert copy.deepcopy([doubled])[0] is doubled

    def test_it_goes_when_nobody_holds_it(self, make_door):
        function = make_door(refuse).function
        gone = weakref.ref(function)
        for _ in range(3):
            function.__dict__ = {"self": function}
        assert function(1) == ("python", (1,), {})
        del function
        gc.collect()
        assert gone() is None


def test_doors_are_collected(make_door):
    class Fallback:
        def __call__(self, *args):
            return self.door.function

    fallback = Fallback()
    fallback.door = make_door(fallback)
    fallback.door.add(echo((Scalar(float),), Scalar(np.float64)))
    gone = weakref.ref(fallback)
    assert fallback.door.function(1.0) == 1.0
    del fallback
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not layout.is_as_expected(), reason="kept memory belongs to the native door")
class TestKeptMemory:
    def door(self):
        x = np.ones(100_000)
        return x, door_for(Door, x).function

    def test_results_take_the_memory_of_earlier_ones(self):
        x, call = self.door()
        (first,) = call(x)
        assert get_handler_name(first) == "glassgrad_kept"
        place = first.ctypes.data
        assert place % 64 == 0
        del first
        assert doors.kept_bytes() >= x.nbytes
        assert call(x)[0].ctypes.data == place

    def test_they_are_arrays_like_others(self):
        x, call = self.door()
        (y,) = call(x)
        y.resize(300_000, refcheck=False)
        assert (y[:100_000] == 1).all()
        assert (y[100_000:] == 0).all()
        y.resize(10, refcheck=False)
        assert y.tolist() == [1.0] * 10
        y.resize(0, refcheck=False)
        z = pickle.loads(pickle.dumps(call(x)[0]))
        assert (z == x).all()

    def test_no_more_is_kept_than_the_limit(self):
        limit = ctypes.c_int64.from_address(doors.native().kept + 8).value
        try:
            doors.keep_at_most(3_000_000)
            assert doors.kept_bytes() == 0
            x, call = self.door()
            held = [call(x) for _ in range(10)]
            del held
            assert 800_000 <= doors.kept_bytes() <= 3_000_000
            doors.keep_at_most(1000)
            call(x)
            assert doors.kept_bytes() == 0
        finally:
            doors.keep_at_most(limit)
            doors.free_kept()


def test_descriptions():
    assert described(np.ones((2, 3), np.float32)) == Array(np.dtype(np.float32), (2, 3))
    assert described({"b": 1, "a": 2.0}) == Branch(dict, (Scalar(float), Scalar(int)), ("a", "b"), (1, 0))
    for unknown in ("text", {1, 2}, object(), np.ones(2).view(Special), [range(3)]):
        with pytest.raises(NotDescribedError):
            described(unknown)


def test_a_program_may_end_with_results_alive():
    text = """
import numpy as np
from glassgrad.engines.cpu.native.door import Door
from tests.engines.cpu.native_programs import echo
from glassgrad.engines.cpu.native.signature import described
import builtins
x = np.ones(200_000)
door = Door(print)
door.add(echo((described(x),), described(x)))
builtins.kept = door.function(x)
class Late:
    def __del__(self, call=door.function, x=x):
        call(x)
builtins.late = Late()
y = door.function(x)
print(y.sum())
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "200000.0\n"), done.stderr
