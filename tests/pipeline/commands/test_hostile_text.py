"""Names, tags and ids that were made to do harm do none, whatever command shows them."""

import csv
import io
import json
import os
import pty
from html.parser import HTMLParser

import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.runners.in_process import run
from beamprint.runners.standard_streams import Output
from tests.sounds import song
from tests.transforms.audio import sounds

EVIL = "\x1b[2J</script><script>alert(1)</script><img src=x onerror=alert(1)>'; DROP TABLE t;--\r\n\x9b1m\u202e\u2028..%2f"
NAMES = ["..%2f..%2fa\x1b[2J.wav", "'; DROP TABLE t;--\r.wav", "<img src=x onerror=alert(1)>\u202e.wav"]
TEXT = [
    "failures",
    "runs",
    "verify",
    "faults",
    "duplicates",
    "album --by embedded.title",
    "album --by tags.genre",
    "similar ID",
    "tag --replaygain --by embedded.title",
    "compare SELF",
    "diff SELF",
    "check --profile archive --all",
    "playlist --like ID",
    "playlist --where true",
    "describe",
    "export --format jsonl",
]
FORMS = {
    "--json": [
        "runs",
        "verify",
        "faults",
        "duplicates",
        "album --by embedded.title",
        "similar ID",
        "compare SELF",
    ]
    + ["tag --replaygain --by embedded.title", "diff SELF", "check --profile archive --all"],
    "--csv": ["failures", "verify", "faults", "duplicates", "album --by embedded.title", "similar ID"]
    + ["tag --replaygain --by embedded.title", "compare SELF", "diff SELF", "check --profile archive --all"],
}
"""Commands that have the form, and print a line or an object a track."""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    here = tmp_path_factory.mktemp("evil")
    tags = b"INFO" + b"".join(sounds.chunk(name, EVIL.encode() + b"\0") for name in (b"INAM", b"IART"))
    for seed, name in enumerate(NAMES):
        pcm = sounds.pcm16(song(3.0, seed=seed))
        (here / name).write_bytes(sounds.wav(pcm, channels=1, after=sounds.chunk(b"LIST", tags)))
    (here / "bad\x1b[2J\n.wav").write_bytes(b"RIFF")
    with open(here / "tracks.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["track_id", "uri", "genre"])
        for name in [*NAMES, "bad\x1b[2J\n.wav"]:
            table.writerow([f"{EVIL}{name}", here / name, EVIL])
    inputs = [str(here / "tracks.csv"), "-o", str(here / "out"), "--runner", "direct"]
    assert main(["run", *inputs], {"direct": run}) == 0
    return here / "out"


def printed(capsys, out, command, *form):
    """What a command writes, of which ``ID`` is a track and ``SELF`` the dataset once more."""
    name, *options = command.split()
    words = [{"ID": f"{EVIL}{NAMES[0]}", "SELF": str(out)}.get(word, word) for word in options]
    capsys.readouterr()
    assert main([name, str(out), *words, *form], {}) in (0, 1)
    told = capsys.readouterr()
    assert (told.err.replace("\n", "") or " ").isprintable()
    return told.out


@pytest.mark.parametrize("command", TEXT)
def test_nothing_for_people_moves_a_terminal(out, capsys, command):
    text = printed(capsys, out, command)
    assert text.replace("\n", "").isprintable()
    lines = [line for line in text.split("\n") if "DROP TABLE" in line or "DROP%20TABLE" in line]
    if command.partition(" ")[0] in ("failures", "similar", "check", "playlist", "export"):
        assert lines


@pytest.mark.parametrize("command", FORMS["--json"])
def test_json_is_json_and_can_be_shown(out, capsys, command):
    text = printed(capsys, out, command, "--json")
    json.loads(text)
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", FORMS["--csv"])
def test_csv_has_as_many_cells_in_each_row(out, capsys, command):
    rows = list(csv.reader(io.StringIO(printed(capsys, out, command, "--csv"), newline="")))
    assert len({len(row) for row in rows}) == 1
    names = {cell for row in rows for cell in row if cell.startswith(EVIL)}
    assert names <= {EVIL, *(EVIL + name for name in [*NAMES, "bad\x1b[2J\n.wav"])}


class Elements(HTMLParser):
    """Counts what would run."""

    def __init__(self, text):
        super().__init__()
        self.harmful = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if any(name.startswith("on") for name, _ in attributes) or ("src", "x") in attributes:
            self.harmful.append(tag)


def test_a_page_shows_it_and_runs_none_of_it(out, capsys):
    page = printed(capsys, out, "check --profile archive --all", "--html")
    assert "<script>alert" not in page
    assert "DROP TABLE" in page
    assert Elements(page).harmful == []
    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(page)


def test_every_file_that_is_named_after_a_track_lies_in_its_folder(out, capsys, tmp_path):
    assert main(["export", str(out), "--format", "jams", "-o", str(tmp_path / "a/b/c")], {}) == 0
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) == len(NAMES)
    assert all(path.is_relative_to(tmp_path / "a/b/c") and str(path).isprintable() for path in made)


def test_failures_are_a_manifest_of_the_same_tracks(out, capsys, tmp_path):
    (tmp_path / "again.csv").write_bytes(printed(capsys, out, "failures", "--csv").encode())
    inputs = [str(tmp_path / "again.csv"), "-o", str(out), "--dry-run", "--retry-failed"]
    assert main(["run", *inputs], {"local": run}) == 0
    assert "1 track to do" in capsys.readouterr().out


def test_a_terminal_is_not_moved_and_a_program_gets_what_there_is():
    master, slave = pty.openpty()
    terminal = Output(os.fdopen(slave, "w", newline=""))
    file = io.StringIO(newline="")
    for stream in (terminal, Output(file)):
        assert stream.write(f"{EVIL}\n") == len(EVIL) + 1
        stream.writelines([f"{EVIL}\n"])
        stream.flush()
    shown = os.read(master, 4096).decode()
    os.close(master)
    assert shown.replace("\r\n", "").isprintable()
    assert file.getvalue() == f"{EVIL}\n" * 2
