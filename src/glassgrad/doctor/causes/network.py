"""Causes in the network: activations, depth, initialisation, recurrence, size. Floor 7."""

from math import isnan, sqrt

from glassgrad.doctor.causes.case import Case
from glassgrad.doctor.causes.evidence import family_of, fan_in, hidden_activations, kind_of, layers
from glassgrad.doctor.causes.suspicion import Suspect, Suspicion
from glassgrad.doctor.learning.numbers import decades, either, percent, ramp, said
from glassgrad.doctor.measured.activations import BOUNDED
from glassgrad.doctor.measured.parts import last_activation
from glassgrad.doctor.measured.setup import Parameter
from glassgrad.doctor.subjects.edits import Activation, Clip, Edit, GateBias, Initialise, Normalise, Rate, Residual
from glassgrad.doctor.symptoms.exploding import total
from glassgrad.doctor.symptoms.reading import links_of, typical_ratio
from glassgrad.doctor.symptoms.vanishing import NOTHING_LEFT, back_in_time, is_timed, shrunk

FAR = 150  # steps of time that no plain recurrence is known to reach back
FLATTENING = (*BOUNDED, "log_sigmoid", "hard_silu")


def activation(case: Case) -> Suspicion | None:
    """Hidden sigmoids or tanhs, each of which takes a share of the gradient."""
    flat = [part for part in hidden_activations(case.setup) if part.kind in FLATTENING and part.kind != "softmax"]
    odd = [part for part in hidden_activations(case.setup) if part.kind == "softmax"]
    if not flat and not odd:
        return None
    sigmoids = [part for part in flat if "sigmoid" in part.kind]
    trouble = case.seen("vanishing", "saturation", "zero-gradient", "constant-output")
    prior = either(
        0.5 * ramp(len(flat), 1, 5) * (0.3 + 0.7 * trouble),
        0.25 * bool(sigmoids) * (0.4 + 0.6 * trouble),
        0.5 * bool(odd),
    )
    part = (odd or sigmoids or flat)[0]
    evidence = [f"{len(flat) or len(odd)} hidden activations flatten out ({part.kind})."]
    if case.samples:
        links = links_of(case.samples[0])
        gains = [links[each.path].gain for each in flat if each.path in links and links[each.path].gain > 0]
        if gains:
            taken = -sum(decades(gain) for gain in gains)
            evidence.append(f"Together they take {taken:.1f} orders of magnitude from the gradient before any update.")
            prior = either(prior, 0.35 * ramp(taken, 1.5, 5))
            part = min((each for each in flat if each.path in links), key=lambda each: links[each.path].gain)
    cures: tuple[tuple[Edit, ...], ...] = (
        (Activation("relu"),), (Activation("relu"), Initialise()), (Normalise(),),
    )  # fmt: skip
    title = f"The hidden activations ({part.kind}) let too little of the gradient through"
    test = (Activation("relu"), Initialise())
    return Suspicion("activation", title, part.path, prior, tuple(evidence), cures, tests=(test,))


def depth(case: Case) -> Suspicion | None:
    """Many layers without a way around them."""
    hidden = layers(case.setup)
    bounded = [part for part in hidden_activations(case.setup) if part.kind in FLATTENING]
    trouble = case.seen("vanishing", "exploding", "zero-gradient", "constant-output", "saturation")
    normalised = any(part.family == "normalisation" for part in case.setup.parts)
    prior = 0.75 * ramp(len(hidden), 6, 30) * (0.3 + 0.7 * trouble) * (0.4 if normalised else 1.0)
    if prior < 0.1:
        return None
    evidence = [f"The gradient passes {len(hidden)} layers one after the other, without a way around them."]
    if case.samples:
        evidence.append(f"Between the last and the first it loses {shrunk(case.samples[0]):.1f} orders of magnitude.")
    cures: tuple[tuple[Edit, ...], ...] = ((Normalise(),), (Residual(),), (Residual(), Normalise()))
    if bounded:
        cures = ((Activation("relu"), Initialise()), *cures)
    return Suspicion(
        "depth", f"{len(hidden)} layers deep without normalisation or residual links",
        hidden[0].path, prior, tuple(evidence), cures, tests=((Normalise(),),),
    )  # fmt: skip


