"""A module in parts: functions that are alike are compiled once, and the parts link to the same program."""

import ctypes
import os
import re
import signal
import sys
import time
from contextlib import ExitStack
from threading import Event, Thread

import llvmlite.binding as llvm
import pytest

from glassgrad.engines.cpu.native import compiler, parts

FILL = "\n".join(f"  %a{k} = add i64 %x, {k}" for k in range(300))
HEAD = "@c.one = private unnamed_addr constant i64 1\ndeclare i64 @llvm.smax.i64(i64, i64)"


def kernel(name, step, *, more=""):
    """Adds `step` and the constant; `more` is the name of a function that it calls."""
    called = f"  %z = call i64 @{more}(i64 %y)" if more else "  %z = add i64 %y, 0"
    return f"""define internal i64 @{name}(i64 %x) #0 {{
entry:
{FILL}
  %one = load i64, ptr @c.one
  %s = add i64 %x, {step}
  %y = add i64 %s, %one
{called}
  ret i64 %z
}}"""


def module(*functions, calls):
    lines, value = [], "%x"
    for place, name in enumerate(calls):
        lines.append(f"  %r{place} = call i64 @{name}(i64 {value})")
        value = f"%r{place}"
    run = "\n".join(["define i64 @run(i64 %x) #0 {", "entry:", *lines, f"  ret i64 {value}", "}"])
    return "\n\n".join([HEAD, *functions, run, "attributes #0 = { nounwind }"])


