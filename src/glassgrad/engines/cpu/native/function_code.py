"""The native side of the type of compiled functions: call, binding to an instance, garbage collection. Floor 4."""

from glassgrad.engines.cpu.emit.types import I32
from glassgrad.engines.cpu.native import layout
from glassgrad.engines.cpu.native.door_parts import Names
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine

# An object: its head, the function that the vectorcall protocol calls, the address of the door, and what it holds.
VECTORCALL, DOOR, OWNER, DICT, WEAK = (layout.HEAD + 8 * n for n in range(5))
BYTES = layout.HEAD + 40
_COUNT = (1 << 63) - 1  # without the bit PY_VECTORCALL_ARGUMENTS_OFFSET


def routines(intrinsics: Names, declared: Names) -> list[Routine]:
    """What the slots of the type point to, and `function_call`."""
    return [make(intrinsics, declared) for make in (_call, _bind, _traverse, _clear, _release)]


def _call(intrinsics: Names, declared: Names) -> Routine:
    w = Routine("ptr @function_call(ptr %self, ptr %args, i64 %flags, ptr %names)", intrinsics, declared)
    door = w.read_pointer("%self", DOOR)
    with w.when(w.same(door, NULL)):  # the garbage collector has been here
        w.call_void("PyErr_BadInternalCall")
        w.leave(NULL)
    w.leave(w.call_pointer("enter", door, "%args", w.parameter("%flags") & _COUNT, "%names"))
    return w


def _bind(intrinsics: Names, declared: Names) -> Routine:
    """An attribute of a class: bound to the instance, as a Python function is."""
    w = Routine(f"ptr @function_bind(ptr %self, ptr %instance, ptr %type) {PLAIN}", intrinsics, declared)
    with w.when(w.same("%instance", NULL)):
        w.call_void("Py_IncRef", "%self")
        w.leave("%self")
    w.leave(w.call_pointer("PyMethod_New", "%self", "%instance"))
    return w


def _traverse(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"i32 @function_traverse(ptr %self, ptr %visit, ptr %argument) {PLAIN}", intrinsics, declared)
    for place in (layout.TYPE, OWNER, DICT):
        held = w.read_pointer("%self", place)
        with w.when(w.apart(held, NULL)):
            answer = w.call("%visit", held, "%argument", result=I32)
            with w.when(answer.differs(0)):
                w.leave(answer)
    w.leave(w.number(0, I32))
    return w


def _clear(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"i32 @function_clear(ptr %self) {PLAIN}", intrinsics, declared)
    w.write("%self", DOOR, NULL)
    for place in (OWNER, DICT):
        held = w.read_pointer("%self", place)
        with w.when(w.apart(held, NULL)):
            w.write("%self", place, NULL)
            w.call_void("Py_DecRef", held)
    w.leave(w.number(0, I32))
    return w


def _release(intrinsics: Names, declared: Names) -> Routine:
    """The end of an object."""
    w = Routine(f"void @function_release(ptr %self) {PLAIN}", intrinsics, declared)
    kind = w.read_pointer("%self", layout.TYPE)
    w.call_void("PyObject_GC_UnTrack", "%self")
    with w.when(w.apart(w.read_pointer("%self", WEAK), NULL)):
        w.call_void("PyObject_ClearWeakRefs", "%self")
    w.call("function_clear", "%self", result=I32)
    w.call_void("PyObject_GC_Del", "%self")
    w.call_void("Py_DecRef", kind)
    w.leave()
    return w


NAMES = ("function_call", "function_bind", "function_traverse", "function_clear", "function_release")
