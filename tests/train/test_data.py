"""Sources of data: pieces and files, shuffled a pool at a time; batches read ahead; going on in the middle."""

import itertools
import threading

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import nn, train
from glassgrad.base.errors import ShapeError, UsageError

KEY = gg.random.key(3)


def pieces(sizes=(5, 1, 7, 3, 4)):
    start = 0
    for size in sizes:
        numbers = np.arange(start, start + size)
        yield numbers[:, None].astype(np.float64), numbers
        start += size


def rows_of(batches):
    return [batch.values[1][: batch.rows].tolist() for batch in batches]


def all_rows(batches):
    return list(itertools.chain.from_iterable(rows_of(batches)))


@pytest.mark.parametrize("last", ["keep", "drop", "pad"])
def test_pieces_become_batches(last):
    found = list(train.Stream(pieces).batches(train.Order(6, last=last)))
    expected = [[*range(6)], [*range(6, 12)], [*range(12, 18)], [18, 19]]
    assert rows_of(found) == (expected[:3] if last == "drop" else expected)
    if last == "pad":
        assert found[-1].values[0].shape == (6, 1)
        assert found[-1].mask.tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize("pool", [1, 8, 100])
def test_pools_are_shuffled_anew_in_each_epoch(pool):
    stream = train.Stream(pieces, pool=pool)
    order = train.Order(3, KEY)
    first, second = (all_rows(stream.batches(order.of_epoch(epoch, 0))) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert rows_of(stream.batches(order.of_epoch(0, 0)))[4:] == rows_of(stream.batches(order.of_epoch(0, 4)))
    if pool == 8:
        assert max(first[:6]) < 13  # one pool at a time


def test_streams_say_what_is_wrong():
    with pytest.raises(UsageError, match="gone through once"):
        train.Stream(pieces())
    with pytest.raises(UsageError, match="no rows"):
        list(train.Stream(lambda: iter(())).batches(train.Order(3)))
    with pytest.raises(ShapeError, match="different numbers of rows"):
        list(train.Stream(lambda: [(np.ones(3), np.ones(2))]).batches(train.Order(3)))
    with pytest.raises(ShapeError, match="the first was"):
        list(train.Stream(lambda: [(np.ones(3),), (np.ones(3), np.ones(3))]).batches(train.Order(3)))


def test_reading_ahead_gives_the_same_and_raises_what_went_wrong():
    stream = train.Stream(pieces)
    order = train.Order(3, KEY)
    assert rows_of(train.Prefetched(stream).batches(order)) == rows_of(stream.batches(order))

    def broken():
        yield from pieces((4,))
        raise OSError("the disk is gone")

    found = train.Prefetched(train.Stream(broken, pool=1)).batches(train.Order(2))
    next(found)
    with pytest.raises(OSError, match="the disk is gone"):
        list(found)


def test_a_reader_that_nobody_wants_any_more_ends():
    def endless():
        while True:
            yield np.ones((4, 1)), np.ones(4)

    batches = train.Prefetched(train.Stream(endless, pool=1)).batches(train.Order(2))
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "glassgrad prefetch"]


def test_fit_takes_streams():
    def line():
        x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        yield x[:40], 3 * x[:40] + 1
        yield x[40:], 3 * x[40:] + 1

    stream = train.Stream(line)
    run = train.fit(nn.Linear(1, 1, key=0), stream, nn.mse, gg.optim.adam(0.1), epochs=60, validation=stream)
    assert run.history["validation loss"][-1] < 1e-3
    with pytest.raises(UsageError, match="arrays only"):
        train.fit(nn.Linear(1, 1, key=0), stream, nn.mse, validation=0.1)


