"""Causes in the loss: the activation before it, the range that it can reach, its sum, its logarithms. Floor 7."""

from dataclasses import dataclass

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.evidence import (
    fitting_loss,
    is_adaptive,
    is_classification,
    outputs,
    target_range,
)
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import decades, ramp, said
from glassgrad.doctor.measured.activations import LOG_PROBABILITIES, PROBABILITIES, RANGES
from glassgrad.doctor.measured.losses import (
    DISTANCES,
    FOR_CLASSES,
    FROM_LOGITS,
    FROM_PROBABILITIES,
    OF_SHARES,
    words_of,
)
from glassgrad.doctor.measured.parts import last_activation, last_kind
from glassgrad.doctor.measured.trace import Trace
from glassgrad.doctor.subjects.edits import Edit, LastActivation, MeanLoss, NewLoss, Rate, ScaleTargets
from glassgrad.doctor.symptoms.reading import typical_ratio

DOUBLED = {"cross_entropy": ("softmax",), "binary_cross_entropy_logits": PROBABILITIES}
KNOWN = 0.7  # from here on it is wrong by itself, whatever a few steps without it reach
UNSAFE = {  # operations that give no number, or have no derivative, at the edge of what they take
    "log": "The log of 0 (or of a negative number)",
    "log2": "The log2 of 0 (or of a negative number)",
    "log10": "The log10 of 0 (or of a negative number)",
    "log1p": "The log1p of −1 (or of a number below)",
    "sqrt": "The sqrt of 0 (or of a negative number)",
    "rsqrt": "A division by 0 (or by the root of a negative number)",
    "div": "A division by 0",
    "reciprocal": "A division by 0",
    "pow": "A power of 0 (or of a negative number)",
    "norm": "The norm of 0, which has no derivative there",
    "acos": "The acos of −1 or 1 (or of a number beyond)",
    "asin": "The asin of −1 or 1 (or of a number beyond)",
    "exp": "An exponential overflows",
}


def _probabilities(loss: str) -> Edit:
    """The last activation that gives such a loss what it takes."""
    return LastActivation("softmax" if loss == "cross_entropy_probabilities" else "sigmoid")


def one_unit_softmax(case: Case) -> Suspicion | None:
    """A softmax over one unit is 1, whatever it is given."""
    if outputs(case) != 1:
        return None
    last = last_activation(case.setup.parts)
    softmax = last is not None and "softmax" in last.kind
    inside = case.setup.loss.name == "cross_entropy"
    if not (softmax or inside):
        return None
    where = "The model ends in a softmax" if softmax else "Cross-entropy takes the softmax"
    evidence = (f"{where} over one unit: that is 1 for every input, and its derivative p(1 − p) is 0.",)
    link = last.path if softmax and last is not None else "loss"
    right: tuple[Edit, ...] = (LastActivation(None),) if softmax else (NewLoss("mse"),)  # for numbers
    if is_classification(case):
        right = fitting_loss(case)
    return Suspicion(
        "one-unit-softmax", "A softmax over one unit is always 1", link, 0.97, evidence, (right,), is_tested=False
    )


def double_softmax(case: Case) -> Suspicion | None:
    """Probabilities given to a loss that wants logits."""
    last, loss = last_activation(case.setup.parts), case.setup.loss.name
    if last is None or last.kind not in DOUBLED.get(loss, ()) or (last.kind == "softmax" and outputs(case) == 1):
        return None
    function = "softmax" if loss == "cross_entropy" else "sigmoid"
    evidence = (
        (
            f"The model ends in a {last.kind}, and {words_of(loss)} takes a {function} once more: of numbers between 0 "
            "and 1 it is nearly flat."
        ),
    )
    title = f"A {last.kind} before a loss that takes one itself"
    cures: tuple[tuple[Edit, ...], ...] = ((LastActivation(None),), (LastActivation(None), Rate(10.0)))
    return Suspicion("double-softmax", title, last.path, 0.8, evidence, cures, is_tested=False)


@dataclass(frozen=True, slots=True)
class _Misfit:
    """What does not fit, before it is tested."""

    prior: float
    title: str
    says: str
    cures: tuple[tuple[Edit, ...], ...]
    is_plain: bool = False
    is_tested: bool = True


def loss_mismatch(case: Case) -> Suspicion | None:
    """A loss that does not belong to this task or to this last activation."""
    misfit = _loss_for_classes(case) if is_classification(case) else _loss_for_numbers(case)
    if misfit is None:
        return None
    return Suspicion(
        "loss-mismatch",
        misfit.title,
        "loss",
        misfit.prior,
        (misfit.says,),
        misfit.cures,
        is_tested=misfit.prior < KNOWN,
    )


