"""Processors and memory as cgroups of both versions limit them."""

import os

import pytest

from beamprint.transforms import machine as this_machine

V2 = "0::/pod/job\n"
V1 = "9:name=systemd:/\n4:memory:/pod\n2:cpuacct,cpu:/pod\n0::/\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 8 processors of which 6 are allowed, and the files of its cgroups."""

    def make(groups, **files):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
        read = this_machine._read
        told = {
            tmp_path / name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()
        }
        monkeypatch.setattr(
            this_machine,
            "_read",
            lambda path: groups if str(path) == "/proc/self/cgroup" else told.get(path, ""),
        )
        assert read is not this_machine._read
        return tmp_path

    return make


def test_without_a_quota_affinity_counts(machine):
    assert this_machine.usable_cpus(machine(V2)) == 6
    assert this_machine.usable_cpus(machine(V2, pod__cpu_dot_max="max 100000")) == 6


def test_a_quota_of_version_2_counts_wherever_on_the_way_up_it_is(machine):
    assert this_machine.usable_cpus(machine(V2, pod__cpu_dot_max="150000 100000")) == 2
    assert (
        this_machine.usable_cpus(
            machine(V2, pod__job__cpu_dot_max="50000 100000", pod__cpu_dot_max="300000 100000")
        )
        == 1
    )


def test_a_quota_of_version_1_counts(machine):
    files = {"cpu__pod__cpu_dot_cfs_quota_us": "400000", "cpu__pod__cpu_dot_cfs_period_us": "100000"}
    assert this_machine.usable_cpus(machine(V1, **files)) == 4
    unlimited = {**files, "cpu__pod__cpu_dot_cfs_quota_us": "-1"}
    assert this_machine.usable_cpus(machine(V1, **unlimited)) == 6


def test_memory_is_what_the_tightest_group_allows(machine):
    assert this_machine.usable_memory(machine(V2, pod__memory_dot_max="1000000")) == 1_000_000
    assert (
        this_machine.usable_memory(machine(V1, memory__pod__memory_dot_limit_in_bytes="2000000")) == 2_000_000
    )
    unlimited = machine(V1, memory__pod__memory_dot_limit_in_bytes="9223372036854771712")
    assert this_machine.usable_memory(unlimited) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
