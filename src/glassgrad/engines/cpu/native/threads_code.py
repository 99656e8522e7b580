"""The native side of the threads: one pool of workers that share the chunks of one task at a time. Floor 4.

Each thread of a job has a share of its own, neighbouring chunks, as one word: `generation << 32 | first << 16 | end`.
It takes them from the front; when none is left it takes those of the others from the end, so that nobody waits for one
that is slow. A chunk is taken by a compare-and-swap, which can succeed only while that job is open, so what was read of
the job before it belongs to it. A worker without work spins for a while, then sets its flag, looks once more and sleeps
on its lock; whoever starts a job clears the flags that it finds set and releases those locks. The caller waits for the
last chunk in the same way.
"""

from glassgrad.engines.cpu.emit.types import I32, I64
from glassgrad.engines.cpu.emit.values import Value
from glassgrad.engines.cpu.native.routine import NULL, PLAIN, Routine, module_text

MOST_WORKERS = 255
MOST_CHUNKS = (1 << 16) - 1  # of a job that is shared: the words of the shares have room for so many
LINE = 64  # bytes that processors pass to one another as a whole
POOL = {
    "task": 0, "argument": 8, "helpers": 16, "generation": 24,
    "pending": LINE,
    "busy": 2 * LINE,
    "started": 3 * LINE, "limit": 3 * LINE + 8, "spins": 3 * LINE + 16, "stopping": 3 * LINE + 24,
    "alive": 3 * LINE + 32,
}  # fmt: skip
SEATS = 4 * LINE  # then a line for each thread, the caller first: its share, is it asleep, its lock, its number
SHARE, ASLEEP, LOCK, NUMBER = 0, 8, 16, 24
POOL_BYTES = SEATS + (MOST_WORKERS + 1) * LINE
_FIRST, _GENERATION = 1 << 16, 1 << 32

Names = dict[str, str]


def threads_text(triple: str) -> str:
    """The pool as LLVM text. A processor that spins says so to its sibling in its own way."""
    pause = {
        "x86_64": "llvm.x86.sse2.pause()",
        "aarch64": "llvm.aarch64.hint(i32 1)",
        "arm64": "llvm.aarch64.hint(i32 1)",
    }
    intrinsics: Names = {}
    declared: Names = {}
    relax = Routine("internal void @relax() alwaysinline", intrinsics, declared)
    call = pause.get(triple.split("-", maxsplit=1)[0])
    if call is not None:
        relax.line(f"call void @{call}")
        intrinsics["pause"] = f"declare void @{call.replace('i32 1', 'i32')}"
    relax.leave()
    makers = (_fork_join, _serially, _start_workers, _wake, _work, _take, _wait, _worker, _rest, _spin)
    state = f"@threads = global [{POOL_BYTES} x i8] zeroinitializer, align {LINE}"
    return module_text([relax, *[make(intrinsics, declared) for make in makers]], state)


# ---------------------------------------------------------------------------------------------- words of the pool
def _place(w: Routine, name: str) -> str:
    return w.at("@threads", POOL[name])


def _seat(w: Routine, number: Value | int) -> str:
    """The line of a thread: of the caller it is number 0."""
    return w.at("@threads", number * LINE + SEATS)


def _get(w: Routine, address: str, order: str = "monotonic") -> Value:
    return w.made(w.number(0).type, f"load atomic i64, ptr {address} {order}, align 8")


def _get_pointer(w: Routine, name: str) -> str:
    return w.pointer(f"load atomic ptr, ptr {_place(w, name)} monotonic, align 8")


def _set(w: Routine, address: str, value: Value | str, order: str = "monotonic") -> None:
    text = f"i64 {value.text}" if isinstance(value, Value) else f"ptr {value}"
    w.line(f"store atomic {text}, ptr {address} {order}, align 8")


def _exchange(w: Routine, address: str, value: int) -> Value:
    return w.made(w.number(0).type, f"atomicrmw xchg ptr {address}, i64 {value} seq_cst")


def _add(w: Routine, address: str, value: int) -> Value:
    """Adds, and gives what was there before."""
    return w.made(w.number(0).type, f"atomicrmw add ptr {address}, i64 {value} acq_rel")


def _swap(w: Routine, address: str, before: Value, after: Value) -> Value:
    """Did the place hold `before`, and so does it hold `after` now?"""
    pair = f"cmpxchg ptr {address}, i64 {before.text}, i64 {after.text} acq_rel monotonic"
    name = w.pointer(pair)
    return w.made(w.same(NULL, NULL).type, f"extractvalue {{ i64, i1 }} {name}, 1")


