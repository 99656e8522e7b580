"""The native door's way out: results allocated (`Make`) and put together (`Build`), record by record. Floor 4."""

from glassgrad.engines.cpu.emit.types import I8, I32
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.door_parts import FAILED, OK, Names, address, known, part, word
from glassgrad.engines.cpu.native.records import KEPT_FROM, RECORD, TOO_LARGE, Build, Make
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine

CODE, OUTPUT, SLOT, TYPE, RANK, SHAPE, BYTES, SOURCE = (8 * n for n in range(8))  # places in a `Make` record
COUNT, PARTS, KIND, KEYS = 16, 24, 32, 40  # places in a `Build` record, after the code and the slot
BUILD_SLOT = 8


def routines(intrinsics: Names, declared: Names) -> list[Routine]:
    """`make`, `build` and what they call."""
    makers = (_make, _make_array, _make_kept_array, _take_over, _build, _tuple, _list, _dictionary, _fields, _called)
    return [make(intrinsics, declared) for make in makers]


def _make(intrinsics: Names, declared: Names) -> Routine:
    """The memory of all results: OK, or FAILED with a Python error."""
    w = Routine("internal i64 @make(ptr %program, ptr %frame)", intrinsics, declared)
    outputs, made, scratch = part(w, "outputs"), part(w, "made"), part(w, "scratch")
    records = address(w, "makes")
    wrong = w.new_label()
    with w.count(word(w, "makes_count") * RECORD, step=RECORD) as place:
        record = w.at(records, place)
        output = w.at(outputs, w.read(record, OUTPUT))
        slot = w.at(made, w.read(record, SLOT))
        after, fresh, data = w.new_label(), w.variable(), w.variable()
        arrived = w.new_label()
        with w.cases(w.read(record, CODE), len(Make), wrong) as labels:
            for code, name in _MAKERS.items():
                w.label(labels[code])
                array = w.call_pointer(name, record, "%frame") if code is Make.TAKEN else w.call_pointer(name, record)
                w.write(fresh, 0, array)
                with w.when(w.same(array, NULL)):
                    w.go(wrong)
                w.write(data, 0, w.read_pointer(array, layout.DATA))
                w.jump(arrived)
            w.label(labels[Make.SCALAR])
            scalar = w.call_pointer("PyType_GenericAlloc", w.read_pointer(record, TYPE), w.number(0))
            w.write(fresh, 0, scalar)
            w.write(data, 0, w.at(scalar, layout.INSIDE))
            w.jump(arrived)
            w.label(labels[Make.PLACE])
            w.write(output, 0, w.at(scratch, w.read(record, RANK)))
            w.jump(after)
        w.label(arrived)
        with w.when(w.same(w.read_pointer(fresh), NULL)):
            w.go(wrong)
        w.write(slot, 0, w.read_pointer(fresh))
        w.write(output, 0, w.read_pointer(data))
        w.jump(after)
        w.label(after)
    w.leave(w.number(OK))
    w.label(wrong)
    w.leave(w.number(FAILED))
    return w


_MAKERS = {Make.ARRAY: "make_array", Make.KEPT_ARRAY: "make_kept_array", Make.TAKEN: "take_over"}


def _new_array(w: Routine, data: str, flags: int) -> str:
    """A NumPy array by the record, of its own memory or with the data given."""
    descriptor = w.read_pointer("%record", TYPE)
    w.call_void("Py_IncRef", descriptor)  # the call takes this reference
    rank = w.convert(w.read("%record", RANK), I32)
    shape = w.read_pointer("%record", SHAPE)
    return w.call_pointer(
        "PyArray_NewFromDescr", known(w, "ndarray"), descriptor, rank, shape, NULL, data, w.number(flags, I32), NULL
    )


def _make_array(intrinsics: Names, declared: Names) -> Routine:
    w = Routine("internal ptr @make_array(ptr %record)", intrinsics, declared)
    w.leave(_new_array(w, NULL, 0))
    return w


def _take_over(intrinsics: Names, declared: Names) -> Routine:
    """The very array that the caller gives up, if the program was handed its memory and no copy; else a new one."""
    w = Routine("internal ptr @take_over(ptr %record, ptr %frame)", intrinsics, declared)
    array = w.read_pointer(w.at("%frame", w.read("%record", SOURCE)))
    wanted = layout.BEHAVED | layout.WRITEABLE
    fits = (w.read(array, layout.FLAGS, I32) & wanted).equals(wanted)
    with w.when(fits & w.same(w.read_pointer(array, layout.DESCRIPTOR), w.read_pointer("%record", TYPE))):
        w.call_void("Py_IncRef", array)
        w.leave(array)
    size = w.read("%record", BYTES)
    with w.when((size >= KEPT_FROM) & (size < TOO_LARGE)):
        w.leave(w.call_pointer("make_kept_array", "%record"))
    w.leave(w.call_pointer("make_array", "%record"))
    return w


def _make_kept_array(intrinsics: Names, declared: Names) -> Routine:
    """An array that owns a kept block: when it goes, NumPy gives the block back through the memory handler."""
    w = Routine(f"internal ptr @make_kept_array(ptr %record) {PLAIN}", intrinsics, declared)
    handler = known(w, "handler")
    with w.when(w.same(handler, NULL)):
        w.leave(_new_array(w, NULL, 0))
    block = w.call_pointer("take_block", w.read("%record", BYTES))
    with w.when(w.same(block, NULL)):
        w.leave(w.call_pointer("PyErr_NoMemory"))
    array = _new_array(w, block, layout.BEHAVED | layout.WRITEABLE)
    with w.when(w.same(array, NULL)):
        w.call_void("give_block", block)
        w.leave(NULL)
    w.call_void("Py_IncRef", handler)
    w.write(array, layout.HANDLER, handler)
    w.write(array, layout.FLAGS, w.read(array, layout.FLAGS, I32) | layout.OWNS_DATA)
    w.leave(array)
    return w


