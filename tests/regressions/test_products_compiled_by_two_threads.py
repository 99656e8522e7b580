"""Two threads that needed the same native function for a product each compiled it; the code of one was let go while
its address was in use, and the process crashed.
"""

import threading

from glassgrad.engines.cpu.products import library
from glassgrad.engines.cpu.products.driver import DRIVER


def test_all_threads_get_the_address_of_the_code_that_stays(monkeypatch):
    monkeypatch.setattr(library, "_libraries", {})
    monkeypatch.setenv("GLASSGRAD_CACHE", "off")
    both = threading.Barrier(2)
    compiled = library.object_code

    def at_the_same_time(text):
        both.wait(timeout=30)
        return compiled(text)

    monkeypatch.setattr(library, "object_code", at_the_same_time)
    found = []
    threads = [threading.Thread(target=lambda: found.append(library.product_address(DRIVER))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = library._libraries.values()
    assert found == [kept.addresses[DRIVER]] * 2
