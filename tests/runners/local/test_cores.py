"""Processors and memory as cgroups of both versions limit them."""

import os

import pytest

from beamprint.runners.local import cores

V2 = "0::/pod/job\n"
V1 = "9:name=systemd:/\n4:memory:/pod\n2:cpuacct,cpu:/pod\n0::/\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 8 processors of which 6 are allowed, and the files of its cgroups."""

    def make(groups, **files):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
        read = cores._read
        told = {
            tmp_path / name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()
        }
        monkeypatch.setattr(
            cores, "_read", lambda path: groups if str(path) == "/proc/self/cgroup" else told.get(path, "")
        )
        assert read is not cores._read
        return tmp_path

    return make


def test_without_a_quota_affinity_counts(machine):
    assert cores.usable_cpus(machine(V2)) == 6
    assert cores.usable_cpus(machine(V2, pod__cpu_dot_max="max 100000")) == 6


def test_a_quota_of_version_2_counts_wherever_on_the_way_up_it_is(machine):
    assert cores.usable_cpus(machine(V2, pod__cpu_dot_max="150000 100000")) == 2
    assert (
        cores.usable_cpus(machine(V2, pod__job__cpu_dot_max="50000 100000", pod__cpu_dot_max="300000 100000"))
        == 1
    )


def test_a_quota_of_version_1_counts(machine):
    files = {"cpu__pod__cpu_dot_cfs_quota_us": "400000", "cpu__pod__cpu_dot_cfs_period_us": "100000"}
    assert cores.usable_cpus(machine(V1, **files)) == 4
    unlimited = {**files, "cpu__pod__cpu_dot_cfs_quota_us": "-1"}
    assert cores.usable_cpus(machine(V1, **unlimited)) == 6


def test_memory_is_what_the_tightest_group_allows(machine):
    assert cores.usable_memory(machine(V2, pod__memory_dot_max="1000000")) == 1_000_000
    assert cores.usable_memory(machine(V1, memory__pod__memory_dot_limit_in_bytes="2000000")) == 2_000_000
    unlimited = machine(V1, memory__pod__memory_dot_limit_in_bytes="9223372036854771712")
    assert cores.usable_memory(unlimited) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


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
