"""Are the cases what they say? Trains each in a plain loop, without the doctor, and prints those that are not.

`python -m tests.doctor_cases.verify [--framework torch|own] [--set first|second] [--only TEXT] [--seeds 3]
[--all]`. A healthy case reaches
its goal. A broken one stays below half of what its mended twin reaches, and the twin reaches the goal. The case is as
it says where most seeds are.
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from tests.doctor_cases import suite
from tests.doctor_cases.case import Case
from tests.doctor_cases.skill import skill


def torch_skill(case: Case, seed: int) -> float:
    """Of the PyTorch model after its steps."""
    import torch

    from tests.doctor_cases.in_torch import for_torch
    from tests.doctor_cases.loops import LOOPS

    made = for_torch(case, seed)
    try:
        LOOPS[case.loop or "plain"](made, case.steps)
    except RuntimeError as error:
        return 0.0 if "all elements of input should be between 0 and 1" in str(error) else _raised(error)
    x, y = made.data.dataset.tensors
    made.model.eval()
    with torch.no_grad():
        return skill(case, made.model(x).numpy(), y.numpy())


def _raised(error: Exception) -> float:
    raise error


def own_skill(case: Case, seed: int) -> float:
    """Of the model of ours after its steps."""
    from glassgrad import train
    from tests.doctor_cases.in_own import for_own

    made = for_own(case, seed)
    x = np.concatenate([batch[0] for batch in made.data])
    y = np.concatenate([batch[1] for batch in made.data])
    epochs = max(1, round(case.steps / len(made.data)))
    run = train.fit(made.model, (x, y), made.loss, made.optimizer, epochs=epochs, batch_size=case.batch, store=False,
                    last="keep", progress=False, key=seed)  # fmt: skip
    if run.status == "failed":
        return 0.0
    return skill(case, np.asarray(run.last_model(x)), y)


SKILLS: dict[str, Callable[[Case, int], float]] = {"torch": torch_skill, "own": own_skill}


def fault_of(case: Case, framework: str, seeds: int) -> tuple[str, str]:
    """What does not hold, or ""; and the numbers."""
    found = [SKILLS[framework](case, seed) for seed in range(seeds)]
    middle = float(np.median(found))
    says = "/".join(f"{one:.2f}" for one in found)
    if case.truth is None:
        return ("" if middle >= case.goal else "does not learn", says)
    twin = case.twin()
    reached = [SKILLS[framework](twin, seed) for seed in range(seeds)]
    says += " mended " + "/".join(f"{one:.2f}" for one in reached)
    if float(np.median(reached)) < case.goal:
        return "the mended one does not learn", says
    return ("" if middle < max(0.25, 0.5 * float(np.median(reached))) else "learns"), says


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--framework", choices=("torch", "own"))
    options.add_argument("--set", choices=tuple(suite.SETS), help="of the cases; both if not given")
    options.add_argument("--kind", choices=("broken", "healthy"), help="both if not given")
    options.add_argument("--only", default="")
    options.add_argument("--after", default="", metavar="NAME", help="begin behind this case")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--all", action="store_true", help="print those that hold as well")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    cases = [
        case
        for case in (suite.SETS[given.set] if given.set else suite.ALL)
        if given.kind is None or (given.kind == "broken") == (case.truth is not None)
    ]
    names = [case.name for case in cases]
    for case in cases[names.index(given.after) + 1 if given.after else 0 :]:
        for framework in case.frameworks:
            if given.only not in case.name or (given.framework and framework != given.framework):
                continue
            start = time.process_time()
            try:
                fault, says = fault_of(case, framework, given.seeds)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a case is told, and the next one tried
                fault, says = f"raises {type(error).__name__}: {error}"[:300].replace("\n", " "), ""
            if fault or given.all:
                print(
                    f"{framework:5} {case.name:32} {time.process_time() - start:5.1f} s  {fault or 'holds'}  {says}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
