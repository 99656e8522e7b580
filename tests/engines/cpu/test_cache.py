"""The disk cache of compiled code: a second time compiles nothing, and no state of the disk does harm."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.base import warning
from glassgrad.engines.cpu.native import buffers, cache, threads

TEXT = "define i64 @f() {\n  ret i64 41\n}\n"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    place = tmp_path / "cache" / "deep"
    monkeypatch.setenv("GLASSGRAD_CACHE", str(place))
    return place


@pytest.fixture
def compiled(monkeypatch):
    """The texts that were compiled."""
    texts = []

    def object_code(text):
        texts.append(text)
        return b"code of " + text.encode()

    monkeypatch.setattr(cache, "object_code", object_code)
    return texts


def entries(directory):
    return sorted(directory.iterdir())


@pytest.mark.usefixtures("directory")
def test_the_second_time_nothing_is_compiled_or_written(compiled):
    cache.keep(b"key", b"abc")
    assert cache.cached(b"key") == b"abc"
    assert cache.cached(b"other key") is None
    assert cache.cached_object_code("x") == cache.cached_object_code("x") == b"code of x"
    assert compiled == ["x"]
    cache.clear_cache()
    cache.cached_object_code("x")
    assert compiled == ["x", "x"]
    assert cache.cached(b"key") is None


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:10], lambda b: b[:-1], lambda b: b[:-1] + b"!", lambda b: b + b"!"]
)
def test_damaged_entries_are_compiled_again(directory, compiled, damage):
    code = cache.cached_object_code("x")
    (entry,) = entries(directory)
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert cache.cached_object_code("x") == code
    assert len(compiled) == 2
    assert entry.read_bytes() == whole


def test_other_circumstances_are_other_entries(directory, compiled, monkeypatch):
    cache.cached_object_code("x")
    monkeypatch.setattr(cache, "_circumstances", lambda: b"another processor")
    cache.cached_object_code("x")
    assert len(compiled) == len(entries(directory)) == 2


@pytest.mark.parametrize("word", ["", "off", "0", "OFF"])
def test_switched_off(tmp_path, compiled, monkeypatch, word):
    monkeypatch.setenv("GLASSGRAD_CACHE", word)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.cached_object_code("x")
    cache.cached_object_code("x")
    assert len(compiled) == 2
    assert entries(tmp_path) == []


def test_places_by_platform(monkeypatch, tmp_path):
    monkeypatch.delenv("GLASSGRAD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.cache_directory() == tmp_path / "glassgrad"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache.cache_directory().parts[-3:] == ("Library", "Caches", "glassgrad")


def test_a_place_that_cannot_be_written(tmp_path, compiled, monkeypatch):
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "file" / "inside"))
    with pytest.warns(RuntimeWarning, match="cannot be written to"):
        assert cache.cached_object_code("x") == b"code of x"
    assert cache.cached_object_code("x") == b"code of x"  # said once
    assert len(compiled) == 2


def test_a_disk_that_is_full_leaves_nothing_behind(directory, compiled, monkeypatch):
    def replace(*_):
        raise OSError("no space left")

    monkeypatch.setattr(cache.Path, "replace", replace)
    with pytest.warns(RuntimeWarning, match="no space left"):
        assert cache.cached_object_code("x") == b"code of x"
    assert entries(directory) == []
    assert compiled == ["x"]


def test_the_oldest_used_entries_go_first(directory, compiled, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE_MB", "1")
    bodies = [f"{n}".ljust(150_000) for n in range(8)]
    for age, body in enumerate(bodies):
        cache.cached_object_code(bodies[0])  # in use all the time
        before = set(entries(directory))
        cache.cached_object_code(body)
        for entry in set(entries(directory)) - before:
            cache.os.utime(entry, (1_000_000_000 + age,) * 2)
    assert sum(path.stat().st_size for path in entries(directory)) <= 1 << 20
    count = len(compiled)
    cache.cached_object_code(bodies[0])
    cache.cached_object_code(bodies[-1])
    assert len(compiled) == count
    cache.cached_object_code(bodies[1])
    assert len(compiled) == count + 1


@pytest.mark.parametrize("length", [10, 5000, 60_000])
def test_the_bound_holds_for_blocks_and_for_several_processes(directory, length):
    script = (
        "import sys\nfrom glassgrad.engines.cpu.native import cache\n"
        f"for n in range({3_000_000 // max(length, 4096)}):\n"
        f"    cache.keep(f'{{sys.argv[1]}} {{n}}'.encode(), b'x' * {length})\n"
    )
    surroundings = {**os.environ, "GLASSGRAD_CACHE_MB": "1"}
    running = [subprocess.Popen([sys.executable, "-c", script, str(n)], env=surroundings) for n in range(4)]
    largest = 0
    while any(process.poll() is None for process in running):
        here = entries(directory) if directory.exists() else []
        largest = max(largest, sum(on_disk(path) for path in here))
    assert all(process.returncode == 0 for process in running)
    assert 1 << 18 < largest <= 1 << 20


def on_disk(path):
    """The whole blocks of 4096 bytes that a file takes; 0 where another process has just removed it."""
    try:
        return -(-path.stat().st_size // 4096) * 4096
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("word", ["1", "on", "True"])
def test_switched_on_is_the_usual_place(word, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GLASSGRAD_CACHE", word)
    here = cache.cache_directory()
    monkeypatch.delenv("GLASSGRAD_CACHE")
    assert here == cache.cache_directory()


@pytest.mark.parametrize("word", ["on2", "of", "cache", "2"])
def test_a_word_that_is_neither_on_nor_off_nor_a_path_makes_no_folder(word, monkeypatch, tmp_path, compiled):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "usual"))
    monkeypatch.setenv("GLASSGRAD_CACHE", word)
    warning.warn_once.cache_clear()
    with pytest.warns(RuntimeWarning, match=rf"'{word}' has no effect: .* on, off and the path .* as in .*\./{word}$"):
        cache.cached_object_code("x")
    assert [path.name for path in tmp_path.iterdir()] == ["usual"]
    assert compiled == ["x"]


@pytest.mark.parametrize("path", ["./here", "deep/er", "."])
def test_paths_from_the_current_folder_are_folders(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLASSGRAD_CACHE", path)
    assert cache.cache_directory().resolve() == (tmp_path / path).resolve()


def test_a_home_that_nobody_has_keeps_nothing(monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", "~nobody-of-this-name/cache")
    assert cache.cache_directory() is None


def test_a_warning_names_the_line_of_the_call(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "file" / "inside"))
    compiled = gg.jit(lambda x: x * 2.0)
    with pytest.warns(RuntimeWarning, match="cannot be written to") as seen:
        compiled(np.ones(3))
    assert {Path(found.filename) for found in seen} == {Path(__file__)}


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("GLASSGRAD_THREADS", "two", threads.processor_count),
        ("GLASSGRAD_THREADS", "0", threads.processor_count),
        ("GLASSGRAD_KEEP_MB", "1.5", buffers.default_limit),
        ("GLASSGRAD_CACHE_MB", "-3", cache._bound),
    ],
)
def test_values_without_a_meaning_are_said(name, value, asked, monkeypatch):
    monkeypatch.delenv(name, raising=False)
    usual = asked()
    monkeypatch.setenv(name, value)
    warning.warn_once.cache_clear()
    with pytest.warns(RuntimeWarning, match=f"{name}='{value}' is not a whole number from"):
        assert asked() == usual
    assert asked() == usual  # said once


def test_several_threads_and_processes_at_once(directory):
    script = (
        "from glassgrad.engines.cpu.native.cache import cached_object_code as code\n"
        f"print(sum(len(code({TEXT!r}.replace('41', str(n)))) for n in range(10)))"
    )
    running = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(2)]
    found = []

    def compile_all():
        found.append(sum(len(cache.cached_object_code(TEXT.replace("41", str(n)))) for n in range(10)))

    threads = [threading.Thread(target=compile_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found += [int(process.communicate(timeout=60)[0]) for process in running]
    assert len(set(found)) == 1
    assert found[0] > 1000
    assert len(entries(directory)) >= 10  # more where the engine was edited meanwhile
    assert all(path.suffix == ".o" for path in entries(directory))
