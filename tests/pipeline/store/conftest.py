import os

import pytest

from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.object_store import ObjectStore
from beamprint.pipeline.store.store import ExchangingStore
from tests.pipeline.store.memory import ExchangingMemoryStore, MemoryStore


@pytest.fixture(params=["folder", "memory", "memory without exchange", "s3", "gs"])
def store(request, tmp_path):
    """Every place that a dataset can lie in."""
    if request.param == "folder":
        return FolderStore(str(tmp_path / "out"))
    if request.param == "memory":
        return ExchangingMemoryStore()
    if request.param == "memory without exchange":
        return MemoryStore()
    return ObjectStore(f"{request.getfixturevalue(request.param).new_bucket()}/some/where")


@pytest.fixture
def exchanging(store):
    """The stores whose folders can be exchanged."""
    if not isinstance(store, ExchangingStore):
        pytest.skip("a bucket has no folders")
    return store


@pytest.fixture
def dataset(store):
    with writing(store, "run", listed=10) as opened:
        yield opened


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