# ---------------------------------------------------------------------------------------------- the caller
def _fork_join(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"void @fork_join(ptr %task, ptr %argument, i64 %chunks, i64 %threads) {PLAIN}", intrinsics, declared)
    chunks, threads = w.parameter("%chunks"), w.parameter("%threads")
    limit = _get(w, _place(w, "limit"))
    limit = w.select(limit < threads, limit, threads)
    given = ("%task", "%argument", chunks)
    with w.when((chunks < 2) | (limit < 2) | (chunks > MOST_CHUNKS)):
        w.call_void("serially", *given)
        w.leave()
    with w.when(_swap(w, _place(w, "busy"), w.number(0), w.number(1)).equals(0)):
        w.call_void("serially", *given)  # called within a task, or while another thread has the pool
        w.leave()
    wanted = w.variable(I64)
    w.write(wanted, 0, w.select(limit < chunks, limit, chunks) - 1)
    with w.when(_get(w, _place(w, "started")) < w.read(wanted)):
        w.write(wanted, 0, w.call("start_workers", w.read(wanted)))
    helpers = w.read(wanted)
    _set(w, _place(w, "task"), "%task")
    _set(w, _place(w, "argument"), "%argument")
    _set(w, _place(w, "helpers"), helpers)
    _set(w, _place(w, "pending"), chunks)
    generation = _get(w, _place(w, "generation")) + _GENERATION
    _set(w, _place(w, "generation"), generation)
    members = helpers + 1
    with w.count(members) as number:
        first, end = chunks * number / members, chunks * (number + 1) / members
        _set(w, w.at(_seat(w, number), SHARE), generation | (first << 16) | end, "seq_cst")
    with w.count(members, start=1) as number:
        w.call_void("wake", _seat(w, number))
    w.call_void("work", w.number(0))
    w.call_void("wait")
    _set(w, _place(w, "busy"), w.number(0), "release")
    w.leave()
    return w


def _serially(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"internal void @serially(ptr %task, ptr %argument, i64 %chunks) {PLAIN}", intrinsics, declared)
    with w.count(w.parameter("%chunks")) as chunk:
        w.call_void("%task", "%argument", chunk, w.number(0))
    w.leave()
    return w


def _start_workers(intrinsics: Names, declared: Names) -> Routine:
    """Starts workers until there are this many; how many there are then."""
    w = Routine(f"internal i64 @start_workers(i64 %wanted) {PLAIN}", intrinsics, declared)
    with w.count(w.parameter("%wanted")) as number, w.when(number >= _get(w, _place(w, "started"))):
        seat = _seat(w, number + 1)
        lock = w.call_pointer("PyThread_allocate_lock")
        with w.when(w.same(lock, NULL)):
            w.leave(number)
        w.call("PyThread_acquire_lock", lock, w.number(1, I32), result=I32)
        w.write(seat, ASLEEP, w.number(0))
        w.write(seat, LOCK, lock)
        w.write(seat, NUMBER, number + 1)
        _add(w, _place(w, "alive"), 1)
        with w.when(w.call("PyThread_start_new_thread", "@worker", seat).equals(-1)):
            _add(w, _place(w, "alive"), -1)
            w.leave(number)
        _set(w, _place(w, "started"), number + 1)
    w.leave(w.parameter("%wanted"))
    return w


def _wake(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"void @wake(ptr %seat) {PLAIN}", intrinsics, declared)
    asleep = w.at("%seat", ASLEEP)
    with w.when(_get(w, asleep, "seq_cst").differs(0)), w.when(_exchange(w, asleep, 0).differs(0)):
        w.call_void("PyThread_release_lock", w.read_pointer("%seat", LOCK))
    w.leave()
    return w


def _wait(intrinsics: Names, declared: Names) -> Routine:
    """Until the last chunk is done: spins for a while, then sleeps.

    Whoever finished the last chunk of an earlier job may be so late that it wakes the caller out of this one: being
    woken is a reason to look again, no more.
    """
    w = Routine(f"internal void @wait() {PLAIN}", intrinsics, declared)
    pending, seat = _place(w, "pending"), _seat(w, 0)
    asleep = w.at(seat, ASLEEP)
    with w.forever() as done:
        with w.count(_get(w, _place(w, "spins"))):
            with w.when(_get(w, pending, "acquire").equals(0)):
                w.leave()
            w.call_void("relax")
        _exchange(w, asleep, 1)
        sleeping = w.new_label()
        with w.when(_get(w, pending, "seq_cst").equals(0)):
            w.branch(_exchange(w, asleep, 0).differs(0), done, sleeping)  # or else it is being woken already
            w.label(sleeping)
        w.call("PyThread_acquire_lock", w.read_pointer(seat, LOCK), w.number(1, I32), result=I32)
    w.leave()
    return w


