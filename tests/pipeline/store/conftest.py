import pytest

from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.folder import FolderStore
from tests.pipeline.store.memory import MemoryStore


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    """Every place that a dataset can lie in."""
    return MemoryStore() if request.param == "memory" else FolderStore(str(tmp_path / "out"))


@pytest.fixture
def dataset(store):
    with writing(store, "run", listed=10) as opened:
        yield opened
