"""Locales that are not UTF-8: the same ids, the same tables, no crash."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sounds import song, write

ROOT = Path(__file__).parent.parent.parent
PLAIN = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""Python does as the locale says; else it takes C for C.UTF-8."""
LOCALES = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "plain C": {"LC_ALL": "C", **PLAIN},
    "latin-1": {"LC_ALL": "latin", **PLAIN},
    "not there": {"LC_ALL": "xx_XX.UTF-8", **PLAIN},
}
LIST = """
import json, sys
from beamprint.pipeline.catalogue.listing import list_tracks
print(json.dumps([(t.track_id, t.uri, t.size) for t in list_tracks(sys.argv[1:]).tracks]))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Environment of a locale by its name."""
    folder = tmp_path_factory.mktemp("locales")
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-f", "ISO-8859-1", "-i", "de_DE", folder / "latin"], capture_output=True, check=False
    )

    def of(locale):
        if locale == "latin-1" and not (made and (folder / "latin").exists()):
            pytest.skip("the system cannot make a latin-1 locale")
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "LOCPATH": str(folder),
            "PYTHONPATH": str(ROOT),
            **LOCALES.get(locale, {"LC_ALL": "C.UTF-8"}),
        }

    return of


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    write(folder / "Ä/naïve.flac", song(0.5))
    write(folder / "日本.wav", song(0.5, seed=1))
    with open(os.fsencode(folder) + b"/caf\xe9.wav", "wb") as file:
        file.write(b"no audio")
    (folder / "list").mkdir()
    (folder / "list/m.csv").write_text(
        "uri,artist\n../Ä/naïve.flac,Björk\n../日本.wav,坂本\n../nicht dä.wav,\n",
        encoding="utf-8",
    )
    return folder


def command(environment, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, check=False, timeout=300
    )


def test_the_latin_locale_encodes_as_latin_1(environment):
    told = command(environment("latin-1"), "-c", "import sys; print(sys.getfilesystemencoding())")
    assert told.stdout == b"iso8859-1\n"


def listed(environment, place):
    return command(environment, "-c", LIST, place, place / "list/m.csv", place / "Ä/*.flac")


@pytest.fixture(scope="module")
def listed_in_utf8(environment, place):
    found = listed(environment("UTF-8"), place)
    assert len(json.loads(found.stdout)) == 7, found.stderr
    return found.stdout


@pytest.mark.parametrize("locale", LOCALES)
def test_ids_and_uris_are_those_of_a_utf8_locale(environment, place, listed_in_utf8, locale):
    found = listed(environment(locale), place)
    assert found.stdout == listed_in_utf8, found.stderr.decode(errors="replace")


def test_errors_are_printed_in_any_locale(environment, place):
    for locale in LOCALES:
        done = command(environment(locale), "-m", "beamprint", "run", place / "nicht dä", "-o", place / "öut")
        assert done.returncode == 2
        assert b"does not exist" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["plain C", "latin-1"])
def test_a_run_gives_the_same_tables_in_any_locale(environment, place, tmp_path, locale):
    tables = {}
    for name in ("UTF-8", locale):
        out = tmp_path / name / "fingerprînts"
        run = command(environment(name), "-m", "beamprint", "run", place, "-o", out, "--workers", "1")
        assert run.returncode == 0, run.stderr.decode(errors="replace")
        assert "日本.wav".encode() in run.stdout
        assert b"2 recorded, 1 failed" in run.stderr
        again = command(environment("UTF-8"), "-m", "beamprint", "run", place, "-o", out)
        assert b"nothing to do" in again.stderr
        tables[name] = [
            command(environment(name), "-m", "beamprint", *arguments).stdout.split(b"beamprint:")[0]
            for arguments in (("failures", out, "--csv"), ("failures", out))
        ]
        for reading in (("describe", out), ("runs", out), ("run", place, "-o", out, "--dry-run")):
            assert command(environment(name), "-m", "beamprint", *reading).returncode == 0
    assert tables[locale] == tables["UTF-8"]
    assert tables[locale][0]
