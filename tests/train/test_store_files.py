"""The run store among processes that write at once or die, and with files that are broken, foreign or read-only."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import glassgrad
from glassgrad.base.errors import StoreError
from glassgrad.train import store as run_store
from glassgrad.train.store import StoreWarning
from glassgrad.train.store.database import Database
from glassgrad.train.store.process import Process, is_gone, this_process
from glassgrad.train.store.schema import MIGRATIONS, migrate, version_of

SOURCE = Path(glassgrad.__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and users of POSIX")

WRITE = """
import sys
from glassgrad.train import store
path, name, steps, saves = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with store.open(path).begin(name) as run:
    for step in range(steps):
        run.log(step, {"loss": step + 0.1})
        if step % saves == saves - 1:
            run.flush()
            print(step, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


def start(script, *words):
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True)


def sound(path):
    connection = sqlite3.connect(path)
    found = [connection.execute(f"PRAGMA {check}").fetchall() for check in ("integrity_check", "foreign_key_check")]
    connection.close()
    return found == [[("ok",)], []]


def test_processes_write_at_once(path):
    writers = [start(WRITE, path, f"run {which}", 300, 10) for which in range(4)]
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert (writer.returncode, said) == (0, "")
    records = run_store.open(path).runs(sort="name")
    assert [(record.name, record.status) for record in records] == [(f"run {which}", "finished") for which in range(4)]
    assert len({record.id for record in records}) == 4
    for record in records:
        assert np.array_equal(record.metrics("loss")[1], np.arange(300) + 0.1)
    assert sound(path)


