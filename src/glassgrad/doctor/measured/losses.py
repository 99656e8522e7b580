"""The losses in the field's terms: what each is called, what it takes, and its derivative. Floor 7.

The names are those of `LossFacts`: both frameworks' losses are looked up here.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Taken: TypeAlias = Literal["numbers", "logits", "probabilities", "log-probabilities", "margins"]
Answers: TypeAlias = Literal["classes", "questions", "numbers", "shares"]


@dataclass(frozen=True, slots=True)
class Loss:
    """What is known of a loss.

    `takes` is what the prediction has to be; `answers` what the targets are: one of several classes, yes or no (to one
    question or several), numbers, or shares of classes.
    """

    words: str
    derivative: str  # of the sum over the entries (or examples); a mean divides it by n
    takes: Taken
    answers: Answers
    never_negative: bool = True


LOSSES: dict[str, Loss] = {
    "mse": Loss("mean squared error", "∂L/∂ŷ = 2(ŷ − y)", "numbers", "numbers"),
    "mae": Loss("mean absolute error", "∂L/∂ŷ = sign(ŷ − y)", "numbers", "numbers"),
    "huber": Loss("Huber loss", "∂L/∂ŷ = clip(ŷ − y)", "numbers", "numbers"),
    "log_cosh": Loss("logarithm of the hyperbolic cosine", "∂L/∂ŷ = tanh(ŷ − y)", "numbers", "numbers"),
    "poisson": Loss("Poisson loss", "∂L/∂z = (exp z − y)", "numbers", "numbers", never_negative=False),
    "cross_entropy": Loss("cross-entropy from logits", "∂L/∂z = (softmax(z) − y)", "logits", "classes"),
    "nll": Loss("negative log-likelihood", "∂L/∂ log p = −y", "log-probabilities", "classes"),
    "cross_entropy_probabilities": Loss(
        "cross-entropy of probabilities", "∂L/∂p = −y/p", "probabilities", "classes"
    ),
    "binary_cross_entropy": Loss(
        "binary cross-entropy of probabilities", "∂L/∂p = (p − y)/(p(1 − p))", "probabilities", "questions"
    ),
    "binary_cross_entropy_logits": Loss(
        "binary cross-entropy from logits", "∂L/∂z = (σ(z) − y)", "logits", "questions"
    ),
    "hinge": Loss("hinge loss", "∂L/∂z = −y where y·z < 1, else 0", "margins", "questions", never_negative=False),
    "squared_hinge": Loss("squared hinge loss", "∂L/∂z = −2y·max(0, 1 − y·z)", "margins", "questions"),
    "kl": Loss("Kullback–Leibler divergence", "∂L/∂ log q = −p", "log-probabilities", "shares", never_negative=False),
    "ctc": Loss("CTC loss", "", "log-probabilities", "shares", never_negative=False),
}  # fmt: skip

FROM_LOGITS = tuple(name for name, one in LOSSES.items() if one.takes == "logits")
FROM_PROBABILITIES = tuple(name for name, one in LOSSES.items() if one.takes == "probabilities")
OF_CLASSES = tuple(name for name, one in LOSSES.items() if one.answers == "classes")
OF_NUMBERS = tuple(name for name, one in LOSSES.items() if one.answers == "numbers")
OF_SHARES = ("binary_cross_entropy", "binary_cross_entropy_logits")  # targets between 0 and 1
DISTANCES = ("mse", "mae", "huber", "log_cosh")  # between prediction and target, entry by entry
FOR_CLASSES = tuple(name for name, one in LOSSES.items() if one.answers in ("classes", "questions"))
NEVER_NEGATIVE = tuple(name for name, one in LOSSES.items() if one.never_negative)
# What compares entry by entry, so that it may broadcast prediction and target against each other.
BY_ENTRY = (*DISTANCES, *OF_SHARES, "poisson", "custom")


def words_of(name: str) -> str:
    """What a loss is called in a sentence.

    >>> words_of("mse"), words_of("custom")
    ('mean squared error', 'loss')
    """
    return LOSSES[name].words if name in LOSSES else "loss"


def loss_formula(name: str, reduction: str) -> str:
    """The derivative of a loss by the prediction; empty for one that is not known.

    >>> loss_formula("mse", "mean"), loss_formula("mse", "sum"), loss_formula("custom", "mean")
    ('∂L/∂ŷ = 2(ŷ − y)/n', '∂L/∂ŷ = 2(ŷ − y)', '')
    """
    known = LOSSES.get(name)
    if known is None or not known.derivative:
        return ""
    return known.derivative + ("" if reduction == "sum" else "/n")
