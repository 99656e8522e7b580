"""The native door's way in: arguments checked and read, record by record (`Step`). Floor 4."""

from glassgrad.engines.cpu.emit.types import I8, I32
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native import door_apart as apart
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.door_parts import FAILED, MISS, OK, Names, address, known, part, word
from glassgrad.engines.cpu.native.records import RECORD, Step
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine

CODE, SOURCE, DEST, VALUE, A, B = (8 * n for n in range(6))  # places in a record


def routines(intrinsics: Names, declared: Names) -> list[Routine]:
    """`walk` and what it calls."""
    return [make(intrinsics, declared) for make in (_walk, _read_array, _is_same, _copy_array, _own, *apart.ROUTINES)]


def _walk(intrinsics: Names, declared: Names) -> Routine:
    """Follows the steps of a program: OK, MISS where an argument is not as expected, FAILED with a Python error."""
    w = Routine("internal i64 @walk(ptr %program, ptr %frame)", intrinsics, declared)
    inputs, scratch = part(w, "inputs"), part(w, "scratch")
    steps = address(w, "steps")
    miss = w.new_label()
    with w.count(word(w, "steps_count") * RECORD, step=RECORD) as place:
        step = w.at(steps, place)
        source = w.read_pointer(w.at("%frame", w.read(step, SOURCE)))
        after = w.new_label()
        with w.cases(w.read(step, CODE), len(Step), miss) as labels:
            _numbers(w, labels, step, source, (inputs, scratch, miss, after))
            _containers(w, labels, step, source, (miss, after))
            _values(w, labels, step, source, (miss, after))
        w.label(after)
    w.leave(w.number(OK))
    w.label(miss)
    w.leave(w.number(MISS))
    return w


def _require(w: Routine, condition: Value, miss: str) -> None:
    """Goes on where the condition holds."""
    fits = w.new_label()
    w.branch(condition, fits, miss)
    w.label(fits)


def _require_type(w: Routine, source: str, expected: str, miss: str) -> None:
    _require(w, w.same(w.read_pointer(source, layout.TYPE), expected), miss)


def _numbers(w: Routine, labels: list[str], step: str, source: str, places: tuple[str, str, str, str]) -> None:
    """Arrays and scalars: the address of the data goes into the inputs."""
    inputs, scratch, miss, after = places
    w.label(labels[Step.ARRAY])
    _require_type(w, source, known(w, "ndarray"), miss)
    outcome = w.call("read_array", "%program", "%frame", step, source, w.at(inputs, w.read(step, DEST)))
    good, bad = w.new_label(), w.new_label()
    w.branch(outcome.equals(OK), good, bad)
    w.label(bad)
    w.leave(outcome)
    w.jump(after)
    w.label(good)
    w.jump(after)

    w.label(labels[Step.INSIDE])
    _require_type(w, source, w.read_pointer(step, VALUE), miss)
    w.write(inputs, w.read(step, DEST), w.at(source, layout.INSIDE))
    w.jump(after)

    w.label(labels[Step.INTEGER])
    _require_type(w, source, known(w, "int"), miss)
    overflow = w.variable(I32)
    number = w.call("PyLong_AsLongLongAndOverflow", source, overflow)
    _require(w, w.read(overflow, 0, I32).equals(0), miss)
    place = w.at(scratch, w.read(step, A))
    w.write(place, 0, number)
    w.write(inputs, w.read(step, DEST), place)
    w.jump(after)

    w.label(labels[Step.TRUTH])
    _require_type(w, source, known(w, "bool"), miss)
    place = w.at(scratch, w.read(step, A))
    w.write(place, 0, w.convert(w.same(source, known(w, "true")), I8))
    w.write(inputs, w.read(step, DEST), place)
    w.jump(after)


def _containers(w: Routine, labels: list[str], step: str, source: str, places: tuple[str, str]) -> None:
    """Tuples, lists, dicts and objects: the parts go into the frame."""
    miss, after = places
    parts = w.new_label()
    items = w.variable()

    w.label(labels[Step.TUPLE])
    _require_type(w, source, w.read_pointer(step, VALUE), miss)
    w.write(items, 0, w.at(source, layout.TUPLE_ITEMS))
    w.jump(parts)

    w.label(labels[Step.LIST])
    _require_type(w, source, known(w, "list"), miss)
    w.write(items, 0, w.read_pointer(source, layout.LIST_ITEMS))
    w.jump(parts)

    w.label(parts)
    _require(w, w.read(source, layout.SIZE).equals(w.read(step, A)), miss)
    first, dest = w.read_pointer(items), w.at("%frame", w.read(step, DEST))
    with w.count(w.read(step, A) * 8, step=8) as place:
        w.write(dest, place, w.read_pointer(first, place))
    w.jump(after)

    w.label(labels[Step.DICT])
    _require_type(w, source, w.read_pointer(step, VALUE), miss)
    _require(w, w.call("PyDict_Size", source).equals(w.read(step, A)), miss)
    w.jump(after)

    w.label(labels[Step.KEY])
    found = w.call_pointer("PyDict_GetItemWithError", source, w.read_pointer(step, VALUE))
    _keep_found(w, step, found, places, owned=False)

    w.label(labels[Step.TYPE])
    _require_type(w, source, w.read_pointer(step, VALUE), miss)
    w.jump(after)

    w.label(labels[Step.ATTRIBUTE])
    found = w.call_pointer("PyObject_GetAttr", source, w.read_pointer(step, VALUE))
    _keep_found(w, step, found, places, owned=True)