def _loss_for_classes(case: Case) -> _Misfit | None:
    loss, kind = case.setup.loss.name, last_kind(case.setup.parts)
    word, after = words_of(loss), f" behind a {kind}" if kind else ""
    right = fitting_loss(case)
    span = target_range(case)
    if loss in OF_SHARES and span is not None and (span[0] < 0 or span[1] > 1):
        says = f"The {word} wants targets between 0 and 1; they go from {said(span[0])} to {said(span[1])}."
        title = f"Targets outside 0 to 1 for the {word}"
        return _Misfit(0.9, title, says, ((LastActivation(None), NewLoss("mse")), (ScaleTargets(),)))
    if loss in FROM_PROBABILITIES and kind not in PROBABILITIES and kind not in RANGES:
        says = f"The {word} takes the logarithm of numbers between 0 and 1; the model gives any number."
        return _Misfit(0.85, "Raw outputs are taken for probabilities", says, ((_probabilities(loss),), right))
    if loss == "nll" and kind not in LOG_PROBABILITIES:
        says = "The negative log-likelihood wants log-probabilities; given anything else it falls without end."
        return _Misfit(0.85, "The outputs are no log-probabilities", says, ((LastActivation("log_softmax"),), right))
    if loss == "cross_entropy" and kind in ("sigmoid", "hard_sigmoid") and outputs(case) > 1:
        says = f"The {word} wants any numbers; a {kind} leaves it numbers between 0 and 1, of which it is nearly flat."
        return _Misfit(0.75, f"A {kind} before the {word}", says, ((LastActivation(None),), right))
    if loss in DISTANCES:
        says = f"The targets are classes, but the loss is the {word}{after}: least gradient where it is most wrong."
        return _Misfit(0.5 if kind in PROBABILITIES else 0.3, f"The {word} for classes{after}", says, (right,))
    several = outputs(case) > 1 and case.data is not None and case.data.task == "classes"
    is_open = loss not in FOR_CLASSES or loss == "cross_entropy_probabilities"
    if is_open and kind in ("sigmoid", "hard_sigmoid") and several:
        says = f"An example belongs to one of {outputs(case)} classes, but each {kind} answers by itself."
        return _Misfit(0.35, f"A {kind} for one of several classes", says, (right, (LastActivation("softmax"),)))
    return None


def _loss_for_numbers(case: Case) -> _Misfit | None:
    loss, kind = case.setup.loss.name, last_kind(case.setup.parts)
    if case.data is None or case.data.task != "regression" or loss not in FOR_CLASSES:
        return None
    says = f"The targets are numbers, but the loss is the {words_of(loss)}, which is for classes."
    right: tuple[Edit, ...] = (LastActivation(None), NewLoss("mse")) if kind else (NewLoss("mse"),)
    return _Misfit(0.8, f"The {words_of(loss)} for targets that are numbers", says, (right,))


def output_range(case: Case) -> Suspicion | None:
    """A last activation that cannot give what the targets (or the loss) want."""
    last, loss = last_activation(case.setup.parts), case.setup.loss.name
    if last is None or last.kind not in RANGES:
        return None
    misfit = None
    if loss in DISTANCES or (loss not in FOR_CLASSES and (not is_classification(case) or outputs(case) == 1)):
        misfit = _out_of_reach(case, last.kind)
    if misfit is None and loss not in DISTANCES and last.kind not in (*PROBABILITIES, *LOG_PROBABILITIES):
        misfit = _no_fit_for_classes(case, last.kind)
    if misfit is None:
        return None
    return Suspicion(
        "output-range", misfit.title, last.path, misfit.prior, (misfit.says,), misfit.cures,
        kind="plain" if misfit.is_plain else "specific", is_tested=misfit.is_tested and not misfit.is_plain,
    )  # fmt: skip