def result_of(text, at=0):
    library = compiler.load(compiler.object_code(text), ["run"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.addresses["run"])(at)


def test_functions_that_are_alike_are_written_once():
    text = module(kernel("k0", 5), kernel("k1", 5), kernel("k10", 6), calls=["k0", "k1", "k10", "k1"])
    (one,) = parts.parts(text, 1)
    assert re.findall(r"define internal i64 @(\w+)", one) == ["k0", "k10"]
    assert re.findall(r"call i64 @(\w+)", one) == ["k0", "k0", "k10", "k0"]
    assert result_of(text) == 5 + 5 + 6 + 5 + 4


def test_names_that_begin_alike_are_told_apart():
    text = module(
        kernel("k1", 5, more="k10"), kernel("k10", 1), kernel("k2", 5, more="k20"), kernel("k20", 2), calls=["k1", "k2"]
    )
    assert result_of(text) == 5 + 1 + 5 + 2 + 4


def test_functions_that_call_functions_that_are_alike_are_alike():
    text = module(
        kernel("k0", 5), kernel("k1", 1, more="k0"), kernel("k2", 5), kernel("k3", 1, more="k2"), calls=["k1", "k3"]
    )
    (one,) = parts.parts(text, 1)
    assert re.findall(r"define internal i64 @(\w+)", one) == ["k0", "k1"]
    assert result_of(text) == 2 * (1 + 5 + 2)


def test_families_are_alike_as_a_whole():
    def family(name, step):
        return kernel(f"{name}.range", step), kernel(name, 1, more=f"{name}.range")

    text = module(*family("k0", 5), *family("k1", 5), *family("k2", 6), calls=["k0", "k1", "k2"])
    (one,) = parts.parts(text, 1)
    assert re.findall(r"define internal i64 @([\w.]+)", one) == ["k0.range", "k0", "k2.range", "k2"]
    assert result_of(text) == 5 + 5 + 6 + 3 * 3


@pytest.mark.parametrize("most", [2, 3, 8])
def test_parts_link_to_the_same_program(monkeypatch, most):
    functions = [kernel(f"k{k}", k, more=f"k{k - 1}" if k % 3 else "") for k in range(12)]
    copied = "define internal i64 @glassgrad.twice(i64 %x) alwaysinline nounwind {\n  %y = mul i64 %x, 2\n"
    copied += "  %z = call i64 @llvm.smax.i64(i64 %y, i64 %x)\n  ret i64 %z\n}"
    text = module(copied, *functions, kernel("k12", 0, more="glassgrad.twice"), calls=[*[f"k{k}" for k in range(13)]])
    pieces = parts.parts(text, most)
    assert len(pieces) == most
    monkeypatch.setattr(compiler, "parts", lambda text, _: [text])
    expected = result_of(text, 3)
    monkeypatch.setattr(compiler, "parts", lambda *_: pieces)
    assert result_of(text, 3) == expected


def test_a_module_whose_variables_do_not_begin_with_zeros_stays_whole():
    text = "@count = global i64 1\n" + module(kernel("k0", 5), kernel("k1", 5), calls=["k0", "k1"])
    assert parts.parts(text, 4) == [parts._with_attributes(text)]


def test_parts_share_variables():
    """Four kernels count in the same place, in three parts."""
    counting = "  %n = load i64, ptr @count\n  %m = add i64 %n, 1\n  store i64 %m, ptr @count\n  ret i64 %m"
    kernels = [kernel(f"k{k}", k).replace("  ret i64 %z", counting) for k in range(4)]
    text = "@count = global i64 zeroinitializer, align 64\n" + module(*kernels, calls=["k0", "k1", "k2", "k3"])
    pieces = parts.parts(text, 3)
    assert [piece.count("@count = global i64 zeroinitializer, align 64") for piece in pieces] == [1, 0, 0]
    assert [piece.count("@count = external global i64, align 64") for piece in pieces[1:]] == [1, 1]
    run = compiler.load(compiler.object_code(text), ["run"])
    called = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(run.addresses["run"])
    assert [called(0), called(0)] == [4, 8]


def plain(name, step, *, more=""):
    return kernel(name, step, more=more).replace(" #0 {", " noinline optnone {")


def test_what_is_translated_as_it_stands_is_so_without_effort():
    text = module(kernel("k0", 5), plain("k0.task", 6, more="k0"), plain("k1", 7, more="k0.task"), calls=["k1"])
    work, rest = parts.parts(text, 1)
    assert [compiler._effort(part) for part in (work, rest)] == [compiler._EFFORT, compiler._NONE]
    assert re.findall(r"define (?:internal )?i64 @([\w.]+)", work) == ["k0", "run"]
    assert re.findall(r"define (?:internal )?i64 @([\w.]+)", rest) == ["k0.task", "k1"]
    assert result_of(text) == 7 + 1 + 6 + 1 + 5 + 1


def test_a_few_lines_that_are_translated_as_they_stand_are_no_part_of_their_own():
    few = plain("k1", 7, more="k0").replace(FILL, "")
    (one,) = parts.parts(module(kernel("k0", 5), few, calls=["k1"]), 1)
    assert compiler._effort(one) == compiler._EFFORT


def test_what_a_constant_mentions_comes_with_it():
    pointers = "@c.table = private unnamed_addr constant [1 x i64] [i64 ptrtoint (ptr @labs to i64)]\n"
    caller = "define internal i64 @k0(i64 %x) #0 {\n  %p = load ptr, ptr @c.table\n  %y = call i64 %p(i64 %x)\n"
    text = module(caller + "  ret i64 %y\n}", kernel("k1", 5), kernel("k2", 6), kernel("k3", 7), calls=["k0", "k1"])
    assert result_of(pointers + "declare i64 @labs(i64)\n" + text, -3) == 3 + 5 + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns of forks beside threads")
def test_a_child_process_compiles_though_threads_of_its_parent_were_at_it():
    inside, done = Event(), Event()

    def compile_for_long():
        with ExitStack() as stack:
            for _ in range(compiler._processors()):
                stack.enter_context(compiler._machine(compiler._EFFORT))
            inside.set()
            done.wait()

    text = module(kernel("k0", 5), calls=["k0"])
    assert result_of(text) == 6
    thread = Thread(target=compile_for_long)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if compiler.object_code(text) else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns of forks beside threads")
def test_a_child_process_compiles_though_a_thread_of_its_parent_was_within_llvmlite():
    inside = Event()

    def be_within():
        with llvm.ffi.lib._lock:
            inside.set()
            time.sleep(0.2)

    text = module(kernel("k0", 5), calls=["k0"])
    assert result_of(text) == 6
    thread = Thread(target=be_within)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if result_of(text) == 6 else 1)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
