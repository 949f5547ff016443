"""How many workers there are, and what each may take."""

import pytest

from beamprint.runners.local import cores


def test_little_memory_means_fewer_workers_but_at_least_one(monkeypatch):
    monkeypatch.setattr(cores, "usable_cpus", lambda: 8)
    monkeypatch.setattr(cores, "usable_memory", lambda: 3 << 30)
    assert cores.worker_count() == 3
    assert cores.worker_count(memory_per_worker=1 << 30) == 2
    assert cores.worker_count(memory_per_worker=8 << 30) == 1
    assert cores.worker_count(5) == 5


def test_the_limit_of_a_worker_shares_the_memory(monkeypatch):
    monkeypatch.setattr(cores, "usable_memory", lambda: 4 << 30)
    assert cores.memory_limit(1) == 2 << 30
    assert cores.memory_limit(4) == pytest.approx(0.9 * (1 << 30), rel=1e-6)
    assert cores.memory_limit(16) == cores.WORKER_BYTES
