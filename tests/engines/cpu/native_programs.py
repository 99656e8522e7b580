"""Native programs for the tests of the door: they give their inputs back, or one more, or nothing."""

import ctypes
from functools import cache

import numpy as np

from glassgrad.engines.cpu.native import compiler
from glassgrad.engines.cpu.native.signature import Array, Program, Scalar, leaves_of

# echo: context = [count, bytes of each leaf]; copies every input to the output of the same number.
_TEXT = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define i64 @echo(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
entry:
  %count = load i64, ptr %context
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %body, label %done
body:
  %next = add i64 %i, 1
  %size.at = getelementptr i64, ptr %context, i64 %next
  %size = load i64, ptr %size.at
  %from.at = getelementptr ptr, ptr %inputs, i64 %i
  %to.at = getelementptr ptr, ptr %outputs, i64 %i
  %from = load ptr, ptr %from.at
  %to = load ptr, ptr %to.at
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %size, i1 false)
  br label %head
done:
  ret i64 1
}

define i64 @nothing(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  ret i64 1
}

define i64 @square_plus_one(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  %from = load ptr, ptr %inputs
  %x = load double, ptr %from
  %xx = fmul double %x, %x
  %y = fadd double %xx, 1.0
  %to = load ptr, ptr %outputs
  store double %y, ptr %to
  ret i64 1
}

define i64 @fill_arena(ptr %inputs, ptr %outputs, ptr %arena, ptr %context) {
  %size = ptrtoint ptr %context to i64
  call void @llvm.memset.p0.i64(ptr %arena, i8 7, i64 %size, i1 false)
  %place = ptrtoint ptr %arena to i64
  %to = load ptr, ptr %outputs
  store i64 %place, ptr %to
  ret i64 1
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
"""


@cache
def library():
    return compiler.load(compiler.object_code(_TEXT), ["echo", "nothing", "square_plus_one", "fill_arena"])


def address(name):
    return library().addresses[name]


def echo(takes, gives, **settings):
    """A program that copies its inputs, leaf by leaf."""
    sizes = [_size(leaf) for leaf in leaves_of((gives,))]
    context = (ctypes.c_int64 * (len(sizes) + 1))(len(sizes), *sizes)
    keep = (library(), context)
    return Program(address("echo"), takes, gives, context=ctypes.addressof(context), keep=keep, **settings)


def _size(leaf):
    match leaf:
        case Array(dtype, shape):
            return int(np.prod(shape)) * dtype.itemsize
        case Scalar(kind):
            return np.dtype(kind).itemsize
