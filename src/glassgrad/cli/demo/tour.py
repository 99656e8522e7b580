"""The tour of `glassgrad demo`: a formula, a network, a fit to real data. It prints and returns its figures."""

import importlib.util
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from glassgrad.api.derivatives import grad, value_and_grad
from glassgrad.cli.demo import fit, network
from glassgrad.cli.output import say
from glassgrad.explain.deriving.derive import derive
from glassgrad.explain.explaining import explain

_WIDTH = 80
_TRAINING_STEPS = 200


def tour() -> dict[str, Any]:
    """The three parts, one after the other."""
    began = time.perf_counter()
    figures = {"skydiver": skydiver(), "two_layer_network": two_layers(), "breast_cancer": breast_cancer()}
    seconds = time.perf_counter() - began
    say(f"\nThat took {seconds:.1f} s. Next:")
    say("  glassgrad derive 'x**x'\n  glassgrad explain your_file.py:your_function --args arguments.json")
    return {**figures, "seconds": seconds}


def _heading(text: str) -> None:
    say(f"\n{text}\n{'─' * min(len(text), _WIDTH)}")


def skydiver() -> dict[str, Any]:
    """How fast the air pressure around a skydiver rises."""
    _heading("1. A skydiver: how fast does the pressure rise?")
    say(
        "Altitude h falls as she falls: h(t) = 4000 − g(t) with the distance fallen g(t) = 4.9t².\n"
        "So g′(t) = +9.8t is her speed downwards, and h′(t) = −9.8t has the minus sign.\n"
    )
    units = "t=s, h=m, p=Pa" if importlib.util.find_spec("pint") is not None else None
    fall = derive("p = 101325*exp(-0.0001*h)", let=["h = 4000 - 0.5*9.8*t**2"], at="t=10", units=units)
    say(fall.text(width=_WIDTH))
    return {"dp_dt": fall.derivative, "agrees": fall.check.agrees}


def two_layers() -> dict[str, Any]:
    """The two-layer sigmoid network: its forward pass, its gradients explained, and training."""
    _heading("2. A two-layer sigmoid network: which way does each weight push?")
    parameters = (network.X, network.W1, network.b1, network.W2, network.b2)
    output = float(network.network(*parameters))
    say(f"forward pass: {output:.15f}\n")
    say(explain(network.network, *parameters, wrt="W1").text(width=_WIDTH))
    gradients = dict(zip(("W1", "b1", "W2", "b2"), grad(network.network, (1, 2, 3, 4))(*parameters), strict=True))
    say("\nAll gradients of the output:")
    for name, gradient in gradients.items():
        say(f"  d{name:<3} {str(gradient).replace(chr(10), chr(10) + '       ')}")
    before, after = _train()
    say(f"\n{_TRAINING_STEPS} steps of gradient descent towards {network.TARGET}: loss {before:.6f} → {after:.6f}")
    return {
        "output": output,
        "gradients": {name: _plain(g) for name, g in gradients.items()},
        "loss_before": before,
        "loss_after": after,
    }


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else float(value)


def _train() -> tuple[float, float]:
    """The loss before and after training."""
    values = [network.W1, network.b1, network.W2, network.b2]
    slope = value_and_grad(network.loss, (1, 2, 3, 4))
    losses = []
    for _ in range(_TRAINING_STEPS):
        value, gradient = slope(network.X, *values, network.TARGET)
        losses.append(float(value))
        values = [v - 0.5 * g for v, g in zip(values, gradient, strict=True)]
    return losses[0], losses[-1]


def breast_cancer() -> dict[str, Any] | None:
    """A network in plain NumPy on 569 tumours with 30 measurements each."""
    _heading("3. Real data: 569 tumours, 30 measurements each, one network in plain NumPy")
    if importlib.util.find_spec("sklearn") is None:
        say("This part needs scikit-learn for its data:  pip install 'glassgrad[demo]'")
        return None
    steps = []
    console = Console(stderr=True, width=_WIDTH)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("step {task.completed}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("gradient descent", total=fit.STEPS + 1)
        for step in fit.descend():
            steps.append(step)
            progress.advance(task)
    say("step    loss    ‖dW1‖    ‖db1‖    ‖dW2‖    ‖db2‖   test accuracy")
    for step in steps:
        if step.number in (0, 1, 2, 5, 10, 20, 50, 100, 200, fit.STEPS):
            lengths = "  ".join(f"{step.gradients[name]:7.4f}" for name in ("W1", "b1", "W2", "b2"))
            say(f"{step.number:4d}  {step.loss:7.4f}  {lengths}   {step.accuracy:.1%}")
    say(f"\nloss  {_curve([step.loss for step in steps])}")
    first, last = steps[0], steps[-1]
    share = last.gradients["W1"] / first.gradients["W1"]
    say(f"The gradients shrink as the loss does: ‖dW1‖ is {share:.0%} of what it was; no layer")
    say("starves, none explodes.")
    return {"loss_before": first.loss, "loss_after": last.loss, "test_accuracy": last.accuracy, "steps": fit.STEPS}


def _curve(values: list[float]) -> str:
    """The values as a line of blocks, high to low."""
    picked = values[:: max(len(values) // 60, 1)][:60]
    low, high = min(picked), max(picked)
    blocks = "▁▂▃▄▅▆▇█"
    return "".join(blocks[round((v - low) / (high - low or 1.0) * 7)] for v in picked)
