"""Branches and calls: their bodies written into the function around them. Floor 4."""

from typing import TYPE_CHECKING

from glassgrad.engines.cpu.calls.scratch import Scratch
from glassgrad.engines.cpu.emit.frame import Frame
from glassgrad.graph.node import Node

if TYPE_CHECKING:
    from glassgrad.engines.cpu.emit.module import Module


def write_call(module: "Module", frame: Frame, node: Node) -> None:
    """The body once, in memory that is free again after it."""
    (plan,) = frame.plan.bodies[node]
    scratch = Scratch(frame, node, [plan])
    given = [frame.pointer(x) for x in node.inputs]
    module.steps(frame.inner(plan, given, scratch.targets(frame, node), scratch.start), inside=True)


def write_cond(module: "Module", frame: Frame, node: Node) -> None:
    """The branch that the index picks, clipped into range."""
    w, bodies = frame.writer, frame.plan.bodies[node]
    scratch = Scratch(frame, node, bodies)
    targets = scratch.targets(frame, node)
    index, *operands = node.inputs
    given = [frame.pointer(x) for x in operands]
    kind = f"i{8 * index.dtype.itemsize}"
    picked, below = w.fresh(), w.fresh()
    w.line(f"{picked} = load {kind}, ptr {frame.pointer(index)}, align 1")
    labels = [w.new_label() for _ in bodies]
    above, done = w.new_label(), w.new_label()
    w.line(f"{below} = icmp sle {kind} {picked}, 0")
    w.line(f"br i1 {below}, label %{labels[0]}, label %{above}")
    w.label(above)
    cases = " ".join(f"{kind} {k}, label %{label}" for k, label in enumerate(labels[:-1]))
    w.line(f"switch {kind} {picked}, label %{labels[-1]} [ {cases} ]")
    for label, plan in zip(labels, bodies, strict=True):
        w.label(label)
        module.steps(frame.inner(plan, given, targets, scratch.start), inside=True)
        w.jump(done)
    w.label(done)
