"""The run store keeps what it was given, bit by bit, and finds it again."""

import math
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassgrad.base.errors import StoreError, UnknownRunError, UsageError
from glassgrad.train import store as run_store
from glassgrad.train.store import differences, fingerprint, goal_of
from glassgrad.train.store.ids import new_id
from glassgrad.train.store.packing import Steps, pack_numbers, pack_steps, unpack_numbers, unpack_steps
from glassgrad.train.store.summary import begin_summary


@pytest.fixture
def store(tmp_path):
    return run_store.open(tmp_path / ".glassgrad" / "runs.db")


def same_bits(found, expected):
    return np.array_equal(np.asarray(found).view(np.int64), np.asarray(expected, np.float64).view(np.int64))


def test_a_run_comes_back_as_it_was_logged(store):
    losses = [2.5, math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1]
    with store.begin("digits", {"rate": 0.1, "sizes": (64, 32)}, data={"sha256": "ab"}) as writer:
        for step, loss in enumerate(losses):
            writer.log(10 * step, {"loss": loss, "count": np.int32(step), "part": np.float32(loss)})
    record = store.run(writer.id)
    steps, values = record.metrics("loss")
    assert (steps.dtype, values.dtype) == (np.int64, np.float64)
    assert steps.tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert same_bits(values, losses)
    assert same_bits(record.metrics("part")[1][:3], [2.5, math.nan, math.inf])
    assert (record.name, record.status, record.configuration) == (
        "digits",
        "finished",
        {"rate": 0.1, "sizes": [64, 32]},
    )
    assert record.facts.data == {"sha256": "ab"}
    assert record.facts.versions["numpy"] == np.__version__
    assert record.facts.machine["processors"] >= 1
    assert record.begun <= record.ended <= time.time()
    summary = record.summaries["loss"]
    assert (summary.rows, summary.first_step, summary.last_step, summary.not_finite) == (7, 0, 60, 3)
    assert (summary.best, summary.greatest, summary.greatest_step) == ((-0.0, 40), 2.5, 0)
    assert record.steps == 60


@pytest.mark.parametrize("last", [math.nan, math.inf, -math.inf, 1.5])
def test_a_summary_ends_with_any_number(store, last):
    with store.begin("x") as writer:
        writer.log(0, {"loss": last})
    summary = store.runs()[0].summaries["loss"]
    assert same_bits([summary.last, summary.first], [last, last])
    assert math.isnan(summary.best[0]) is not math.isfinite(last)


def test_metrics_may_come_at_different_steps_and_in_blocks(store):
    with store.begin("x") as writer:
        writer.log(0, {"loss": 3.0})
        writer.log(1, {"loss": 2.0, "validation": 7.0})
        writer.log_many([2, 3, 5], {"loss": np.array([1.0, 0.5, 0.25], np.float32)})
        writer.flush()
        writer.log(9, {"loss": 9.0})
        writer.log_many([], {"loss": []})
    record = store.run("latest")
    steps, values = record.metrics("loss")
    assert steps.tolist() == [0, 1, 2, 3, 5, 9]
    assert values.tolist() == [3.0, 2.0, 1.0, 0.5, 0.25, 9.0]
    assert record.metrics("validation")[0].tolist() == [1]


def test_layers_come_back_by_path_though_some_were_frozen_for_a_while(store):
    with store.begin("x") as writer:
        writer.log_layers(0, "gradient norm", {"layers[0].weight": 1.0, "layers[1].weight": math.nan})
        writer.log_layers(1, "gradient norm", {"layers[1].weight": 3.0})
        writer.log_layers(2, "gradient norm", {"layers[0].weight": 5.0, "layers[1].weight": 4.0})
        writer.log_layers(2, "update ratio", {"layers[0].weight": 0.5})
        writer.log(0, {"loss": 1.0})
    record = store.run("latest")
    assert record.layer_kinds == ("gradient norm", "update ratio")
    found = record.layers("gradient norm")
    assert list(found) == ["layers[0].weight", "layers[1].weight"]
    assert found["layers[0].weight"][0].tolist() == [0, 2]
    assert found["layers[1].weight"][0].tolist() == [0, 1, 2]
    assert same_bits(found["layers[1].weight"][1], [math.nan, 3.0, 4.0])
    with pytest.raises(UnknownRunError, match="no statistic 'gradient' of layers") as raised:
        record.layers("gradient")
    assert "gradient norm" in raised.value.hint


