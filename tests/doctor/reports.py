"""Reports made by hand, one of each kind: what printers are tested with, without a training."""

from dataclasses import replace
from math import inf, nan

import numpy as np

from glassgrad.doctor.causes.cause import Cause
from glassgrad.doctor.cures.cure import Cure
from glassgrad.doctor.learning.learning import Learning
from glassgrad.doctor.ledger.making import ledger_of
from glassgrad.doctor.measured.sample import Bad, Link, Output, Sample, Weights
from glassgrad.doctor.measured.setup import Column, DataFacts, LossFacts, OptimizerFacts, Parameter, Part, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.report.report import Report
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.symptoms.symptom import Symptom

BATCH = 64


def chain(*gains, loss="cross_entropy", first=0.125, time=()):
    """Links from the loss backwards, from (path, operation, family, gain, formula)."""
    links, norm = [Link("loss", loss, "loss", 1.0, first)], first
    for path, operation, family, gain, formula in gains:
        leaving = norm * gain if norm else 0.0
        place = f"model.py:{len(links)}" if formula else None
        links.append(Link(path, operation, family, norm, leaving, formula, place))
        norm = leaving
    if time:
        links[-1] = replace(links[-1], time=tuple(time))
    return tuple(links)


def weights(links):
    return tuple(
        Weights(f"{link.path}.weight", link.path, 1024, 3.0, link.entering * 2, link.entering * 0.02, spread=0.1)
        for link in links
        if link.family == "weights"
    )


