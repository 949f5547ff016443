"""``beamprint verify`` finds files that differ from their records, and says whether it is the audio."""

import csv
import io
import json
import os

import pytest

import beamprint
from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.transforms.audio import sounds

KINDS = ("wav", "flac", "mp3", "vorbis")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Bytes and record of a file of each kind."""
    folder = tmp_path_factory.mktemp("made")
    found = {}
    for kind in KINDS:
        sounds.encoded(folder, kind)
        path = folder / f"made.{kind}"
        found[kind] = path.read_bytes(), beamprint.fingerprint(path)
    return found


@pytest.fixture
def library(tmp_path, measured):
    """A folder of files, and a dataset of their records."""
    rows = []
    for kind, (data, record) in measured.items():
        (tmp_path / kind).write_bytes(data)
        rows.append({**record, "track_id": kind, "uri": str(tmp_path / kind)})
    with writing(store_at(str(tmp_path / "out")), "run", listed=4, bucket_tracks=2) as dataset:
        for bucket in dataset.division.numbers:
            dataset.replace(bucket, [r for r in rows if dataset.bucket_of(r["track_id"]) == bucket], [])
    return tmp_path


def verified(library, capsys, *options):
    """Exit code, and finding by track."""
    code = main(["verify", str(library / "out"), *options, "--json"], {})
    return code, {row["track_id"]: row["finding"] for row in json.loads(capsys.readouterr().out)}


def alter(path, start, length=64):
    """Invert some bytes, and keep the file's time."""
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[start : start + length] = bytes(byte ^ 0xFF for byte in data[start : start + length])
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_files_that_are_as_recorded(library, capsys):
    os.utime(library / "wav")  # another time, the same bytes
    assert main(["verify", str(library / "out")], {}) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "beamprint: 4 files read, all as recorded\n")


def test_64_altered_bytes_in_the_audio_are_found_whatever_the_kind(library, capsys):
    for kind in KINDS:
        alter(library / kind, (library / kind).stat().st_size // 2)
    code, found = verified(library, capsys)
    assert code == 1
    assert found.pop("flac") in ("checksum_mismatch", "decode_error")
    assert found == {"wav": "audio_changed", "mp3": "audio_changed", "vorbis": "checksum_mismatch"}


def test_new_tags_are_distinguished_from_new_audio(library, capsys):
    mp3, wav = library / "mp3", library / "wav"
    mp3.write_bytes(sounds.id3() + mp3.read_bytes() + sounds.ID3V1)
    wav.write_bytes(wav.read_bytes() + sounds.chunk(b"LIST", b"INFOINAM\2\0\0\0a\0"))
    assert verified(library, capsys) == (1, {"mp3": "tags_changed", "wav": "tags_changed"})


def test_files_that_are_missing_cut_or_no_audio_any_more_are_named(library, capsys):
    (library / "wav").unlink()
    (library / "mp3").write_bytes((library / "mp3").read_bytes()[:20_000])
    (library / "flac").write_text("a text")
    expected = {"wav": "not_found", "mp3": "truncated", "flac": "unsupported_format"}
    assert verified(library, capsys) == (1, expected)


def test_a_table_names_each_file_and_what_differs(library, capsys):
    name = library / "wav"
    name.write_bytes(name.read_bytes() + b"more")
    size = name.stat().st_size
    assert main(["verify", str(library / "out")], {}) == 1
    head, line, _, meaning = capsys.readouterr().out.splitlines()
    assert head.split() == ["track", "finding", "what", "was", "found"]
    assert line.split(maxsplit=2) == ["wav", "tags_changed", f"{size} bytes instead of {size - 4}"]
    assert meaning.startswith("tags_changed: 1  ")


def test_a_table_as_csv(library, capsys):
    (library / "wav").unlink()
    assert main(["verify", str(library / "out"), "--csv"], {}) == 1
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["track_id"], row["finding"], row["found_bytes"]) == ("wav", "not_found", "")


def test_a_sample_is_a_part(library, capsys):
    for kind in KINDS:
        (library / kind).unlink()
    samples = [verified(library, capsys, "--sample", "2") for _ in range(2)]
    assert samples[0] == samples[1]
    assert len(samples[0][1]) == 2
