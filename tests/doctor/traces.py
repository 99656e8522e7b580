"""Traces made by hand from a few facts, and a subject that pretends: judgements are tested without a training."""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.finding import find_causes
from glassgrad.doctor.learning.judging import judge
from glassgrad.doctor.measured.sample import Link, Output, Sample, Units, Weights
from glassgrad.doctor.measured.setup import Column, DataFacts, LossFacts, OptimizerFacts, Parameter, Part, Setup
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects import edits
from glassgrad.doctor.symptoms.finding import find_symptoms

BATCH = 32
NORMAL = Column(0.0, 1.0, -3.0, 3.0)
CLASSES = DataFacts(
    BATCH, 16, (8,), (), "float32", "int64", NORMAL, (NORMAL,) * 8, None, "classes",
    ((0.0, 170), (1.0, 171), (2.0, 171)), baseline=1.0986,
)  # fmt: skip
NUMBERS = DataFacts(
    BATCH, 16, (8,), (1,), "float32", "float32", NORMAL, (NORMAL,) * 8, NORMAL, "regression", baseline=1.0
)
FAMILIES = {"linear": "weights", "lstm": "recurrence", "rnn": "recurrence", "batchnorm": "normalisation"}


def mlp(*kinds, width=16, data=CLASSES, loss="cross_entropy", rate=0.05, name="sgd", **changes):
    """A set-up: `mlp("linear", "relu", "linear")`; weights as He would draw them, biases near 0."""
    parts, parameters = [], []
    places = [i for i, kind in enumerate(kinds) if kind in ("linear", "lstm", "rnn")]
    for i, kind in enumerate(kinds):
        fan = data.input_shape[-1] if i == places[0] else width
        size = (3 if data.labels else 1) if i == places[-1] else width
        sizes = (fan, size) if i in places else (0, 0)
        title = f"Linear({fan} → {size})" if kind == "linear" else kind
        has_modes = kind in ("batchnorm", "dropout")
        family = FAMILIES.get(kind, "activation")
        parts.append(Part(str(i), title, kind, family, *sizes, is_changed_by_mode=has_modes))
        if i in places:
            parameters.append(Parameter(f"{i}.weight", str(i), (size, fan), True, True, sqrt(2 / fan), 0.0))
            parameters.append(Parameter(f"{i}.bias", str(i), (size,), True, True, 0.05, 0.0, is_bias=True))
    setup = Setup(
        "torch", "Sequential", tuple(parts), tuple(parameters), LossFacts(loss, loss, "mean"),
        (OptimizerFacts(name, f"{name}(lr={rate})", rate),), data,
    )  # fmt: skip
    return replace(setup, **changes)


def sample(setup, step=0, loss=1.0, *, gain=0.9, gains=None, ratio=2e-3, gradient=None, units=None, output=None):
    """A step in which each link but the loss has this gain (or its own), and each step is `ratio` of its weights."""
    links, norm = [Link("loss", setup.loss.name, "loss", 1.0, 0.1)], 0.1
    sums, found = [], []
    for part in reversed(setup.parts):
        leaving = norm * (gains or {}).get(part.path, gain)
        links.append(Link(part.path, part.operation, part.family, norm, leaving))
        if part.family in ("weights", "recurrence"):
            size = part.inputs * part.outputs
            grad = norm if gradient is None else gradient
            sums.append(
                Weights(f"{part.path}.weight", part.path, size, 3.0, grad, 3.0 * ratio * (grad > 0), float(grad == 0))
            )
        elif part.family == "activation":
            told = (units or {}).get(part.path, {})
            found.append(Units(part.path, part.operation, part.family, 16, 0.1, 1.0, -1.0, 1.0, **told))
        norm = leaving
    classes = 3 if setup.data.labels else 0
    output = output or Output((BATCH, classes or 1), 0.0, 1.0, -2.0, 2.0, 0.8, classes)
    return Sample(step, loss, tuple(links), tuple(reversed(sums)), tuple(reversed(found)), output)


def losses(first, last, steps=200, noise=0.0, seed=0):
    """A curve that bends from `first` to `last`."""
    curve = last + (first - last) * np.exp(-np.linspace(0, 5, steps))
    return tuple(float(loss) for loss in curve + noise * np.random.default_rng(seed).standard_normal(steps))


def trace(setup, curve, samples=None, **changes):
    """A trace over this curve; without samples, two ordinary ones."""
    if samples is None:
        samples = (sample(setup, 0, curve[0]), sample(setup, len(curve) - 1, curve[-1]))
    after = float(np.mean(curve[-len(curve) // 2 :]))
    known = Trace(setup, tuple(curve), tuple(samples), before=curve[0], after=after, seconds=1.0)
    return replace(known, **changes)


def diagnose(measured, subject=None, seconds=0.0):
    """(learning, names of symptoms, causes)."""
    learning = judge(measured)
    symptoms = find_symptoms(measured, learning)
    causes = find_causes(Case(measured, learning, symptoms, subject, seconds))
    return learning, [symptom.name for symptom in symptoms], causes


@dataclass
class Pretend:
    """A subject on which exactly the edits of one of these types help; it counts what was tried."""

    measured: Trace
    helps: tuple[type, ...]
    fits: tuple[float, float] = (1.0, 0.05)
    edits: tuple = ()
    runs: list = None

    def __post_init__(self):
        self.runs = [] if self.runs is None else self.runs

    def setup(self):
        return self.measured.setup

    def edited(self, *edits):
        return replace(self, edits=(*self.edits, *edits))

    def run(self, steps, *, seed=None, samples=(), seconds=None):
        self.runs.append(self.edits)
        longer = steps > len(self.measured.losses) and edits.Longer in self.helps
        if not longer and not any(isinstance(edit, self.helps) for edit in self.edits):
            return self.measured
        first = self.measured.losses[0]
        return trace(self.measured.setup, losses(first if first < 1e6 else 1.0, 0.02 * min(first, 1.0), steps))

    def code(self, edit):
        return ""

    def fits_one_batch(self, steps, *, seed=None):
        return self.fits