def trace(links, losses, *, bad=None, operation="Linear(32 → 32)", rate=0.01):
    parts = tuple(Part(link.path, link.operation, "linear", link.family) for link in reversed(links[1:]))
    parameters = tuple(Parameter(f"{part.path}.weight", part.path, (32, 32), True, True, 0.1) for part in parts)
    column = Column(0.0, 1.0, -3.0, 3.0)
    data = DataFacts(
        BATCH, 16, (32,), (), "float32", "int64", column, (column,) * 32, None, "classes", ((0.0, 512), (1.0, 512)),
        baseline=0.6931,
    )  # fmt: skip
    setup = Setup(
        "torch", "Sequential", parts, parameters, LossFacts("cross_entropy", "nn.CrossEntropyLoss()", "mean"),
        (OptimizerFacts("sgd", f"SGD(lr={rate})", rate),), data,
    )  # fmt: skip
    output = Output((BATCH, 2), 0.01, 0.2, -0.4, 0.5, 0.001, 2)
    steps = (0, len(losses) // 2)
    samples = tuple(Sample(step, losses[step], links, weights(links), (), output) for step in steps)
    return Trace(setup, tuple(losses), samples, bad, before=losses[0], after=losses[-1], seconds=1.8, overhead=0.061)


def cure(title, code, edit, before, after, *, effect, cause="activation", why_not=None):
    steps = np.arange(120) / 40
    untreated = tuple(tuple((end + 0.01 * np.exp(-steps)).tolist()) for end in before)
    treated = tuple(tuple((end + (0.7 - end) * np.exp(-steps)).tolist()) for end in after)
    helped = sum(end < 0.5 * start for start, end in zip(before, after, strict=True))
    spread = (effect - 0.02, min(1.0, effect + 0.01))
    return Cure((edit,), title, code, cause, treated, untreated, before, after, helped, effect, spread, why_not)


def falling(end=0.02, steps=200):
    return [end + (0.71 - end) * 0.96**step for step in range(steps)]


def healthy():
    links = chain(
        ("net.4", "Linear(32 → 2)", "weights", 0.6, ""),
        ("net.3", "ReLU", "activation", 0.71, "ReLU′ = 1 where the input is above 0, here 49 %"),
        ("net.2", "Linear(32 → 32)", "weights", 0.8, ""),
        ("net.1", "ReLU", "activation", 0.7, "ReLU′ = 1 where the input is above 0, here 50 %"),
        ("net.0", "Linear(32 → 32)", "weights", 0.7, ""),
    )
    found = trace(links, falling())
    learning = Learning("learns", 0.71, 0.021, 0.02, 0.6931, 0.97, 200, "The loss falls from 0.71 to 0.021.")
    return Report("healthy", "It learns: nothing to mend", learning, (), (), (), ledger_of(found), found, seconds=2.1)


def vanishing(layers=14):
    formula = "σ′ = σ(1 − σ) ≤ 0.25, here 0.23"
    gains = [(f"net.{2 * layers}", "Linear(32 → 2)", "weights", 1.2, "")]
    for layer in range(layers - 1, -1, -1):
        gains += [(f"net.{2 * layer + 1}", "Sigmoid", "activation", 0.23, formula)]
        gains += [(f"net.{2 * layer}", "Linear(32 → 32)", "weights", 0.93, "")]
    losses = [0.6943 - 0.0012 * min(1.0, step / 20) for step in range(200)]
    found = trace(chain(*gains), losses)
    before = (0.6931, 0.6932, 0.6931)
    cures = (
        cure(
            "ReLU in place of the sigmoids, and weights drawn to match",
            "- nn.Sigmoid()\n+ nn.ReLU()\n\n+ for layer in model:\n+     if isinstance(layer, nn.Linear):\n"
            "+         nn.init.kaiming_normal_(layer.weight)\n+         nn.init.zeros_(layer.bias)",
            edits.Activation("relu"), before, (0.012, 0.015, 0.011), effect=0.98,
        ),
        cure("Layer norm after each hidden layer", "+ nn.LayerNorm(32)", edits.Normalise(), before, (0.03, 0.69, 0.04),
             effect=0.95),
        cure("Ten times the rate", "- lr=0.01\n+ lr=0.1", edits.Rate(10.0), before, before, effect=0.0),
        cure("A residual link around each block", "", edits.Residual(), before, before,
             effect=0.0, why_not="no two shapes agree"),
    )  # fmt: skip
    causes = (
        Cause(
            "activation", f"Each of the {layers} sigmoids passes on at most a quarter of the gradient", "net.1", 0.93,
            (
                "σ′ is 0.23 on average, 14 times one after the other: 0.23¹⁴ = 1·10⁻⁹",
                "the gradient at net.0.weight is 7·10⁻¹¹ of the one at net.28.weight",
            ),
            ((edits.Activation("relu"),),), ("with ReLU the gradient at net.0 is 4·10⁸ times as large after one step",),
        ),
        Cause("depth", "28 links are many without normalisation", None, 0.31, ("the chain has 28 links",)),
    )  # fmt: skip
    symptom = Symptom(
        "vanishing", "The gradient vanishes at net.27 (Sigmoid)", "net.27", 0.97, ("…",), 0, (("at", 1e-9),)
    )
    learning = Learning(
        "stuck", 0.6943, 0.6931, 0.6931, 0.6931, 0.0, 200,
        "The loss stays at 0.693, which is what a constant prediction reaches.",
    )  # fmt: skip
    return Report(
        "sick", f"The gradient vanishes on its way through {layers} sigmoids", learning, (symptom,), causes, cures,
        ledger_of(found), found, seconds=14.3,
    )  # fmt: skip


def one_unit_softmax():
    links = chain(
        ("net.3", "Softmax(dim=1)", "activation", 0.0, "p(1 − p) = 0: over one unit p is always 1"),
        ("net.2", "Linear(16 → 1)", "weights", 1.0, ""),
        ("net.1", "ReLU", "activation", 1.0, ""),
        ("net.0", "Linear(8 → 16)", "weights", 1.0, ""),
        loss="binary_cross_entropy", first=1.3,
    )  # fmt: skip
    found = trace(links, [50.0] * 100)
    symptom = Symptom("zero-gradient", "No gradient passes net.3 (Softmax)", "net.3", 1.0, ("it is exactly 0",), 0)
    cause = Cause(
        "one-unit-softmax", "A softmax over one unit is always 1, whatever its input", "net.3", 0.99,
        ("the output is 1 for every example",), ((edits.LastActivation("sigmoid"),),),
    )  # fmt: skip
    learning = Learning("stuck", 50.0, 50.0, 50.0, 0.69, 0.0, 100)
    return Report(
        "sick", "A softmax over one unit stops the gradient", learning, (symptom,), (cause,), (),
        ledger_of(found), found,
        worth_trying=(("A sigmoid instead of the softmax", "- nn.Softmax(dim=1)\n+ nn.Sigmoid()"),
                      ("The loss from logits", "+ nn.BCEWithLogitsLoss()")),
    )  # fmt: skip


def not_a_number():
    links = chain(
        ("net.1", "log", "activation", 0.8, "1/x, here up to 4·10⁷"),
        ("net.0", "Linear(8 → 16)", "weights", 1.0, ""),
    )
    links = (links[0], replace(links[1], leaving=inf), replace(links[2], entering=inf, leaving=nan))
    bad = Bad(7, "forward", "net.1", "log", "inf", "log of 0 in 3 of 512 entries")
    found = trace(links, [0.9, 0.8, 0.7, 0.65, 0.6, 0.5, 0.4, nan], bad=bad)
    symptom = Symptom("nan", "The first bad number is an infinity, in step 7: log of 0 in net.1", "net.1", 1.0, (), 7)
    cause = Cause("unsafe-log", "The logarithm of a ReLU's 0 is −∞", "net.1", 0.9, ("3 of 512 entries are 0",))
    learning = Learning("fails", 0.9, nan, 0.4, 0.69, nan, 8, "In step 7 the loss is no number.")
    return Report("sick", "Numbers break at log in step 7", learning, (symptom,), (cause,), (), ledger_of(found), found)


def along_time(steps=300):
    fall = [0.1 * 0.92**step for step in range(steps)]
    links = chain(
        ("head", "Linear(64 → 1)", "weights", 0.9, ""),
        ("lstm", "LSTM(1 → 64)", "recurrence", 0.4, "the forget gate passes on 0.5 a step"),
        time=fall,
    )
    found = trace(links, [0.33] * 50)
    symptom = Symptom("vanishing", "The gradient vanishes along time in lstm", "lstm", 0.9, (), 0)
    cause = Cause(
        "recurrence", "The LSTM forgets: of 300 steps the gradient sees the last 30", "lstm", 0.8, ("f = 0.5",)
    )
    learning = Learning("stuck", 0.33, 0.33, 0.33, 0.33, 0.0, 50)
    return Report(
        "sick", "The gradient vanishes along time", learning, (symptom,), (cause,), (), ledger_of(found), found,
    )  # fmt: skip


def wiring():
    """It learns, and something is wrong all the same."""
    found = healthy()
    cause = Cause(
        "gradients-kept", "Gradients are not cleared: each step goes along the sum of all", "optimizer", 0.95,
        ("the norm of the gradient grows, 1.0 → 37", "it points where the last one pointed: cosine 0.99"),
        ((edits.ClearGradients(),),),
    )  # fmt: skip
    return replace(
        found, verdict="sick", title="The loss falls, but gradients are never cleared", causes=(cause,),
        worth_trying=(("Clear the gradients before each backward pass", "+ optimizer.zero_grad()\n  loss.backward()"),),
    )  # fmt: skip


def unknown():
    """Nothing was measured but losses."""
    found = trace(chain(), [0.5, 0.4])
    return Report(
        "unknown", "Two steps are too few to tell", Learning("slow", 0.5, 0.4, 0.4), (), (), (), None,
        replace(found, samples=(), notes=("net.7 (Custom) could not be read: no output",)),
    )  # fmt: skip


ALL = {
    made.__name__: made
    for made in (healthy, vanishing, one_unit_softmax, not_a_number, along_time, wiring, unknown)
}  # fmt: skip
