"""Stores in memory, which must pass the tests of the others."""

import io
import itertools
import threading
from contextlib import contextmanager

from beamprint.pipeline.errors import DatasetHeld
from beamprint.pipeline.store.store import ABSENT, ANY, Conflict, Entry, Opened


class MemoryStore:
    """Objects in a dictionary; versions are numbers that are never used twice, as generations are."""

    def __init__(self):
        self.objects = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._holder = None

    def uri(self, name=""):
        return f"memory:{name}"

    def open(self, name):
        found = self.objects.get(name)
        return found and Opened(io.BytesIO(found[0]), found[1])

    def write(self, name, content, version):
        with self._lock:
            if version not in (ANY, self.objects.get(name, (b"", ABSENT))[1]):
                raise Conflict(name)
            self.objects[name] = (bytes(content), str(next(self._numbers)))
            return self.objects[name][1]

    def list(self, folder):
        return [
            Entry(name, len(content), version)
            for name, (content, version) in sorted(self.objects.items())
            if name.startswith(f"{folder}/")
        ]

    def clear(self, folder):
        for entry in self.list(folder):
            del self.objects[entry.name]

    def remove(self, name):
        self.objects.pop(name, None)

    @contextmanager
    def turn(self, what, *, shared=False):
        yield

    @contextmanager
    def hold(self, run_id):
        if self._holder is not None:
            raise DatasetHeld(f"held by {self._holder}")
        self._holder = run_id
        try:
            yield
        finally:
            self._holder = None

    def repair(self):
        pass


class ExchangingMemoryStore(MemoryStore):
    """The same, with folders that can be exchanged."""

    def exchange(self, made, folder):
        self.clear(folder)
        for entry in self.list(made):
            self.objects[folder + entry.name.removeprefix(made)] = self.objects.pop(entry.name)