@pytest.mark.parametrize("every", [1, 7, 1000, 5000])
def test_many_steps_in_many_saves_keep_their_order(store, every):
    values = np.random.default_rng(every).normal(size=6000)
    with store.begin("x") as writer:
        for step in range(len(values)):
            writer.log(step, {"loss": values[step], "rate": 0.001})
            if step % every == 0 and step < 40 * every:
                writer.flush()
    steps, found = store.run("latest").metrics("loss")
    assert np.array_equal(steps, np.arange(6000))
    assert same_bits(found, values)
    assert same_bits(store.run("latest").metrics("rate")[1], np.full(6000, 0.001))


@given(
    st.lists(st.floats(width=64), min_size=1, max_size=40),
    st.booleans(),
    st.integers(min_value=1, max_value=3),
)
def test_packing_loses_no_bit(numbers, deflate, columns):
    values = np.array(numbers * columns).reshape(-1, columns)
    packing, blob = pack_numbers(values, deflate=deflate)
    assert same_bits(unpack_numbers(packing, blob, rows=len(values), columns=columns), values)


def test_packing_takes_half_of_what_a_float32_network_gives_and_little_of_what_repeats():
    noise = np.random.default_rng(0).random((2000, 1))
    single = noise.astype(np.float32).astype(np.float64)
    assert len(pack_numbers(noise, deflate=False)[1]) == 16000
    assert len(pack_numbers(single, deflate=False)[1]) == 8000
    assert len(pack_numbers(np.full((2000, 1), 0.1), deflate=True)[1]) < 200


@given(st.lists(st.integers(min_value=-(2**62), max_value=2**62), min_size=1, max_size=20))
def test_steps_come_back(steps):
    packed = pack_steps(np.array(steps))
    assert unpack_steps(packed, len(steps)).tolist() == steps


def test_even_steps_take_no_room():
    assert pack_steps(np.arange(5, 500, 5)) == Steps(5, 5, None)
    assert pack_steps(np.array([3])) == Steps(3, 1, None)


@given(st.lists(st.integers(min_value=1, max_value=70), min_size=1, max_size=30))
def test_a_sketch_is_the_means_of_equal_stretches_however_the_values_came(sizes):
    values = np.random.default_rng(1).normal(size=sum(sizes))
    running, start = begin_summary("loss"), 0
    for size in sizes:
        running = running.extended(np.arange(start, start + size), values[start : start + size])
        start += size
    curve = running.summary.curve
    assert len(curve) <= 64
    expected = [values[start : start + running.stride].mean() for start in range(0, len(values), running.stride)]
    assert np.allclose(curve, expected, rtol=1e-6, atol=1e-6)
    assert running.summary.least == values.min()
    assert running.summary.least_step == values.argmin()


def test_a_sketch_shows_where_values_were_not_finite():
    running = begin_summary("loss").extended(np.arange(4), np.array([1.0, np.nan, np.inf, 2.0]))
    assert np.isnan(running.summary.curve[1])
    assert np.isinf(running.summary.curve[2])
    assert running.summary.curve[3] == 2.0


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("loss", "least"),
        ("validation_loss", "least"),
        ("rmse", "least"),
        ("accuracy", "greatest"),
        ("val_acc", "greatest"),
        ("test/roc_auc", "greatest"),
        ("R2", "greatest"),
        ("f1-macro", "greatest"),
        ("space", "least"),
    ],
)
def test_which_end_is_better_is_told_by_the_name(name, goal):
    assert goal_of(name) == goal


def test_ids_sort_by_time_and_never_repeat(store, monkeypatch):
    ids = [store.begin(f"run {count}").id for count in range(5)]
    assert ids == sorted(set(ids))
    monkeypatch.setattr(time, "time", lambda: 1.8e9)
    ahead = new_id()
    monkeypatch.setattr(time, "time", lambda: 1.7e9)
    assert new_id() < ahead < new_id(ahead)


