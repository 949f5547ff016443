"""A manifest, its files, and the dataset that is made of them, for tests of what changes between two runs."""

import csv
import os

from beamprint import fingerprint
from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.runner import RunOutcome
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import to_table
from beamprint.pipeline.store.places import store_at
from beamprint.runners import in_process
from tests.sounds import song, write

MEASURED = [column.name for column in RECORD if column.measured]
YEAR_2000 = 946_684_800_000_000_000


class Catalogue:
    """A manifest, its files, and the dataset that is made of them."""

    def __init__(self, folder):
        self.folder, self.rows, self.measured = folder, {}, []

    def add(self, track_id, seed, *, name=None, **tags):
        """A file of the same size and time as all others, with a sound of its own."""
        path = write(self.folder / (name or f"{track_id}.wav"), song(0.6, seed=seed))
        os.utime(path, ns=(YEAR_2000, YEAR_2000))
        self.rows[track_id] = {"uri": path.name, "track_id": track_id, **tags}

    def path(self, track_id):
        return self.folder / self.rows[track_id]["uri"]

    def run(self, *options):
        names = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        with open(self.folder / "manifest.csv", "w", newline="") as file:
            table = csv.DictWriter(file, names, restval="")
            table.writeheader()
            table.writerows(self.rows.values())
        self.measured.clear()
        arguments = ["run", str(self.folder / "manifest.csv"), "-o", str(self.folder / "out"), *options]
        return main(arguments, {"local": self._work})

    def _work(self, request):
        report = in_process.run_tracks(request.tracks, request.job)
        started = request.job.sink.started
        self.measured += sorted(
            row["track_id"]
            for row in self.dataset.fingerprints(["track_id", "analyzed_at"]).to_pylist()
            if row["analyzed_at"] == started
        )
        return RunOutcome(report)

    @property
    def dataset(self):
        return Dataset.open(store_at(str(self.folder / "out")))

    @property
    def records(self):
        return {row["track_id"]: row for row in self.dataset.fingerprints().to_pylist()}

    @property
    def failures(self):
        return {row["track_id"]: row for row in self.dataset.quarantine().to_pylist()}

    @property
    def summary(self):
        return read_summaries(self.dataset.store)[-1]

    def check(self):
        """Every record is that of the file which the manifest names now."""
        assert self.records.keys() | self.failures.keys() == self.rows.keys()
        for track_id, record in self.records.items():
            if track_id in self.failures:
                continue
            (truth,) = to_table([fingerprint(self.path(track_id))], FINGERPRINTS).to_pylist()
            wrong = [
                n for n in (*MEASURED, "uri", "content_sha256", "source_version") if record[n] != truth[n]
            ]
            assert not wrong, (track_id, wrong)
            tags = {
                name: text for name, text in self.rows[track_id].items() if name not in ("uri", "track_id")
            }
            assert {tag["key"]: tag["value"] for tag in record["tags"]} == tags
