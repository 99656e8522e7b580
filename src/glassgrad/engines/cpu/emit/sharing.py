"""A kernel shared among threads: its outermost loop in as many ranges as there are threads. Floor 4.

What a kernel computes does not depend on how it is cut: only loops whose points are independent are shared.
"""

from math import prod

from glassgrad.base.settings import current
from glassgrad.engines.cpu.emit.kernels import KernelText, Part, Surroundings, kernel_text
from glassgrad.engines.cpu.emit.lanes import Lanes
from glassgrad.engines.cpu.native.threads import processor_count
from glassgrad.engines.cpu.plan.kernels import Kernel

_LEAST = 1 << 18  # additions in a kernel from which several threads are faster than one: to wake them takes its time


def ranges_of(kernel: Kernel, lanes: Lanes) -> int:
    """Among how many threads the kernel is shared; 1 where it is not."""
    threads = current().threads or processor_count()
    if threads < 2 or not kernel.frame or any(root.late for root in kernel.roots):
        return 1
    row = max([prod(axis.extent for axis in phase.axes) for phase in kernel.phases], default=1)
    points = prod(axis.extent for axis in kernel.frame) * row
    return threads if points * lanes.cost >= _LEAST and _units(kernel, lanes) >= threads else 1


def _units(kernel: Kernel, lanes: Lanes) -> int:
    """How many rounds the outermost loop has."""
    return kernel.frame[0].extent // (lanes.width if kernel.frame[0] is lanes.of_frame else 1)


def shared_text(name: str, kernel: Kernel, lanes: Lanes, around: Surroundings, ranges: int) -> KernelText:
    """The functions of a shared kernel: the first one gives the ranges to the threads."""
    units, axis = _units(kernel, lanes), kernel.frame[0]
    step = lanes.width if axis is lanes.of_frame else 1
    main = kernel_text(f"{name}.range", kernel, lanes, around, Part.RANGE)
    parts = [main]
    if axis is lanes.of_frame and axis.extent % step:
        parts.append(kernel_text(f"{name}.rest", kernel, lanes, around, Part.REST))
    values = tuple(dict.fromkeys([node for part in parts for node in part.values]))
    place = {node: position for position, node in enumerate(values)}
    given = ", ".join(f"ptr %p{k}" for k in range(len(values)))
    stores = "\n".join(
        f"  %at{k} = getelementptr ptr, ptr %given, i64 {k}\n  store ptr %p{k}, ptr %at{k}" for k in range(len(values))
    )
    loads = "\n".join(
        f"  %at{k} = getelementptr ptr, ptr %given, i64 {k}\n  %p{k} = load ptr, ptr %at{k}" for k in range(len(values))
    )
    passed = [", ".join(f"ptr %p{place[node]}" for node in part.values) for part in parts]
    rest = f"  call void @{name}.rest({passed[1]})\n" if len(parts) > 1 else ""
    task = f"""define internal void @{name}.task(ptr %given, i64 %number) #0 {{
{loads}
  %next = add i64 %number, 1
  %first.part = mul i64 %number, {units}
  %first = sdiv i64 %first.part, {ranges}
  %last.part = mul i64 %next, {units}
  %last = sdiv i64 %last.part, {ranges}
  %begin = mul i64 %first, {step}
  %end = mul i64 %last, {step}
  call void @{name}.range({passed[0]}, i64 %begin, i64 %end)
  ret void
}}"""
    whole = f"""define internal void @{name}({given}) #0 {{
  %given = alloca ptr, i64 {max(len(values), 1)}
{stores}
  call void @fork_join(ptr @{name}.task, ptr %given, i64 {ranges})
{rest}  ret void
}}"""
    return KernelText([*[text for part in parts for text in part.texts], task, whole], values)