def test_runs_are_found_by_id_prefix_name_and_place(store):
    for name in ("one", "two", "two"):
        store.begin(name).finish()
    newest, middle, oldest = store.runs()
    assert [record.name for record in (oldest, middle, newest)] == ["one", "two", "two"]
    assert store.run(oldest.id).id == store.run("one").id == store.run("latest~2").id == oldest.id
    assert store.run(newest.id.upper()).id == store.run("latest").id == newest.id
    shared = middle.id[: next(place for place in range(9) if middle.id[place] != newest.id[place])]
    with pytest.raises(UnknownRunError, match="ids begin with") as raised:
        store.run(shared)
    assert middle.id in raised.value.hint
    with pytest.raises(UnknownRunError, match="2 runs have the name 'two'"):
        store.run("two")
    with pytest.raises(UnknownRunError, match="there is no run 'onee'") as raised:
        store.run("onee")
    assert raised.value.hint == "did you mean 'one'?"
    with pytest.raises(UnknownRunError, match="latest~3"):
        store.run("latest~3")
    with pytest.raises(UnknownRunError):
        store.run("")


def test_runs_are_filtered_and_sorted(store):
    for name, accuracy in (("a", 0.5), ("b", 0.9), ("c", 0.7)):
        with store.begin(name) as writer:
            writer.log(0, {"accuracy": accuracy, "loss": 1 - accuracy})
    store.begin("d").finish("failed", "ValueError: no")

    def names(**filters):
        return [record.name for record in store.runs(**filters)]

    assert names() == ["d", "c", "b", "a"]
    assert names(limit=2) == ["d", "c"]
    assert names(sort="name") == ["a", "b", "c", "d"]
    assert names(sort="accuracy") == names(sort="loss") == ["b", "c", "a", "d"]
    assert names(sort="loss", limit=1) == ["b"]
    assert names(status="failed") == ["d"]
    assert names(status=("failed", "finished"), name="[ad]") == ["d", "a"]
    assert store.runs(status="failed")[0].reason == "ValueError: no"
    with pytest.raises(UnknownRunError, match="no run has a metric 'accuracyy'") as raised:
        store.runs(sort="accuracyy")
    assert "'accuracy'" in raised.value.hint
    with pytest.raises(UsageError, match="there is no status 'done'"):
        store.runs(status="done")


def test_an_unknown_metric_suggests_the_one_meant(store):
    with store.begin("x") as writer:
        writer.log(0, {"validation_loss": 1.0})
    with pytest.raises(UnknownRunError, match="no metric 'val_loss'") as raised:
        store.run("latest").metrics("val_loss")
    assert raised.value.hint == "did you mean 'validation_loss'?"


def test_how_a_run_ends(store):
    with pytest.raises(ZeroDivisionError), store.begin("failed"):
        raise ZeroDivisionError("by zero\nmore")
    with pytest.raises(KeyboardInterrupt), store.begin("stopped"):
        raise KeyboardInterrupt
    writer = store.begin("early")
    writer.finish("stopped", "no better for 5 epochs")
    writer.finish("failed")  # has no effect
    writer.log(1, {"loss": 1.0})  # nor has this
    found = {record.name: (record.status, record.reason) for record in store.runs()}
    assert found == {
        "failed": ("failed", "ZeroDivisionError: by zero"),
        "stopped": ("stopped", "KeyboardInterrupt"),
        "early": ("stopped", "no better for 5 epochs"),
    }
    with pytest.raises(UsageError, match="does not end as 'done'"):
        store.begin("x").finish("done")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": np.zeros(3)}, r"'loss' is no single number: shape \(3,\)"),
        ({"fine": 1.0, "loss": "low"}, "'loss' is no single number: 'low'"),
        ({"loss": None}, "'loss' is no single number: None"),
        ({"loss": 1j}, "'loss' is no single number: 1j"),
    ],
)
def test_what_is_no_number_is_refused_and_leaves_no_trace(store, values, message):
    with store.begin("x") as writer:
        writer.log(0, {"fine": 0.5})
        with pytest.raises(UsageError, match=message):
            writer.log(1, values)
        with pytest.raises(UsageError, match="the step is 'two'"):
            writer.log("two", {"fine": 1.0})
        with pytest.raises(UsageError, match=r"'loss' has shape \(2,\) for 3 steps"):
            writer.log_many([1, 2, 3], {"loss": [1.0, 2.0]})
        with pytest.raises(UsageError, match="needs a kind"):
            writer.log_layers(1, "", {"layer": 1.0})
        writer.log(2, {"fine": 0.25})
    assert store.run("latest").metrics("fine")[1].tolist() == [0.5, 0.25]
    assert set(store.run("latest").summaries) == {"fine"}