def _build(intrinsics: Names, declared: Names) -> Routine:
    """Puts the results together: OK, or FAILED with a Python error."""
    w = Routine("internal i64 @build(ptr %program, ptr %frame)", intrinsics, declared)
    made, scratch = part(w, "made"), part(w, "scratch")
    records = address(w, "builds")
    wrong = w.new_label()
    with w.count(word(w, "builds_count") * RECORD, step=RECORD) as place:
        record = w.at(records, place)
        whole, arrived = w.variable(), w.new_label()
        with w.cases(w.read(record, CODE), len(Build), wrong) as labels:
            w.label(labels[Build.TRUTH])
            byte = w.read(w.at(scratch, w.read(record, COUNT)), 0, I8)
            chosen = w.variable()
            w.write(chosen, 0, known(w, "numpy_false"))
            with w.when(byte.differs(0)):
                w.write(chosen, 0, known(w, "numpy_true"))
            w.call_void("Py_IncRef", w.read_pointer(chosen))
            w.write(whole, 0, w.read_pointer(chosen))
            w.jump(arrived)
            w.label(labels[Build.VALUE])
            value = w.read_pointer(record, KIND)
            w.call_void("Py_IncRef", value)
            w.write(whole, 0, value)
            w.jump(arrived)
            for code, name in _BUILDERS.items():
                w.label(labels[code])
                w.write(whole, 0, w.call_pointer(name, record, made))
                w.jump(arrived)
        w.label(arrived)
        with w.when(w.same(w.read_pointer(whole), NULL)):
            w.go(wrong)
        w.write(made, w.read(record, BUILD_SLOT), w.read_pointer(whole))
    w.leave(w.number(OK))
    w.label(wrong)
    w.leave(w.number(FAILED))
    return w


_BUILDERS = {
    Build.TUPLE: "build_tuple", Build.LIST: "build_list", Build.DICT: "build_dict", Build.FIELDS: "build_fields",
    Build.CALL: "build_called",
}  # fmt: skip


def _sequence(kind: str, intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"internal ptr @build_{kind.lower()}(ptr %record, ptr %made)", intrinsics, declared)
    count = w.read("%record", COUNT)
    whole = w.call_pointer(f"Py{kind}_New", count)
    with w.when(w.same(whole, NULL)):
        w.leave(NULL)
    places = w.read_pointer("%record", PARTS)
    with w.count(count) as index:
        slot = w.at("%made", w.read(places, index * 8))
        item = w.read_pointer(slot)
        w.write(slot, 0, NULL)  # the call takes this reference
        w.call(f"Py{kind}_SetItem", whole, index, item, result=I32)
    w.leave(whole)
    return w


def _tuple(intrinsics: Names, declared: Names) -> Routine:
    return _sequence("Tuple", intrinsics, declared)


def _list(intrinsics: Names, declared: Names) -> Routine:
    return _sequence("List", intrinsics, declared)


def _dictionary(intrinsics: Names, declared: Names) -> Routine:
    w = Routine("internal ptr @build_dict(ptr %record, ptr %made)", intrinsics, declared)
    whole = w.call_pointer("PyDict_New")
    with w.when(w.same(whole, NULL)):
        w.leave(NULL)
    _set_parts(w, whole, "PyDict_SetItem")
    return w


def _fields(intrinsics: Names, declared: Names) -> Routine:
    """An object whose fields are set directly, as `base.trees` does: __init__ may check or convert."""
    w = Routine("internal ptr @build_fields(ptr %record, ptr %made)", intrinsics, declared)
    whole = w.call_pointer("PyObject_CallOneArg", known(w, "object_new"), w.read_pointer("%record", KIND))
    with w.when(w.same(whole, NULL)):
        w.leave(NULL)
    _set_parts(w, whole, "PyObject_GenericSetAttr")
    return w


def _set_parts(w: Routine, whole: str, setter: str) -> None:
    """Sets the parts under their keys or names; the parts are given back when the call ends."""
    places, keys = w.read_pointer("%record", PARTS), w.read_pointer("%record", KEYS)
    with w.count(w.read("%record", COUNT)) as index:
        slot = w.at("%made", w.read(places, index * 8))
        outcome = w.call(setter, whole, w.read_pointer(keys, index * 8), w.read_pointer(slot), result=I32)
        with w.when(outcome.differs(0)):
            w.call_void("Py_DecRef", whole)
            w.leave(NULL)
        w.call_void("Py_DecRef", w.read_pointer(slot))
        w.write(slot, 0, NULL)
    w.leave(whole)


def _called(intrinsics: Names, declared: Names) -> Routine:
    """What a Python function makes of the parts."""
    w = Routine(f"internal ptr @build_called(ptr %record, ptr %made) {PLAIN}", intrinsics, declared)
    given = w.call_pointer("build_tuple", "%record", "%made")
    with w.when(w.same(given, NULL)):
        w.leave(NULL)
    whole = w.call_pointer("PyObject_Call", w.read_pointer("%record", KIND), given, NULL)
    w.call_void("Py_DecRef", given)
    w.leave(whole)
    return w