# ---------------------------------------------------------------------------------------------- the workers
def _work(intrinsics: Names, declared: Names) -> Routine:
    """Takes chunks of the open job until none is left: its own first, then those of the others from the next one on."""
    w = Routine(f"internal void @work(i64 %number) {PLAIN}", intrinsics, declared)
    number, members = w.parameter("%number"), _get(w, _place(w, "helpers")) + 1
    w.call_void("take", _seat(w, number), number, w.number(1))
    with w.count(members, start=1) as further:
        other = number + further
        w.call_void("take", _seat(w, w.select(other < members, other, other - members)), number, w.number(0))
    w.leave()
    return w


def _take(intrinsics: Names, declared: Names) -> Routine:
    """Takes and does what is left of a share: one's `own` from the front, another's from the end."""
    w = Routine(f"internal void @take(ptr %seat, i64 %number, i64 %own) {PLAIN}", intrinsics, declared)
    place, own = w.at("%seat", SHARE), w.parameter("%own").differs(0)
    with w.forever() as done:
        before = _get(w, place, "acquire")
        first, end = _first_and_end(before)
        some, mine, taken, again = (w.new_label() for _ in range(4))
        w.branch(first < end, some, done)
        w.label(some)
        w.branch(w.parameter("%number") <= _get(w, _place(w, "helpers")), mine, done)
        w.label(mine)
        task, argument = _get_pointer(w, "task"), _get_pointer(w, "argument")
        chunk, after = w.select(own, first, end - 1), w.select(own, before + _FIRST, before - 1)
        w.branch(_swap(w, place, before, after), taken, again)
        w.label(taken)
        w.call_void(task, argument, chunk, w.parameter("%number"))
        with w.when(_add(w, _place(w, "pending"), -1).equals(1)):
            w.call_void("wake", _seat(w, 0))
        w.jump(again)
        w.label(again)
    w.leave()
    return w


def _first_and_end(share: Value) -> tuple[Value, Value]:
    """The first chunk that is left of a share, and the one behind the last."""
    return (share >> 16) & MOST_CHUNKS, share & MOST_CHUNKS


def _worker(intrinsics: Names, declared: Names) -> Routine:
    w = Routine(f"void @worker(ptr %seat) {PLAIN}", intrinsics, declared)
    number = w.read("%seat", NUMBER)
    with w.forever() as stopped:
        w.call_void("work", number)
        w.call_void("rest", "%seat")
        going_on = w.new_label()
        w.branch(_get(w, _place(w, "stopping"), "acquire").equals(0), going_on, stopped)
        w.label(going_on)
    _add(w, _place(w, "alive"), -1)
    w.leave()
    return w


def _rest(intrinsics: Names, declared: Names) -> Routine:
    """Until this worker has a share of a job, or the end."""
    w = Routine(f"internal void @rest(ptr %seat) {PLAIN}", intrinsics, declared)

    def is_wanted(order: str) -> Value:
        first, end = _first_and_end(_get(w, w.at("%seat", SHARE), order))
        return (first < end) | _get(w, _place(w, "stopping"), order).differs(0)

    with w.count(_get(w, _place(w, "spins"))):
        with w.when(is_wanted("acquire")):
            w.leave()
        w.call_void("relax")
    asleep = w.at("%seat", ASLEEP)
    _exchange(w, asleep, 1)
    with w.when(is_wanted("seq_cst")), w.when(_exchange(w, asleep, 0).differs(0)):
        w.leave()
    w.call("PyThread_acquire_lock", w.read_pointer("%seat", LOCK), w.number(1, I32), result=I32)
    w.leave()
    return w


def _spin(intrinsics: Names, declared: Names) -> Routine:
    """As `wait` spins; for finding out how long that takes."""
    w = Routine(f"void @spin(i64 %count) {PLAIN}", intrinsics, declared)
    with w.count(w.parameter("%count")):
        with w.when(_get(w, _place(w, "stopping"), "acquire").differs(0)):
            w.leave()
        w.call_void("relax")
    w.leave()
    return w