def _keep_found(w: Routine, step: str, found: str, places: tuple[str, str], *, owned: bool) -> None:
    """What a lookup gave into the frame; where it gave nothing the arguments do not fit."""
    miss, after = places
    nothing, something = w.new_label(), w.new_label()
    w.branch(w.same(found, NULL), nothing, something)
    w.label(nothing)
    w.call_void("PyErr_Clear")
    w.jump(miss)
    w.label(something)
    if owned:
        w.call_void("own", "%program", "%frame", found)
    w.write("%frame", w.read(step, DEST), found)
    w.jump(after)


def _values(w: Routine, labels: list[str], step: str, source: str, places: tuple[str, str]) -> None:
    """Objects that must be the expected ones, and objects that are not arguments."""
    miss, after = places
    w.label(labels[Step.SAME])
    _require(w, w.call("is_same", step, source).differs(0), miss)
    w.jump(after)

    w.label(labels[Step.OBJECT])
    w.write("%frame", w.read(step, DEST), w.read_pointer(step, VALUE))
    w.jump(after)

    w.label(labels[Step.VARIABLE])
    found = w.variable()
    w.write(found, 0, NULL)
    w.call("PyContextVar_Get", w.read_pointer(step, VALUE), w.read_pointer(step, B), found, result=I32)
    value = w.read_pointer(found)
    _require(w, w.apart(value, NULL), miss)
    w.call_void("Py_DecRef", value)  # the context still holds it
    _require(w, w.same(value, w.read_pointer(step, A)), miss)
    w.jump(after)

    w.label(labels[Step.APART])
    table, count, order = w.read_pointer(step, VALUE), w.read(step, A), w.read_pointer(step, B)
    found_apart = w.call("find_spans", "%frame", part(w, "spans"), table, count)
    _require(w, found_apart.equals(OK), miss)
    _require(w, w.call("are_apart", part(w, "spans"), table, count, order).equals(OK), miss)
    w.jump(after)


def _is_same(intrinsics: Names, declared: Names) -> Routine:
    """Is an object the expected one, or equal and of the same type where the record says that this is enough?"""
    w = Routine(f"internal i64 @is_same(ptr %step, ptr %object) {PLAIN}", intrinsics, declared)
    expected = w.read_pointer("%step", VALUE)
    with w.when(w.same(expected, "%object")):
        w.leave(w.number(1))
    with w.when(w.read("%step", A).equals(0)):
        w.leave(w.number(0))
    with w.when(w.apart(w.read_pointer(expected, layout.TYPE), w.read_pointer("%object", layout.TYPE))):
        w.leave(w.number(0))
    equal = w.call("PyObject_RichCompareBool", expected, "%object", w.number(2, I32), result=I32)  # 2: Py_EQ
    with w.when(equal < 0):
        w.call_void("PyErr_Clear")
    with w.when(equal.equals(1)):
        w.leave(w.number(1))
    w.leave(w.number(0))
    return w


def _read_array(intrinsics: Names, declared: Names) -> Routine:
    """Checks dtype and shape, and writes the address of contiguous data; copies where it is not contiguous."""
    head = "internal i64 @read_array(ptr %program, ptr %frame, ptr %step, ptr %array, ptr %input)"
    w = Routine(head, intrinsics, declared)
    expected = w.read_pointer("%step", VALUE)
    found = w.read_pointer("%array", layout.DESCRIPTOR)
    with w.when(w.apart(found, expected)):  # dtypes from a pickle are objects of their own
        alike = w.call("PyArray_EquivTypes", found, expected, result=I8)
        with w.when(alike.equals(0)):
            w.leave(w.number(MISS))
    rank = w.read("%step", A)
    with w.when(w.convert(w.read("%array", layout.DIMENSIONS_COUNT, I32), rank.kind).differs(rank)):
        w.leave(w.number(MISS))
    shape, sizes = w.read_pointer("%step", B), w.read_pointer("%array", layout.DIMENSIONS)
    with w.count(rank * 8, step=8) as place, w.when(w.read(shape, place).differs(w.read(sizes, place))):
        w.leave(w.number(MISS))
    flags = w.read("%array", layout.FLAGS, I32)
    with w.when((flags & layout.BEHAVED).differs(layout.BEHAVED)):
        w.leave(w.call("copy_array", "%program", "%frame", "%step", "%array", "%input"))
    with w.when(word(w, "holds").differs(0)):  # the array may lose its last reference before the call ends
        w.call_void("Py_IncRef", "%array")
        w.call_void("own", "%program", "%frame", "%array")
    w.write("%input", 0, w.read_pointer("%array", layout.DATA))
    w.leave(w.number(OK))
    return w


def _copy_array(intrinsics: Names, declared: Names) -> Routine:
    """A contiguous, aligned copy that lives until the call ends."""
    head = f"internal i64 @copy_array(ptr %program, ptr %frame, ptr %step, ptr %array, ptr %input) {PLAIN}"
    w = Routine(head, intrinsics, declared)
    expected = w.read_pointer("%step", VALUE)
    w.call_void("Py_IncRef", expected)  # the call takes this reference
    copy = w.call_pointer("PyArray_FromArray", "%array", expected, w.number(layout.BEHAVED, I32))
    with w.when(w.same(copy, NULL)):
        w.leave(w.number(FAILED))
    w.call_void("own", "%program", "%frame", copy)
    w.write("%input", 0, w.read_pointer(copy, layout.DATA))
    w.leave(w.number(OK))
    return w


def _own(intrinsics: Names, declared: Names) -> Routine:
    """A reference that the call gives back when it ends."""
    w = Routine("internal void @own(ptr %program, ptr %frame, ptr %object)", intrinsics, declared)
    count = w.read("%frame")
    w.write(part(w, "owned"), count * 8, "%object")
    w.write("%frame", 0, count + 1)
    w.leave()
    return w