def test_a_run_goes_on_from_a_step(store):
    with store.begin("x") as writer:
        for step in range(5000):
            writer.log(step, {"loss": float(step)})
            writer.log_layers(step, "norm", {"a": step, "b": -step})
        writer.log(4500, {"late": 1.0})
    with store.resume("latest", after=3000) as again:
        assert again.id == writer.id
        assert store.run("latest").status == "running"
        again.log(3001, {"loss": -1.0})
        again.log_layers(3001, "norm", {"a": 0.5, "b": 0.25})
    record = store.run(writer.id)
    steps, values = record.metrics("loss")
    assert np.array_equal(steps, np.arange(3002))
    assert values[-2:].tolist() == [3000.0, -1.0]
    assert record.summaries["loss"].best == (-1.0, 3001)
    assert record.summaries["loss"].rows == 3002
    assert "late" not in record.summaries
    assert record.layers("norm")["b"][1][-2:].tolist() == [-3000.0, 0.25]
    assert record.status == "finished"
    with store.resume("latest") as again:
        again.log(4000, {"loss": 7.0})
        with pytest.raises(StoreError, match="is still running"):
            store.resume("latest")
    assert store.run("latest").metrics("loss")[0][-1] == 4000


def test_deleting_takes_everything_and_gives_the_space_back(store):
    keep = store.begin("keep")
    keep.log(0, {"loss": 1.0})
    keep.finish()
    with store.begin("big") as writer:
        writer.log_many(np.arange(200_000), {"loss": np.random.default_rng(0).random(200_000)})
    before = _size(store)
    assert [record.name for record in store.delete("big")] == ["big"]
    assert [record.name for record in store.runs()] == ["keep"]
    assert _size(store) < before / 4
    with store._database.reading() as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("runs", "facts", "series", "chunks", "summaries")
        ]
    assert counts == [1, 1, 1, 1, 1]
    with pytest.raises(UnknownRunError):
        store.delete(["keep", "big"])
    assert len(store.runs()) == 1  # all or none


def _size(store):
    store._database.close()
    return store.path.stat().st_size


def test_a_running_run_is_not_deleted(store):
    writer = store.begin("x")
    with pytest.raises(StoreError, match="is still running"):
        store.delete("x")
    writer.finish()
    store.delete("x")