def initialisation(case: Case) -> Suspicion | None:
    """Weights or biases that start far from what suits their size."""
    faults = [fault for parameter in case.setup.parameters if (fault := _fault(case, parameter))]
    together = _together(case)
    if not faults and together is not None:
        faults = [together]
    if not faults:
        return None
    ends = layers(case.setup)
    last = ends[-1].path if ends else ""
    inner = [fault for fault in faults if fault[1].link != last or len(ends) == 1]
    worst = max(inner or faults, key=lambda fault: fault[0])
    # Zeros in the last layer alone are a good start: the gradient reaches them at once.
    prior = worst[0] if inner else 0.3 * worst[0]
    evidence = [fault[2] for fault in sorted(faults, key=lambda fault: -fault[0])[:3]]
    if len(faults) > 3:
        evidence.append(f"{len(faults)} parameters in all start like that.")
    start = case.samples[0] if case.samples and case.samples[0].step == 0 else None
    if start is not None and total(start) > 1e3:
        evidence.append(f"Before any update the gradient's norm is {said(total(start))}.")
    if _learned_alike(case):
        evidence.append("All units of a layer start alike, so they get the same gradient and stay alike.")
    cures: tuple[tuple[Edit, ...], ...] = ((Initialise(),), (Initialise(), Normalise()))
    title = f"{worst[1].path} starts {worst[3]}"
    return Suspicion("initialisation", title, worst[1].link, prior, tuple(evidence), cures)


def _fault(case: Case, parameter: Parameter) -> tuple[float, Parameter, str, str] | None:
    """(how sure, the parameter, a sentence, in short) where its start is out of the ordinary."""
    size = 1
    for length in parameter.shape:
        size *= length
    family, kind = family_of(case.setup, parameter.link), kind_of(case.setup, parameter.link)
    if size < 2 or isnan(parameter.std) or family == "normalisation" or kind == "embedding" or "norm" in kind:
        return None
    away = abs(parameter.mean)
    if parameter.is_bias:
        sure = 0.75 * ramp(max(away, parameter.std), 1.5, 5)
        word = f"at {said(parameter.mean)}" if away > parameter.std else f"with a spread of {said(parameter.std)}"
        says = f"{parameter.path} starts {word}; biases usually start at or near 0."
        return (sure, parameter, says, word) if sure > 0.05 else None
    if parameter.std <= 1e-9 * max(away, 1.0):
        word = f"with all weights at {said(parameter.mean)}"
        return 0.85, parameter, f"{parameter.path} starts {word}: its units cannot become different.", word
    fan = fan_in(case.setup, parameter)
    spread = parameter.std * sqrt(fan)  # 1 keeps the size of what passes, √2 does so for ReLU
    shift = away * sqrt(fan) if away > parameter.std else 0.0
    large = either(0.8 * ramp(decades(spread), 0.45, 1.3), 0.65 * ramp(shift, 0.3, 1.5))
    small = 0.8 * ramp(decades(spread), -0.9, -2.0)
    sure = max(large, small)
    if sure < 0.05:
        return None
    usual = f"for {fan} input{'s' * (fan > 1)} about {said(1 / sqrt(fan))} is usual"
    if shift and large > small:
        word = f"around {said(parameter.mean)}"
        return sure, parameter, f"{parameter.path} starts {word} instead of around 0; its units add up.", word
    word = f"{'large' if large > small else 'tiny'}, with a spread of {said(parameter.std)}"
    return sure, parameter, f"{parameter.path} starts with a spread of {said(parameter.std)}; {usual}.", word


def _together(case: Case) -> tuple[float, Parameter, str, str] | None:
    """The same where each weight is only a little too small or too large, but many follow each other."""
    hidden = [part.kind for part in hidden_activations(case.setup)]
    keeps = sqrt(2.0) if hidden.count("relu") * 2 > len(hidden) else 1.0
    links = {part.path for part in layers(case.setup) if part.family == "weights"}
    normalised = any(part.family == "normalisation" for part in case.setup.parts)
    chain = [p for p in case.setup.parameters if p.link in links and not p.is_bias and p.std > 0]
    if normalised or len(chain) < 4:
        return None
    grown = sum(decades(p.std * sqrt(fan_in(case.setup, p)) / keeps) for p in chain)
    sure = 0.55 * max(ramp(grown, -3, -8), ramp(grown, 1.5, 5))
    if sure < 0.05:
        return None
    word = "small" if grown < 0 else "large"
    says = f"Each of {len(chain)} weights starts a little too {word}: together {abs(grown):.1f} orders of magnitude."
    return sure, chain[0], says, f"a little too {word}, like the {len(chain) - 1} weights after it"


def _learned_alike(case: Case) -> bool:
    weights = [parameter for parameter in case.setup.parameters if not parameter.is_bias and len(parameter.shape) > 1]
    return any(parameter.std == 0 for parameter in weights)


