"""The native door: one C function for all signatures, which follows the records of `records.py`. Floor 4.

enter     tries the programs of a door one after the other, and the Python function when none fits
attempt   one program: its frame, then walk -> make -> run -> build, and the references it holds
walk      checks the arguments and finds the data of the inputs
make      allocates the results and finds the data of the outputs
build     puts the results together
"""

from glassgrad.engines.cpu.emit.types import I32, I64
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native import door_inputs, door_outputs, function_code, layout
from glassgrad.engines.cpu.native.door_parts import FAILED, OK, Names, address, part, word
from glassgrad.engines.cpu.native.records import OBJECTS, PLACES
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine

FRAME_ON_STACK = 3072  # bytes; larger frames are kept blocks
DOOR = {"first": 0, "fallback": 8, "active": 16}  # its first program, the function for other calls, calls inside
_DOES_NOT_FIT = "inttoptr (i64 1 to ptr)"


def routines(intrinsics: Names, declared: Names) -> list[Routine]:
    """All functions of the door; `function_call` is the one that Python calls."""
    own = [make(intrinsics, declared) for make in (_enter, _attempt, _names_fit, _serve)]
    own += function_code.routines(intrinsics, declared)
    return [*own, *door_inputs.routines(intrinsics, declared), *door_outputs.routines(intrinsics, declared)]


def _enter(intrinsics: Names, declared: Names) -> Routine:
    w = Routine("internal ptr @enter(ptr %door, ptr %args, i64 %count, ptr %names)", intrinsics, declared)
    door, count = "%door", w.parameter("%count")
    program, result = w.variable(), w.variable()
    w.write(program, 0, w.read_pointer(door, DOOR["first"]))
    w.write(door, DOOR["active"], w.read(door, DOOR["active"]) + 1)
    with w.forever() as none_fits:
        here = w.read_pointer(program)
        trying, next_one, done = w.new_label(), w.new_label(), w.new_label()
        w.branch(w.same(here, NULL), none_fits, trying)
        w.label(trying)
        w.write(result, 0, w.call_pointer("attempt", here, "%args", count, "%names"))
        w.branch(w.same(w.read_pointer(result), _DOES_NOT_FIT), next_one, done)
        w.label(done)
        w.write(door, DOOR["active"], w.read(door, DOOR["active"]) - 1)
        w.leave(w.read_pointer(result))
        w.jump(next_one)
        w.label(next_one)
        w.write(program, 0, w.read_pointer(here, PLACES["next"]))
    w.write(door, DOOR["active"], w.read(door, DOOR["active"]) - 1)
    fallback = w.read_pointer(door, DOOR["fallback"])
    w.leave(w.call_pointer("PyObject_Vectorcall", fallback, "%args", count, "%names"))
    return w


def _attempt(intrinsics: Names, declared: Names) -> Routine:
    """The result, NULL after an error, or 1 where the arguments do not fit."""
    w = Routine("internal ptr @attempt(ptr %program, ptr %args, i64 %count, ptr %names)", intrinsics, declared)
    count = w.parameter("%count")
    named = w.variable(I64)
    w.write(named, 0, w.number(0))
    with w.when(w.apart("%names", NULL)):
        w.write(named, 0, w.read("%names", layout.SIZE))
    names_count = w.read(named)
    with w.when(count.differs(word(w, "positional")) | names_count.differs(word(w, "names_count"))):
        w.leave(_DOES_NOT_FIT)
    with w.when(names_count.differs(0)), w.when(w.call("names_fit", "%program", "%names").equals(0)):
        w.leave(_DOES_NOT_FIT)
    total = count + names_count
    size = word(w, "frame_bytes")
    with w.when(size <= FRAME_ON_STACK):
        frame = w.slot(f"[{FRAME_ON_STACK} x i8]", 64)
        w.leave(w.call_pointer("serve", "%program", frame, "%args", total))
    block = w.call_pointer("take_block", size)
    with w.when(w.same(block, NULL)):
        w.leave(w.call_pointer("PyErr_NoMemory"))
    result = w.call_pointer("serve", "%program", block, "%args", total)
    w.call_void("give_block", block)
    w.leave(result)
    return w


def _names_fit(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"internal i64 @names_fit(ptr %program, ptr %names) {PLAIN}", intrinsics, declared)
    expected = address(w, "names")
    with w.count(word(w, "names_count")) as index:
        wanted = w.read_pointer(expected, index * 8)
        found = w.read_pointer("%names", index * 8 + layout.TUPLE_ITEMS)
        with w.when(w.apart(wanted, found)), w.when(w.call("PyUnicode_Compare", wanted, found, result=I32).differs(0)):
            w.leave(w.number(0))
    w.leave(w.number(1))
    return w


def _serve(intrinsics: Names, declared: Names) -> Routine:
    """One call in its frame."""
    w = Routine("internal ptr @serve(ptr %program, ptr %frame, ptr %args, i64 %total)", intrinsics, declared)
    result, made = w.variable(), part(w, "made")
    made_count = word(w, "made_count")
    w.write("%frame", 0, w.number(0))
    with w.count(w.parameter("%total")) as index:
        w.write("%frame", index * 8 + OBJECTS, w.read_pointer("%args", index * 8))
    w.write(result, 0, _DOES_NOT_FIT)
    found = w.call("walk", "%program", "%frame")
    release = w.new_label()
    with w.when(found.equals(FAILED)):
        w.write(result, 0, NULL)
    with w.when(found.equals(OK)):
        with w.count(made_count) as index:
            w.write(made, index * 8, NULL)
        w.write(result, 0, NULL)
        with w.when(w.call("make", "%program", "%frame").equals(OK)):
            failed, after = _run(w), address(w, "after")
            with w.when(w.apart(after, NULL) & failed.differs(0)):
                answer = w.call_pointer("PyObject_CallNoArgs", after)
                with w.when(w.same(answer, NULL)):
                    w.go(release)
                w.call_void("Py_DecRef", answer)
            with w.when(w.call("build", "%program", "%frame").equals(OK)):
                place = w.at(made, word(w, "result"))
                w.write(result, 0, w.read_pointer(place))
                w.write(place, 0, NULL)
    w.jump(release)
    w.label(release)
    with w.when(
        w.apart(w.read_pointer(result), _DOES_NOT_FIT) & w.same(w.read_pointer(result), NULL) & found.equals(OK)
    ):
        _drop(w, made, made_count)  # what was made before something failed
    _drop(w, part(w, "owned"), w.read("%frame"))
    w.leave(w.read_pointer(result))
    return w


def _drop(w: Routine, slots: str, count: Value) -> None:
    """Gives back the references in these slots."""
    with w.count(count) as index:
        held = w.read_pointer(slots, index * 8)
        with w.when(w.apart(held, NULL)):
            w.call_void("Py_DecRef", held)


def _run(w: Routine) -> Value:
    """Calls the program, a long one while other Python threads go on; gives its answer, 0 if all is well."""
    answer = w.variable(I64)
    given = (part(w, "inputs"), part(w, "outputs"), part(w, "arena"), address(w, "context"))
    run = address(w, "run")
    quick, slow, done = w.new_label(), w.new_label(), w.new_label()
    w.branch(word(w, "is_long").equals(0), quick, slow)
    w.label(quick)
    w.write(answer, 0, w.call(run, *given))
    w.jump(done)
    w.label(slow)
    state = w.call_pointer("PyEval_SaveThread")
    w.write(answer, 0, w.call(run, *given))
    w.call_void("PyEval_RestoreThread", state)
    w.jump(done)
    w.label(done)
    return w.read(answer)
