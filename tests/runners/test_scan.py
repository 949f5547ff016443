import sys

import pytest

import beamprint
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.store.parquet import as_record
from beamprint.runners.scan import ScanError
from beamprint.transforms.audio.errors import Reason
from tests.sounds import song, write


@pytest.fixture
def music(tmp_path):
    for name in "cab":
        write(tmp_path / f"{name}.wav", song(1.0 + (name == "b")))
    return tmp_path


def test_a_table_has_the_records_of_the_files_in_their_order(music):
    table = beamprint.scan([music / "c.wav", music / "a.wav"], workers=2)
    assert table.schema == record_schema()
    for row in table.to_pylist():
        assert as_record(row) == beamprint.fingerprint(row["uri"], analyzed_at=row["analyzed_at"])
    assert table["track_id"].to_pylist() == [str(music / "c.wav"), str(music / "a.wav")]


def test_a_folder_is_scanned_as_a_run_would(music):
    assert beamprint.scan(music)["track_id"].to_pylist() == ["a.wav", "b.wav", "c.wav"]


def test_a_file_that_cannot_be_measured_is_named_and_left_out(music):
    (music / "b.wav").write_bytes(b"RIFF but nothing else")
    with pytest.warns(RuntimeWarning, match=r"b\.wav: \w+:"):
        table = beamprint.scan(music)
    assert table["track_id"].to_pylist() == ["a.wav", "c.wav"]


def crashing(monkeypatch, what):
    """Have workers load a decoder that does something when it meets the track b."""
    code = (
        "import os, sys\nfrom beamprint.pipeline import one_file\nfrom beamprint.runners import scan\n"
        "def record_of(track, **how):\n"
        f"    if track.uri.endswith('b.wav'): {what}\n"
        "    return one_file.record_of(track, **how)\n"
        "scan.record_of = record_of\n"
    )
    boot = sys.modules["beamprint.runners.scan"]._BOOT
    monkeypatch.setattr(
        "beamprint.runners.scan._BOOT", boot.replace("serve({fd})", f"exec({code!r})\nserve({{fd}})")
    )


def test_a_track_that_kills_its_process_costs_only_itself(music, monkeypatch):
    crashing(monkeypatch, "os._exit(7)")
    with pytest.warns(RuntimeWarning, match=rf"b\.wav: {Reason.DECODER_CRASH}.*exit code 7"):
        table = beamprint.scan(music, workers=1)
    assert table["track_id"].to_pylist() == ["a.wav", "c.wav"]


def test_a_bug_is_not_bad_audio(music, monkeypatch):
    crashing(monkeypatch, "raise ZeroDivisionError('a bug')")
    with pytest.raises(ScanError, match="ZeroDivisionError: a bug"):
        beamprint.scan(music)


def test_a_missing_file_is_wrong_use(tmp_path):
    with pytest.raises(beamprint.UsageError, match="does not exist"):
        beamprint.scan(tmp_path / "nothing.wav")
