"""Weight decay: coupled with the gradient (an L2 penalty) or apart from it, for all parameters or some. Floor 6."""

from typing import Any

from glassgrad.base.trees import Tree, flatten, unflatten
from glassgrad.optim.leaves import each
from glassgrad.optim.made import made
from glassgrad.optim.optimizer import State, Transformation
from glassgrad.optim.paths import Mask, chosen
from glassgrad.optim.rates import checked_number


def weight_decay(amount: float, mask: Mask = None) -> Transformation:
    """Adds `amount` times the parameter to its gradient: what an L2 penalty of amount/2 · ‖p‖² adds.

    `mask` says which parameters: patterns (`"*.weight"`), a function of path and parameter, or a tree of truth values.
    For decay apart from the gradient, as in AdamW, see the `weight_decay` of the optimisers.

    >>> optimizer = optim.chain(optim.weight_decay(0.1, "*.weight"), optim.sgd(1.0))
    >>> model = {"layer": {"weight": np.ones(2), "bias": np.ones(2)}}
    >>> gradients = {"layer": {"weight": np.zeros(2), "bias": np.zeros(2)}}
    >>> updates, state = optimizer.update(gradients, optimizer.start(model), model)
    >>> updates["layer"]["weight"], updates["layer"]["bias"]
    (array([-0.1, -0.1]), array([-0., -0.]))
    """
    checked_number(amount, "the amount of weight_decay")

    def start(parameters: Tree) -> State:
        amounts(amount, mask, parameters)  # a pattern that fits nothing is said at the start
        return ()

    def update(gradients: Tree, state: State, parameters: Tree) -> tuple[Tree, State]:
        decay = amounts(amount, mask, parameters)
        move = lambda p, g, d: (coupled(g, p, d),)  # noqa: E731
        return each(move, 1, parameters, gradients=gradients, decay=decay)[0], state

    return Transformation(start, update, made(weight_decay, amount, mask=mask))


def amounts(amount: float, mask: Mask, parameters: Tree) -> Tree:
    """For each parameter how much it decays: the amount, or nothing."""
    _, structure = flatten(parameters)
    return unflatten(structure, [amount if flag else 0.0 for flag in chosen(mask, parameters)])


def coupled(gradient: Any, parameter: Any, amount: float) -> Any:
    """The gradient with that of the penalty."""
    return gradient + amount * parameter if amount else gradient


def apart(update: Any, parameter: Any, rate: Any, amount: float) -> Any:
    """The update with the decay p · rate · amount taken off besides (Loshchilov and Hutter, arXiv:1711.05101)."""
    return update - (rate * amount).astype(parameter.dtype) * parameter if amount else update
