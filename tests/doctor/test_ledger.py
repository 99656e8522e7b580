"""The ledger: gains add up in logarithms; who is called broken, and who is not."""

from dataclasses import replace
from math import inf, isclose, isnan, log10, nan

import pytest

from glassgrad.doctor.ledger.making import ledger_of, ledger_of_sample
from glassgrad.doctor.measured.sample import Sample
from tests.doctor.reports import BATCH, chain, trace, weights


def ledger(links, examples=BATCH, **facts):
    return ledger_of_sample(Sample(3, 0.7, links, weights(links), (), None), examples, **facts)


def layers(count, activation, gain=1.0, operation="sigmoid"):
    pairs = []
    for layer in range(count - 1, -1, -1):
        pairs += [(f"{2 * layer + 1}", operation, "activation", activation, "a formula")]
        pairs += [(f"{2 * layer}", "Linear(8 → 8)", "weights", gain, "")]
    return pairs


def test_gains_add_up_from_the_loss_to_each_weight():
    found = ledger(chain(*layers(3, 0.5, 2.0)))
    assert isclose(found.entries[0].decades, log10(0.125))
    totals = [sum(entry.decades for entry in found.entries[: place + 1]) for place in range(len(found.entries))]
    assert totals == pytest.approx([entry.total for entry in found.entries])
    assert dict(found.by_family) == pytest.approx(  # the last weights have only the inputs behind them
        {"activation": 3 * log10(0.5), "weights": 2 * log10(2), "loss": log10(0.125)}
    )
    assert found.by_family == tuple(sorted(found.by_family, key=lambda pair: pair[1]))


def test_the_gradients_of_the_weights_stand_at_their_link():
    found = ledger(chain(*layers(2, 0.5)))
    assert [len(entry.weights) for entry in found.entries] == [0, 0, 1, 0, 1]
    assert found.entries[2].weights[0][0] == "2.weight"


@pytest.mark.parametrize("gain", [0.5, 0.8, 1.0, 1.3, 2.0])
def test_in_a_short_chain_of_ordinary_gains_no_link_is_broken(gain):
    assert ledger(chain(*layers(2, gain, gain ** (-0.5)))).broken == ()


def test_many_links_that_differ_by_chance_are_not_broken():
    gains = [("a", "relu", "activation", gain, "") for gain in (0.4, 1.9, 0.6, 1.5, 0.5, 1.6, 0.7, 1.2) * 6]
    assert ledger(chain(*gains)).broken == ()


def test_each_of_many_alike_links_is_broken():
    found = ledger(chain(*layers(14, 0.23, 0.95)))
    assert {entry.operation for entry in found.broken} == {"sigmoid"}
    assert len(found.broken) == 14
    assert "by 10⁻⁹ in 14 × sigmoid" in found.says


def test_the_one_link_that_takes_most_is_broken():
    pairs = layers(4, 0.7)
    pairs[3] = ("4", "Linear(8 → 8)", "weights", 1e-6, "")
    found = ledger(chain(*pairs))
    assert [entry.path for entry in found.broken] == ["4"]


def test_where_nothing_leaves_the_link_is_broken_and_not_those_behind_it():
    pairs = layers(3, 0.7)
    pairs[2] = ("3", "ReLU", "activation", 0.0, "all units are below 0")
    found = ledger(chain(*pairs))
    assert [entry.path for entry in found.broken] == ["3"]
    assert found.says.startswith("Nothing passes ReLU (3)")
    assert isnan(found.entries[4].gain)
    assert dict(found.by_family)["activation"] == -inf


def test_what_the_first_weights_hand_to_the_inputs_does_not_count():
    found = ledger(chain(*layers(1, 0.9), ("0", "Linear(8 → 8)", "weights", 0.0, "")))
    assert found.broken == ()
    assert found.says == "From the loss to Linear(8 → 8) (0) the gradient is multiplied by 0.9; no link stands out."


def test_where_nothing_leaves_the_loss():
    found = ledger(chain(*layers(1, 0.7), first=0.0))
    assert [entry.path for entry in found.broken] == ["loss"]
    assert found.says.startswith("Nothing leaves the loss")


def test_a_loss_that_hands_on_too_much():
    found = ledger(chain(*layers(1, 0.9), first=5000.0))
    assert [entry.path for entry in found.broken] == ["loss"]
    assert found.says == "cross_entropy hands on a gradient of norm 5,000: much for its examples."


def test_the_factors_of_the_sentence_multiply_to_the_whole():
    says = ledger(chain(*layers(12, 0.1, 2.0))).says
    assert "is multiplied by 2·10⁻⁹: by 10⁻¹² in 12 × sigmoid, by 2,000 in all the other links." in says


def test_links_that_give_too_much_are_broken_too():
    found = ledger(chain(*layers(12, 1.0, 9.0)))
    assert {entry.family for entry in found.broken} == {"weights"}
    assert "by 3·10¹⁰ in 11 × Linear" in found.says


def test_a_loss_that_is_averaged_over_many_examples_is_not_broken_for_its_small_gradient():
    assert ledger(chain(*layers(1, 0.9), first=1 / 1000), examples=1_000_000).broken == ()


def test_the_first_link_without_numbers_is_broken():
    links = chain(*layers(3, 0.7))
    links = (*links[:2], replace(links[2], leaving=inf), replace(links[3], entering=inf, leaving=nan), *links[4:])
    found = ledger(links, has_bad=True)
    assert [entry.path for entry in found.broken] == [links[2].path]
    assert "no number any more" in found.says


def test_where_the_graph_is_cut_no_gradient_gets_past():
    links = chain(*layers(3, 0.7))
    links = (*links[:2], *(replace(link, leaving=nan) for link in links[2:]))
    found = ledger(links)
    assert [entry.path for entry in found.broken] == ["4"]
    assert found.says == "No gradient gets past Linear(8 → 8) (4), so no weight before it learns."


def test_the_gradient_by_the_inputs_may_be_unknown():
    links = chain(*layers(2, 0.7))
    found = ledger((*links[:-1], replace(links[-1], leaving=nan)))
    assert found.broken == ()
    assert "no link stands out" in found.says


def test_a_recurrent_link_is_judged_along_time():
    found = ledger(chain(("rnn", "RNN(4 → 8)", "recurrence", 0.9, ""), time=[0.5 * 0.8**step for step in range(100)]))
    assert [entry.path for entry in found.broken] == ["rnn"]
    assert found.broken[0].time[0] == 0.0
    assert found.broken[0].time[-1] == pytest.approx(99 * log10(0.8))
    assert "Along the 100 steps" in found.says
    assert "by 1/12 in the last 11" in found.says


def test_the_step_of_the_broken_chain_is_shown():
    good, bad = chain(*layers(2, 0.8)), chain(*layers(2, 1e-7))
    found = trace(good, [1.0, 1.0, 1.0])
    samples = (found.samples[0], replace(found.samples[1], links=bad, step=9), replace(found.samples[0], step=12))
    assert ledger_of(replace(found, samples=samples)).step == 9


def test_of_a_training_that_learns_the_first_step_is_shown():
    found = trace(chain(*layers(2, 0.8)), [1.0, 0.5, 0.1])
    samples = (found.samples[0], replace(found.samples[1], links=chain(*layers(2, 1e-7)), step=9))
    assert ledger_of(replace(found, samples=samples), learns=True).step == 0


def test_without_links_there_is_no_ledger():
    found = trace(chain(), [1.0, 1.0])
    assert ledger_of(replace(found, samples=())) is None
    assert ledger_of(replace(found, samples=tuple(replace(one, links=()) for one in found.samples))) is None