def test_parquet_files(tmp_path):
    polars = pytest.importorskip("polars")
    for number in range(2):
        rows = np.arange(number * 50, number * 50 + 50)
        table = polars.DataFrame({"a": rows.astype(np.float64), "b": rows % 3, "y": rows, "word": ["x"] * 50})
        table.write_parquet(tmp_path / f"{number}.parquet", row_group_size=20)
    paths = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    data = train.Parquet(paths, target="y", inputs=["a", "b"], piece=16, pool=30)
    assert data.rows == 100
    assert rows_of(data.batches(train.Order(40))) == [[*range(40)], [*range(40, 80)], [*range(80, 100)]]
    batches = list(data.batches(train.Order(10, KEY)))
    assert sorted(all_rows(batches)) == list(range(100))
    for batch in batches:
        assert batch.values[0].dtype == np.float32
        assert np.array_equal(batch.values[0][:, 0], batch.values[1])
    with pytest.raises(UsageError, match="no column 'z'"):
        train.Parquet(paths, target="z", inputs=["a"])
    with pytest.raises(UsageError, match="training needs numbers"):
        train.Parquet(paths, target="word")
    with pytest.raises(UsageError, match="there is no file"):
        train.Parquet(tmp_path / "none.parquet")
    with pytest.raises(UsageError, match="there are no files"):
        train.Parquet([])


def test_each_parquet_file_is_looked_into(tmp_path):
    polars = pytest.importorskip("polars")
    names = ["good", "words", "less", "broken"]
    good, words, less, broken = paths = [tmp_path / f"{name}.parquet" for name in names]
    polars.DataFrame({"a": [1.0, 2.0], "y": [1, 2]}).write_parquet(good)
    polars.DataFrame({"a": ["one", "two"], "y": [1, 2]}).write_parquet(words)
    polars.DataFrame({"y": [1, 2]}).write_parquet(less)
    broken.write_bytes(b"no table")
    assert train.Parquet([good, good], target="y").rows == 4
    for path, message in zip(
        paths[1:], ["'a' of .*words.parquet holds String", "has no column 'a'", "cannot be read"], strict=True
    ):
        with pytest.raises(UsageError, match=message):
            train.Parquet([good, path], target="y")


def mapped(tmp_path, x):
    np.save(tmp_path / "x.npy", x)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def test_a_share_of_mapped_arrays_is_held_back_without_reading_them(tmp_path):
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float64)
    y = x[:, :1].astype(np.float32)

    def go(inputs):
        return train.fit(nn.Linear(3, 1, key=0), (inputs, y), nn.mse, epochs=2, validation=0.25, batch_size=8)

    one, other = go(mapped(tmp_path, x)), go(x)
    assert one.step == 2 * 6
    assert np.array_equal(one.history["loss"], other.history["loss"])
    assert np.array_equal(one.history["validation loss"], other.history["validation loss"])


def test_parts_keep_what_the_whole_was_told():
    data = train.Arrays(np.arange(10.0)[:, None], np.arange(10), dtype=np.float32)
    part = data.part(np.array([1, 4, 5, 9]))
    assert part.rows == 4
    batches = list(part.batches(train.Order(3)))
    assert [batch.values[1].tolist() for batch in batches] == [[1, 4, 5], [9]]
    assert batches[0].values[0].dtype == np.float32
    assert sorted(all_rows(part.batches(train.Order(2, KEY)))) == [1, 4, 5, 9]
    assert all_rows(part.part(np.array([2, 0])).batches(train.Order(2))) == [5, 1]
    assert data.rows == 10
    found = [each.fingerprint() for each in (data, part, data.part(np.array([1, 4, 5, 8])))]
    assert len({str(each) for each in found}) == 3


def test_there_is_one_fingerprint_of_arrays():
    x, y = np.arange(12.0).reshape(4, 3), np.arange(4)
    found = train.Arrays(x, y).fingerprint()
    assert found == {"rows": 4} | train.store.fingerprint((x, y))
    x[2, 1] += 1
    assert train.Arrays(x, y).fingerprint()["sha256"] != found["sha256"]


def test_reading_ahead_is_of_one_batch_or_more():
    for ahead in (0, -1):
        with pytest.raises(UsageError, match="ahead"):
            train.Prefetched(train.Stream(pieces), ahead=ahead)


def test_errors_of_a_thread_name_the_line_that_waits():
    ragged = train.Stream(lambda: iter([(np.ones((4, 1), np.float32), np.ones(3))]))
    with pytest.raises(ShapeError, match="different numbers of rows") as caught:
        train.fit(nn.Linear(1, 1, key=0), ragged, nn.mse, epochs=1)
    assert "threading.py" not in str(caught.value)
    assert "test_data.py" in str(caught.value)
    assert "train.fit(nn.Linear" in str(caught.value)