def no_activation(case: Case) -> Suspicion | None:
    """Layers one after the other with nothing between them: together they are one linear map."""
    kinds = {part.family for part in case.setup.parts}
    linear = [part for part in layers(case.setup) if part.family == "weights"]
    pools = any("max" in part.kind and "pool" in part.kind for part in case.setup.parts)
    if len(linear) < 2 or hidden_activations(case.setup) or pools or kinds & {"recurrence", "attention"}:
        return None
    last = last_activation(case.setup.parts)
    evidence = (
        (
            f"{len(linear)} layers follow each other without an activation in between: together they can do no more "
            "than one of them."
        ),
    )
    cures: tuple[tuple[Edit, ...], ...] = ((Activation("relu"),), (Activation("relu"), Initialise()))
    where = linear[0].path if last is not linear[0] else linear[1].path
    return Suspicion("no-activation", "There is no activation between the layers", where, 0.5, evidence, cures)


def dead_units(case: Case) -> Suspicion | None:
    """ReLUs that are dead, where neither the rate nor the start nor the inputs explain it."""
    symptom = case.symptom("dead-units")
    if symptom is None:
        return None
    cures: tuple[tuple[Edit, ...], ...] = (
        (Activation("leaky_relu"),), (Activation("leaky_relu"), Initialise()), (Normalise(),), (Rate(0.1),),
    )  # fmt: skip
    prior = 0.35 * symptom.confidence
    return Suspicion("dead-units", symptom.title, symptom.link, prior, symptom.evidence, cures[:3], kind="general")


def recurrence(case: Case) -> Suspicion | None:
    """A state that passes the gradient on through many steps of time."""
    parts = [part for part in case.setup.parts if part.family == "recurrence"]
    timed = [link for sample in case.samples[:1] for link in sample.links if is_timed(link)]
    if not parts and not timed:
        return None
    gated = any("lstm" in part.kind or "gru" in part.kind for part in parts)
    vanishes = max((back_in_time(link) for link in timed), default=0.0)
    explodes = max((-back_in_time(link) for link in timed), default=0.0)
    reach = max((len(link.time) for link in timed), default=0)
    if not reach and case.data is not None and len(case.data.input_shape) > 1:
        reach = case.data.input_shape[0]
    prior = either(0.75 * ramp(max(vanishes, explodes), 0.7, 3), 0.25 * case.seen("exploding"), 0.15)
    if reach:
        prior = either(prior, 0.5 * ramp(reach, FAR / 3, 1.5 * FAR))
    path = timed[0].path if timed else parts[0].path
    evidence = []
    cures: tuple[tuple[Edit, ...], ...]
    if explodes > max(vanishes, 0.7):
        evidence.append(f"Back through {reach} steps of time the gradient grows by {explodes:.1f} orders of magnitude.")
        title, cures = (
            "The gradient grows with every step of time",
            ((Clip(1.0),), (Initialise(),), (Initialise(), Clip(1.0))),
        )
    else:
        if vanishes > 0.3:
            says = f"loses {vanishes:.1f} orders of magnitude" if vanishes < NOTHING_LEFT else "is lost entirely"
            evidence.append(f"Back through {reach} steps of time the gradient {says}.")
        elif reach > FAR / 3:
            evidence.append(
                f"The state is passed on through {reach} steps of time; little is learned beyond a hundred."
            )
        title = "The gradient does not reach far back in time"
        cures = ((Initialise(),), (Clip(1.0),))
        if gated:
            cures = ((GateBias(),), (GateBias(), Initialise()), (GateBias(), Clip(1.0)))
    return Suspicion(
        "recurrence", title, path, prior, tuple(evidence) or ("The model is recurrent.",), cures, is_tested=reach < FAR
    )


def capacity(case: Case) -> Suspicion | None:
    """Too few units for what is to be learned: not even one batch is fitted, although the gradient flows."""
    widths = [part.outputs for part in layers(case.setup)[:-1] if part.outputs]
    if case.seen("vanishing", "zero-gradient", "dead-units", "saturation", "not-updated", "nan", "exploding") > 0.5:
        return None
    narrow = min(widths, default=0)
    tight = ramp(narrow, 4, 1) if widths else 0.1
    if case.setup.count > 200 and tight == 0:
        return None
    prior = 0.4 * tight
    evidence = [f"The narrowest hidden layer has {narrow} units; the model has {case.setup.count} numbers that learn."]
    steps_are_right = not typical_ratio(case.trace) < 3e-4  # with tinier ones nothing fits anything
    fits = case.fits_one_batch() if prior > 0.1 and steps_are_right else None
    if fits is not None:
        prior = either(prior, 0.35 * ramp(fits, 0.5, 0.1)) * (1.0 if fits < 0.7 else 0.5)
        evidence.append(f"On one batch alone training takes {percent(max(fits, 0.0))} of the loss away.")
    if prior < 0.1:
        return None
    where = next((part.path for part in layers(case.setup) if part.outputs == narrow), None)
    return Suspicion("capacity", "The network is too small for this", where, prior, tuple(evidence), kind="last")


NETWORK: tuple[Suspect, ...] = (
    activation, depth, initialisation, no_activation, dead_units, recurrence, capacity,
)  # fmt: skip