def _out_of_reach(case: Case, kind: str) -> _Misfit | None:
    """Targets that this activation cannot give."""
    targets = target_range(case)
    if targets is None:
        return None
    low, high = RANGES[kind]
    outside = max(low - targets[0], targets[1] - high, 0.0) / max(targets[1] - targets[0], 1e-300)
    if outside <= 0.01:
        return None
    prior = 0.55 + 0.4 * ramp(outside, 0.0, 0.4)
    cures: tuple[tuple[Edit, ...], ...] = ((LastActivation(None),), (LastActivation(None), ScaleTargets()))
    if is_classification(case):
        prior, cures = 0.8 * prior, (fitting_loss(case), (LastActivation(None),))
    says = f"The {kind} gives numbers from {said(low)} to {said(high)}; the targets go from {said(targets[0])} to "
    says += f"{said(targets[1])}."
    # A loss that can fall below 0 may seem to learn all the same.
    below = case.learning.is_learning and case.learning.last < 0 and outside > 0.5
    return _Misfit(prior, f"The last {kind} cannot give what the targets are", says, cures, is_plain=below)


def _no_fit_for_classes(case: Case, kind: str) -> _Misfit | None:
    """An activation that gives neither probabilities nor logits."""
    loss, (low, high) = case.setup.loss.name, RANGES[kind]
    reach = f"The {kind} gives numbers from {said(low)} to {said(high)}"
    title = f"The last {kind} gives neither probabilities nor any number"
    if loss in FROM_PROBABILITIES:
        says = f"{reach}; the loss takes the logarithm of a probability between 0 and 1."
        return _Misfit(0.85, title, says, ((_probabilities(loss),), fitting_loss(case)))
    if loss in FROM_LOGITS:
        return _Misfit(
            0.55, title, f"{reach}; the loss wants logits, which may be any number.", ((LastActivation(None),),)
        )
    if is_classification(case):
        says = f"{reach}; classes want probabilities or logits."
        return _Misfit(0.6, title, says, (fitting_loss(case),), is_tested=False)
    return None


def loss_sum(case: Case) -> Suspicion | None:
    """A loss added up over the batch: the gradient, and with it the step, is as many times as large."""
    loss, data, optimizer = case.setup.loss, case.data, case.optimizer
    if loss.reduction != "sum" or data is None:
        return None
    ratio = typical_ratio(case.trace)
    prior = 0.5 + 0.4 * ramp(decades(ratio), -2.0, 0.0)
    if case.learning.course in ("diverges", "oscillates", "fails"):
        prior = max(prior, 0.75)
    if is_adaptive(optimizer):
        prior *= 0.4
    per_example = 1
    for length in data.target_shape:
        per_example *= length
    evidence = [
        (
            f"{loss.title} adds the loss up over a batch of {data.batch}"
            f"{f' and {per_example} numbers an example' if per_example > 1 else ''}: so much larger is the gradient."
        )
    ]
    if ratio > 0:
        evidence.append(f"A step changes the weights by {said(ratio)} of their norm; about 0.001 is usual.")
    cures: tuple[tuple[Edit, ...], ...] = ((MeanLoss(),), (Rate(1.0 / max(data.batch, 2)),))
    return Suspicion("loss-sum", "The loss is summed over the batch", "loss", prior, tuple(evidence), cures)


def unsafe_log(case: Case) -> Suspicion | None:
    """A logarithm, root or quotient that meets a 0."""
    bad = case.trace.bad
    if bad is None or bad.phase not in ("forward", "loss", "backward"):
        return None
    words = f"{bad.operation} {bad.says}".lower().replace("(", " ").split()
    unsafe = next((name for name in UNSAFE if any(word.strip(".,:;") == name for word in words)), None)
    if unsafe is None or (bad.overflows and unsafe != "exp"):  # an ordinary operation's: the loss has exploded
        return None
    grown = _grown(case.trace)
    prior = 0.92 - 0.6 * ramp(decades(grown), 1, 3)
    if unsafe == "exp":
        prior *= 0.7
    evidence = [f"At step {bad.step}, {bad.says or f'{bad.operation} gives no number'}."]
    if case.trace.losses and grown < 10:
        evidence.append("The loss was of ordinary size before: nothing had exploded.")
    cures: tuple[tuple[Edit, ...], ...] = ((Rate(0.1),),)
    if is_classification(case):
        cures = (fitting_loss(case), (LastActivation("softmax"),))
    return Suspicion("unsafe-log", UNSAFE[unsafe], bad.path or "loss", prior, tuple(evidence), cures, is_tested=False)


def _grown(trace: Trace) -> float:
    """By how much the loss had grown before it was none."""
    kept = [abs(loss) for loss in trace.losses if loss == loss and abs(loss) != float("inf")]  # noqa: PLR0124 - not NaN
    return max(kept) / kept[0] if kept and kept[0] > 0 else 1.0


LOSS: tuple[Suspect, ...] = (one_unit_softmax, double_softmax, loss_mismatch, output_range, loss_sum, unsafe_log)
