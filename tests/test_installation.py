"""An installation: one name, which modules of the user's own do not disturb."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy
import pytest

from beamprint.pipeline.commands.command_line import main
from tests.sounds import song, write

ROOT = Path(__file__).parent.parent
ROOMS = ("dsp", "transforms", "pipeline", "runners")
COMMANDS = {
    "run": ["run", "a.wav", "--output", "out", "--force"],
    "analyze": ["analyze", "a.wav", "--json"],
    "describe": ["describe", "out"],
    "failures": ["failures", "out"],
    "runs": ["runs", "out"],
    "compare": ["compare", "a.wav", "out"],
    "diff": ["diff", "out", "out"],
    "album": ["album", "out", "--by", "folder"],
    "faults": ["faults", "out"],
    "similar": ["similar", "out", "a.wav"],
    "verify": ["verify", "out"],
    "check": ["check", "out", "--profile", "faults", "--all"],
    "report": ["report", "out", "-o", "report.html"],
    "duplicates": ["duplicates", "out"],
    "tag": ["tag", "out", "--replaygain"],
    "playlist": ["playlist", "out", "--where", "lufs < 0"],
    "export": ["export", "out", "--format", "csv"],
}
QUICK = {"run", "analyze", "describe"}
"""The fast tests try these, the slow ones the others: a process each."""

SILENT = {"verify", "report"}
"""They report on standard error."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A working folder with a track, a dataset, and modules that have the names of our folders."""
    here = tmp_path_factory.mktemp("hostile")
    write(here / "a.wav", song(1.0))
    for room in ROOMS:
        (here / f"{room}.py").write_text(f"raise ImportError('the {room} of another project')\n")
    python(here, "-m", "beamprint", *COMMANDS["run"])
    return here


def python(here, *arguments):
    """Output of Python, with the folder as working folder and first on PYTHONPATH."""
    path = os.pathsep.join([str(here), *sys.path])
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=here,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_modules_of_the_other_project_are_the_ones_that_python_finds(hostile):
    with pytest.raises(AssertionError, match="the dsp of another project"):
        python(hostile, "-c", "import dsp")


@pytest.mark.parametrize(
    "command", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in COMMANDS]
)
def test_every_command_runs_beside_modules_of_the_same_names(hostile, command):
    assert python(hostile, "-m", "beamprint", *COMMANDS[command]) or command in SILENT


def test_the_graph_in_one_process_runs_beside_modules_of_the_same_names(hostile):
    assert (
        "lufs"
        in python(hostile, "-m", "beamprint", "run", "a.wav", "-o", "direct", "--runner", "direct").lower()
    )


def test_the_python_interface_runs_beside_modules_of_the_same_names(hostile):
    code = "import beamprint; print(beamprint.fingerprint('a.wav')['sample_rate_hz'])"
    assert python(hostile, "-c", code) == "44100\n"


def test_no_command_is_left_out_here(capsys):
    with pytest.raises(SystemExit):
        main(["no such command"], {})
    offered = capsys.readouterr().err.split("choose from ")[1]
    assert {word.strip(" ')\n") for word in offered.split(",")} == COMMANDS.keys() | {"publish"}, (
        "publish needs BigQuery"
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the checkout, and the folder of the sdist and the wheel that were built from it."""
    here = tmp_path_factory.mktemp("built")
    passed_over = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "fingerprints")
    source = shutil.copytree(ROOT, here / "source", symlinks=True, ignore=passed_over)
    build(source, here / "dist")
    return source, here / "dist"


def build(source, dist, *options):
    """Build the sdist, and the wheel from it; or what the options name."""
    command = [sys.executable, "-m", "build", "--outdir", str(dist), *options, str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def only(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_wheel_and_sdist_bring_one_name(built):
    _, dist = built
    names = {name.split("/")[0] for name in contents(only(dist, "*.whl"))}
    assert {name for name in names if not name.endswith(".dist-info")} == {"beamprint"}
    with tarfile.open(only(dist, "*.tar.gz")) as archive:
        files = [Path(member.name).parts for member in archive.getmembers() if member.isfile()]
    assert len({parts[0] for parts in files}) == 1
    assert {parts[1] for parts in files if parts[-1].endswith(".py")} == {"beamprint"}


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_the_licence(built):
    _, dist = built
    held = contents(only(dist, "*.whl"))
    code = (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.parent.name != "schedules")
    modules = {f"beamprint/{path.relative_to(ROOT)}" for path in code}
    own = {f"beamprint/{p.name}" for p in (ROOT / "beamprint").glob("*.py")}
    assert {name for name in held if name.endswith(".py")} == modules | own
    assert "beamprint/py.typed" in held
    (licence,) = (text for name, text in held.items() if name.endswith(".dist-info/licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()


@pytest.mark.slow
def test_the_sdist_builds_the_wheel_that_the_checkout_builds(built, tmp_path):
    source, dist = built
    build(source, tmp_path, "--wheel")
    assert contents(only(tmp_path, "*.whl")) == contents(only(dist, "*.whl"))


def environment(folder, *install):
    """The Python of a new environment with Beamprint in it and the libraries that these tests run with."""
    venv.create(folder, with_pip=True)
    executable = folder / "bin/python"
    subprocess.run([executable, "-m", "pip", "install", "-q", "--no-deps", *install], check=True)
    libraries = Path(numpy.__file__).parent.parent
    only(folder, "lib/python*/site-packages").joinpath("libraries.pth").write_text(f"{libraries}\n")
    return executable


@pytest.mark.slow
@pytest.mark.parametrize("editable", [False, True])
def test_an_installed_copy_runs_in_another_folder(built, tmp_path, editable):
    source, dist = built
    executable = environment(tmp_path / "env", *(["-e", source] if editable else [only(dist, "*.whl")]))
    write(tmp_path / "work/a.wav", song(1.0))
    for command in (["-m", "beamprint"], [tmp_path / "env/bin/beamprint"]):
        program = [executable, *command]
        told = subprocess.run(
            [*program, "analyze", "a.wav", "--csv"],
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
            check=True,
        )
        assert "a.wav" in told.stdout
    code = "import beamprint.dsp.stereo as room; print(room.__file__)"
    where = subprocess.run(
        [executable, "-c", code], cwd=tmp_path / "work", capture_output=True, text=True, check=True
    )
    home = source if editable else tmp_path / "env"
    assert Path(where.stdout.strip()).resolve().is_relative_to(home.resolve())


def test_the_citation_is_of_this_version():
    def version_in(name, pattern):
        return re.search(pattern, (ROOT / name).read_text(), re.MULTILINE)[1]

    assert version_in("CITATION.cff", r"^version: (.+)$") == version_in(
        "pyproject.toml", r'^version = "(.+)"$'
    )
