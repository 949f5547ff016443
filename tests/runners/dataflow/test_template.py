"""The Flex Template and its schedule: by Google's own message types, linters, and the launcher run where it is staged."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from google.cloud import dataflow
from google.protobuf import json_format

from beamprint.pipeline.commands import command_line
from beamprint.runners.console import RUNNERS
from beamprint.runners.dataflow import launcher

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "runners/dataflow"
METADATA = json.loads((FOLDER / "metadata.json").read_text())
LAUNCH = (FOLDER / "launch.json").read_text()
GIVEN_BY_DATAFLOW = (
    "--runner=DataflowRunner",
    "--project=music-data",
    "--region=europe-west1",
    "--job_name=nightly",
)


def tool(name):
    return Path(sys.executable).parent / name


def parsed(message, text):
    """Parsed by Google's own declaration of the message; an unknown field is an error."""
    return json_format.Parse(text, message.pb(message()))


def copied(dockerfile):
    """Sources and targets of what a Dockerfile copies from the checkout."""
    return re.findall(r"^COPY (?!--from)(\S+) (\S+)$", dockerfile.read_text(), re.MULTILINE)


@pytest.fixture
def staged(tmp_path):
    """The template's files as the image would hold them, in a folder."""
    for source, target in copied(FOLDER / "Dockerfile"):
        place = tmp_path / target.lstrip("/")
        if not source.startswith("dist/"):  # the wheel: its code is installed here
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, place)
    return tmp_path


def launched(staged, *words):
    program = re.search(r"FLEX_TEMPLATE_PYTHON_PY_FILE=(\S+)", (FOLDER / "Dockerfile").read_text())[1]
    command = [sys.executable, staged / program.lstrip("/"), *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(command, cwd=staged, env=environment, capture_output=True, text=True, check=False)


def test_the_metadata_are_those_of_a_template():
    metadata = parsed(dataflow.TemplateMetadata, json.dumps(METADATA))
    names = [parameter.name for parameter in metadata.parameters]
    assert len(set(names)) == len(names)
    for parameter in metadata.parameters:
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", parameter.name)
        assert parameter.label
        assert parameter.help_text
        assert parameter.param_type == dataflow.ParameterType.TEXT
        assert all(re.compile(regex) for regex in parameter.regexes)
    assert [parameter.name for parameter in metadata.parameters if not parameter.is_optional] == [
        "inputs",
        "output",
    ]


VALUES = {"inputs": "gs://a/b 'gs://c/d e'", "output": "gs://a/out", "limit": "5", "time_limit": "7.5"}


def test_every_parameter_is_an_option_and_its_pattern_takes_what_the_option_takes(monkeypatch):
    found = []
    monkeypatch.setattr(
        "beamprint.pipeline.commands.run.run", lambda options, runner: found.append(options) or 0
    )
    given = {each["name"]: VALUES.get(each["name"], "true") for each in METADATA["parameters"]}
    for each in METADATA["parameters"]:
        assert all(re.fullmatch(regex, given[each["name"]]) for regex in each["regexes"])
    words = launcher.command_line([f"--{name}={value}" for name, value in given.items() if name != "force"])
    assert command_line.main(words, RUNNERS) == 0
    (options,) = found
    assert options.inputs == ["gs://a/b", "gs://c/d e"]
    assert (options.output, options.limit, options.time_limit) == ("gs://a/out", 5, 7.5)
    assert options.retry_failed is True


def test_a_switch_that_is_false_is_not_given():
    assert "--force" not in launcher.command_line(["--force=false"])
    assert "--force" in launcher.command_line(["--force=true"])


def test_options_of_beams_pass_as_they_are():
    words = launcher.command_line([*GIVEN_BY_DATAFLOW, "--use_public_ips=false"])
    assert words == ["run", "--runner", "dataflow", *GIVEN_BY_DATAFLOW[1:], "--use_public_ips=false"]


@pytest.mark.slow
def test_the_staged_launcher_translates_offline(staged):
    done = launched(
        staged, *GIVEN_BY_DATAFLOW, "--inputs=gs://music/in", "--output=gs://music/out", "--dry_run=true"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "job nightly for project music-data in europe-west1" in done.stdout
    assert "DecodeAudio" in done.stdout


@pytest.mark.slow
def test_a_refusal_of_the_staged_launcher_is_one_line(staged):
    done = launched(staged, *GIVEN_BY_DATAFLOW, "--inputs=gs://music/in", "--output=out", "--dry_run=true")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("folder", ["dataflow", "flink"])
def test_the_linter_of_dockerfiles_finds_nothing(folder):
    done = subprocess.run(
        [tool("hadolint"), ROOT / "runners" / folder / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("folder", ["dataflow", "flink"])
def test_files_that_the_images_copy_exist(folder):
    for source, _ in copied(ROOT / "runners" / folder / "Dockerfile"):
        assert source == "dist/*.whl" or (ROOT / source).is_file()


def test_all_that_the_images_install_is_pinned_by_version_and_hash():
    lines = (ROOT / "runners/requirements.txt").read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert len(pinned) > 50
    assert all(re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in pinned)


@pytest.mark.parametrize("script", ["dataflow/build.sh", "dataflow/schedule.sh", "requirements.sh"])
def test_the_linter_of_shell_scripts_finds_nothing(script):
    done = subprocess.run(
        [tool("shellcheck"), ROOT / "runners" / script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_body_of_the_launch_is_one():
    launch = parsed(dataflow.LaunchFlexTemplateRequest, LAUNCH).launch_parameter
    declared = {each["name"]: each for each in METADATA["parameters"]}
    assert {name for name, each in declared.items() if not each.get("isOptional")} <= set(launch.parameters)
    for name, value in launch.parameters.items():
        assert all(re.fullmatch(regex, value) for regex in declared[name]["regexes"])


@pytest.fixture
def stood_in(tmp_path):
    """Programs that note their words, in place of docker, gcloud and the Python that builds the wheel."""
    for name in ("docker", "gcloud", "python3"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name}" "$@" "" >>"{tmp_path}/words"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(script, *words):
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run([FOLDER / script, *words], env=environment, check=True)
        return [call.split("\n") for call in (tmp_path / "words").read_text().split("\n\n")[:-1]]

    return run


def test_the_build_puts_image_and_template_where_the_runner_looks(stood_in):
    wheel, build, push, template = stood_in("build.sh", "music-data", "europe-west1", "gs://b/t.json")
    assert wheel == ["python3", "-m", "build", "--wheel"]
    image = build[build.index("--tag") + 1]
    assert image.startswith("europe-west1-docker.pkg.dev/music-data/beamprint/beamprint:")
    assert push == ["docker", "push", image]
    assert template[:5] == ["gcloud", "dataflow", "flex-template", "build", "gs://b/t.json"]
    assert image in template


def test_the_schedule_posts_the_launch_every_night(stood_in):
    (call,) = stood_in(
        "schedule.sh", "music-data", "europe-west1", "night@music-data.iam.gserviceaccount.com"
    )
    given = dict(zip(call, call[1:]))
    assert given["--uri"] == (
        "https://dataflow.googleapis.com/v1b3/projects/music-data/locations/europe-west1/flexTemplates:launch"
    )
    assert given["--schedule"] == "30 2 * * *"
    assert json.loads(Path(given["--message-body-from-file"]).read_text()) == json.loads(LAUNCH)