def test_artefacts_are_noted_with_their_hash_and_move_with_the_folder(store, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    with store.begin("x") as writer:
        writer.artefact(tmp_path / "model.bin", "model")
        (tmp_path / "model.bin").write_bytes(b"other weights")
        writer.artefact(tmp_path / "model.bin", "model")
        with pytest.raises(StoreError, match="cannot be read: No such file"):
            writer.artefact(tmp_path / "missing", "model")
    (artefact,) = store.run("latest").artefacts
    assert (artefact.path, artefact.kind, artefact.bytes) == (tmp_path / "model.bin", "model", 13)
    assert artefact.sha256 == fingerprint(tmp_path / "model.bin")["sha256"]
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    store.close()
    tmp_path.rename(moved)
    (artefact,) = run_store.open(moved / ".glassgrad" / "runs.db").run("latest").artefacts
    assert artefact.path == moved / "model.bin"


def test_a_configuration_may_hold_anything(store):
    def schedule(step):
        return step

    configuration = {
        "rate": np.float32(0.5),
        "limit": math.inf,
        "nothing": math.nan,
        "schedule": schedule,
        "activation": np.tanh,
        "mask": np.zeros((100, 100)),
        "small": np.arange(3),
        1: {"set": {3, 1, 2}},
        "dtype": np.dtype("float32"),
        "object": object,
        "text": "Größe ∂",
    }
    store.begin("x", configuration).finish()
    found = store.run("latest").configuration
    assert found["rate"] == 0.5
    assert (found["limit"], found["nothing"]) == ("Infinity", "NaN")
    assert found["schedule"].endswith("schedule")
    assert found["activation"] == "numpy.tanh"
    assert found["mask"] == "float64[100, 100]"
    assert (found["small"], found["1"]) == ([0, 1, 2], {"set": [1, 2, 3]})
    assert found["text"] == "Größe ∂"
    store.begin("a list of itself", loop := [1, *range(3)])
    loop.append(loop)
    store.begin("a list in itself", loop).finish()


def test_a_fingerprint_follows_the_numbers_and_shape():
    x, y = np.arange(12.0).reshape(3, 4), np.array(["a", "b"], object)
    first = fingerprint({"x": x, "y": y})
    assert first == fingerprint({"y": y.copy(), "x": x.copy()})
    assert first["arrays"] == ["float64[3, 4]", "object[2]"]
    others = [{"x": x + 1, "y": y}, {"x": x.T, "y": y}, {"x": x.astype(np.float32), "y": y}, {"x": x, "y": y[::-1]}]
    assert len({fingerprint(other)["sha256"] for other in [*others, {"x": x, "y": y}]}) == 5


def test_large_data_are_sampled(tmp_path, monkeypatch):
    module = sys.modules["glassgrad.train.store.fingerprint"]
    monkeypatch.setattr(module, "_WHOLE", 1000)
    monkeypatch.setattr(module, "_SAMPLE", 64)
    array = np.arange(50_000.0)
    np.save(tmp_path / "x.npy", array)
    found = fingerprint(np.load(tmp_path / "x.npy", mmap_mode="r"))
    assert found["sampled"] is True
    assert found == fingerprint(array)
    assert found != fingerprint(array + 1)
    assert fingerprint(tmp_path / "x.npy")["sampled"] is True


def test_differences_of_runs_leaf_by_leaf(store):
    store.begin("a", {"optimizer": {"kind": "adam", "rate": 0.1}, "sizes": [64, 32], "layers": [{"n": 1}, {"n": 2}]})
    store.begin("b", {"optimizer": {"kind": "sgd", "rate": 0.1}, "sizes": [64, 16], "layers": [{"n": 1}, {"n": 3}]})
    found, equal = differences([store.run("a"), store.run("b")])
    assert {each.place: each.values for each in found} == {
        "configuration.optimizer.kind": ("adam", "sgd"),
        "configuration.sizes": ([64, 32], [64, 16]),
        "configuration.layers[1].n": (2, 3),
    }
    assert equal > 5


def test_a_store_that_is_read_only_makes_no_file(store):
    assert store.runs() == []
    with pytest.raises(UnknownRunError, match=r"there is no run 'latest': .* does not exist"):
        store.run("latest")
    assert not store.path.parent.exists()
    store.begin("x").finish()
    assert (store.path.parent / ".gitignore").read_text() == "*\n"


def test_the_current_folder_has_the_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with run_store.record("x", {"a": 1}) as writer:
        writer.log(0, {"loss": 1.0})
    assert (tmp_path / ".glassgrad" / "runs.db").exists()
    assert run_store.open().run("x").id == writer.id


def test_several_threads_log_to_one_run(store):
    with store.begin("x") as writer:

        def work(which):
            for step in range(2000):
                writer.log(step, {f"loss {which}": step})
                writer.log_layers(step, "norm", {"a": which})

        threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    record = store.run("latest")
    for which in range(4):
        assert np.array_equal(record.metrics(f"loss {which}")[1], np.arange(2000.0))
    norms = record.layers("norm")["a"][1]
    assert np.array_equal(np.sort(norms), np.repeat(np.arange(4.0), 2000))
