"""Whole programs of many fields, as their users write them, each once for both libraries: Glassgrad and JAX."""

import importlib
from collections.abc import Callable
from typing import Any

from benchmarks.harness.case import Case, Run
from benchmarks.programs import library

FIELDS = ("geometry", "finance", "sequences", "statistics", "physics", "optimisation", "networks", "images")

Program = Callable[[library.Library], tuple[Callable[..., Any], tuple[Any, ...]]]


def _glassgrad(program: Program) -> Run:
    import glassgrad as gg

    function, arguments = program(library.glassgrad())
    return Run(gg.jit(function), arguments, numbers=lambda result: result)


def _jax(program: Program) -> Run:
    import jax

    function, arguments = program(library.jax())
    compiled = jax.jit(function)
    return Run(
        lambda *args: jax.block_until_ready(compiled(*args)),
        jax.tree.map(jax.numpy.asarray, arguments),
        numbers=lambda result: result,
    )


def cases(*, quick: bool, dtype: str) -> list[Case]:
    found = []
    for field in FIELDS:
        programs = importlib.import_module(f"benchmarks.programs.{field}").PROGRAMS
        for program in programs[:1] if quick else programs:
            makers = {"glassgrad": lambda p=program: _glassgrad(p), "jax": lambda p=program: _jax(p)}
            found.append(Case(f"{field}: {program.__name__.replace('_', ' ')}", makers))
    return found