@posix
@pytest.mark.parametrize("saves", [1, 3, 50])
def test_a_killed_run_loses_what_was_buffered_and_nothing_else(path, saves):
    run_store.open(path).begin("before").finish()
    writer = start(WRITE, path, "killed", 10**9, saves)
    saved = -1
    for _ in range(4):
        saved = int(writer.stdout.readline())
    assert run_store.open(path).run("killed").status == "running"
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    saved = max([saved, *(int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n"))])
    store = run_store.open(path)
    record = store.run("killed")
    assert record.status == "interrupted"
    assert record.begun <= record.ended <= time.time()
    steps, values = record.metrics("loss")
    assert len(steps) > saved
    assert np.array_equal(steps, np.arange(len(steps)))
    assert np.array_equal(values, steps + 0.1)
    assert record.summaries["loss"].rows == len(steps)
    assert sound(path)
    with store.resume("killed", after=saved) as again:
        again.log(saved + 1, {"loss": 7.0})
    record = store.run("killed")
    assert (record.status, record.metrics("loss")[1][-1]) == ("finished", 7.0)
    assert store.run("before").status == "finished"


def test_a_program_that_ends_without_finish_keeps_its_values(path):
    script = """
import sys
from glassgrad.train import store
run = store.open(sys.argv[1]).begin("x")
run.log(3, {"loss": 0.5})
"""
    program = start(script, path)
    assert program.communicate(timeout=30) == ("", "")
    record = run_store.open(path).run("x")
    assert record.status == "interrupted"
    assert record.metrics("loss")[1].tolist() == [0.5]


@posix
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_run_to_its_parent(path):
    script = """
import os, sys
from glassgrad.train import store
runs = store.open(sys.argv[1])
run = runs.begin("x")
run.log(0, {"loss": 1.0})
child = os.fork()
run.log(1, {"loss": 2.0})
if not child:
    run.log_layers(1, "norm", {"a": 1.0})
    assert runs.run("x").status == "running"
    run.flush()
    run.finish("failed")
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
run.finish()
"""
    program = start(script, path)
    assert program.communicate(timeout=30) == ("", "")
    record = run_store.open(path).run("x")
    assert (record.status, record.layer_kinds) == ("finished", ())
    assert record.metrics("loss")[1].tolist() == [1.0, 2.0]


def test_a_process_is_gone_when_it_died_or_its_machine_was_started_anew():
    here = this_process()
    assert not is_gone(here, silent=1e9)

    def other(**changes):
        return Process(**(here.to_dict() | changes))

    assert is_gone(other(number=2**22 + 1), silent=0)
    assert is_gone(other(host="elsewhere"), silent=3600)
    assert not is_gone(other(host="elsewhere"), silent=60)
    assert not is_gone(other(space="pid:[1]"), silent=60)
    assert is_gone(other(boot="before"), silent=0)
    if here.started:
        assert is_gone(other(started="1"), silent=0)  # its number was given to another


def test_a_writer_waits_for_its_turn_and_loses_nothing(path):
    store = run_store.open(path)
    with store.begin("x") as writer:
        blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        blocker.execute("BEGIN IMMEDIATE")
        began = time.perf_counter()
        for step in range(1000):
            writer.log(step, {"loss": step})
        assert time.perf_counter() - began < 1.0  # the training does not wait
        threading.Timer(0.5, lambda: blocker.execute("COMMIT")).start()
        writer.flush()
    blocker.close()
    assert len(store.run("x").metrics("loss")[0]) == 1000


def test_a_store_that_stays_locked_is_said_and_tried_again(path):
    store = run_store.open(path)
    writer = store.begin("x")
    writer._database.patience = 0.05
    writer._database.close()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    writer.log(0, {"loss": 1.0})
    with pytest.warns(StoreWarning, match=r"runs.db is locked.*is kept in memory and tried again"):
        writer.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.flush()  # once is enough
    blocker.execute("COMMIT")
    blocker.close()
    writer.log(1, {"loss": 2.0})
    writer.finish()
    assert store.run("x").metrics("loss")[1].tolist() == [1.0, 2.0]


def test_a_run_that_is_taken_away_ends_its_writing_but_not_the_training(path):
    store = run_store.open(path)
    writer = store.begin("x")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM runs")
    connection.close()
    writer.log(0, {"loss": 1.0})
    with pytest.warns(StoreWarning, match=r"was deleted from .*is not recorded any further"):
        writer.flush()
    writer.log(1, {"loss": 1.0})
    writer.finish()
    store.close()
    path.unlink()
    assert store.runs() == []
    store.begin("anew").finish()
    assert [record.name for record in store.runs()] == ["anew"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"run,loss\n1,0.5\n" * 100, "is damaged or is no run store: file is not a database"),
        (b"SQLite format 3\0" + bytes(5000), "is damaged or is no run store"),
    ],
)
def test_a_file_that_is_no_database_is_named_and_left_alone(path, content, message):
    path.write_bytes(content)
    for attempt in (lambda store: store.runs(), lambda store: store.begin("x")):
        with pytest.raises(StoreError, match=message) as raised:
            attempt(run_store.open(path))
        assert str(path) in raised.value.message
        assert "nothing was changed or moved" in raised.value.hint
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["runs.db"]


def test_a_foreign_database_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE runs (id)")
    connection.close()
    before = path.read_bytes()
    for attempt in (lambda store: store.runs(), lambda store: store.begin("x")):
        with pytest.raises(StoreError, match=r"runs.db is an SQLite database, but not a run store"):
            attempt(run_store.open(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_store_is_an_error_that_names_it(path, share):
    store = run_store.open(path)
    with store.begin("x") as writer:
        writer.log_many(np.arange(30_000), {"loss": np.random.default_rng(0).random(30_000)})
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StoreError, match=r"runs.db is damaged"):
        run_store.open(path).run("x").metrics("loss")


def test_a_later_version_is_refused(path):
    run_store.open(path).begin("x").finish()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"runs.db was written by a later Glassgrad") as raised:
        run_store.open(path).runs()
    assert "upgrade" in raised.value.hint


def test_migrations_are_done_in_order_and_wholly_or_not_at_all():
    connection = sqlite3.connect(":memory:", isolation_level=None)

    def step(*migrations):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrate(connection, migrations)
            connection.execute("COMMIT")
        except sqlite3.Error:
            connection.execute("ROLLBACK")
            raise

    step("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);")
    assert version_of(connection) == 1
    second = "ALTER TABLE a ADD COLUMN y DEFAULT 7; -- a note; with a semicolon\nUPDATE a SET x = x + 1;"
    with pytest.raises(sqlite3.OperationalError):
        step("not run again", second, "CREATE TABLE b (z);\nINSERT INTO c VALUES (1);")
    assert version_of(connection) == 1
    assert connection.execute("SELECT * FROM a").fetchall() == [(1,)]
    step("not run again", second, "CREATE TABLE b (z);")
    assert version_of(connection) == 3
    assert connection.execute("SELECT * FROM a").fetchall() == [(2, 7)]
    connection.close()
    assert MIGRATIONS


def test_a_folder_that_cannot_be_made_leaves_the_training_without_a_store(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "runs.db"
    with pytest.raises(StoreError, match=r"the folder .*file of the run store cannot be made: File exists"):
        run_store.open(place).begin("x")
    with pytest.warns(StoreWarning, match="cannot be made: File exists.*; this run is not recorded"):
        writer = run_store.record("x", path=place)
    with writer:
        writer.log(0, {"loss": 1.0})
        writer.log_many([1], {"loss": [1.0]})
        writer.log_layers(0, "norm", {"a": 1.0})
        writer.artefact(tmp_path / "file", "text")
        writer.flush()
    assert writer.id is None
    with pytest.raises(StoreError, match="is a folder"):
        run_store.open(tmp_path).begin("x")


READ_ONLY = """
import os, sys, warnings
from glassgrad.base.errors import StoreError
from glassgrad.train import store
from glassgrad.train.store.surroundings import machine, versions
place = sys.argv[1]
versions(), machine()
if not os.geteuid():
    os.seteuid(65534)  # root may write everywhere
for record in store.open(place).runs():
    print(record.name, record.status, record.metrics("loss")[1].tolist())
try:
    store.open(place).begin("y")
except StoreError as error:
    print(error.message)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with store.record("z", path=place) as run:
        run.log(0, {"loss": 1.0})
print(len(caught), caught[0].category.__name__, run.id)
"""


@posix
def test_a_read_only_store_can_be_read_and_says_why_it_is_not_written():
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        place = folder / "runs.db"
        store = run_store.open(place)
        with store.begin("x") as writer:
            writer.log(0, {"loss": 0.5})
        store.close()
        place.chmod(0o444)
        folder.chmod(0o555)
        said, trouble = start(READ_ONLY, place).communicate(timeout=60)
        assert trouble == ""
        assert said.splitlines() == [
            "x finished [0.5]",
            f"{place} cannot be opened for this: the file or its folder is read-only",
            "1 StoreWarning None",
        ]
        assert [file.name for file in folder.iterdir()] == ["runs.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_threads_may_share_a_database(path):
    store = run_store.open(path)
    for count in range(3):
        store.begin(f"run {count}").finish()
    failures = []

    def read():
        try:
            for _ in range(20):
                assert len(store.runs()) == 3
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_two_processes_may_make_the_store_at_once(path):
    databases = [Database(path) for _ in range(8)]
    failures = []
    ready = threading.Barrier(8)

    def make(database):
        ready.wait()
        try:
            with database.writing() as connection:
                connection.execute("SELECT count(*) FROM runs")
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=make, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert failures == []
    assert sound(path)


def test_what_a_process_is_can_be_kept_as_json():
    assert Process(**json.loads(json.dumps(this_process().to_dict()))) == this_process()
