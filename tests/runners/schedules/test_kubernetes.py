"""The CronJob, by the schema of Kubernetes and by what it says of exit codes."""

import json

import pytest

from beamprint.pipeline.errors import DatasetHeld, UsageError
from tests.runners.schedules.stand_in import SCHEDULES
from tests.runners.schedules.tools import needs_tools, ran

FILE = SCHEDULES / "cronjob.yaml"
AS_JSON = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))"


@pytest.fixture(scope="module")
def job():
    return json.loads(ran("python", "-c", AS_JSON, str(FILE)))["spec"]


@needs_tools
@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.31.0", "1.37.0"])
def test_it_fits_the_schema(version):
    ran("kubernetes-validate", "--strict", "-k", version, str(FILE))


@needs_tools
@pytest.mark.slow
def test_exit_codes_mean_what_the_command_says(job):
    rules = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    actions = {
        code: rule["action"] for rule in rules for code in rule.get("onExitCodes", {}).get("values", [])
    }
    assert actions == {1: "FailJob", UsageError.exit_code: "FailJob", DatasetHeld.exit_code: "Ignore"}
    assert job["jobTemplate"]["spec"]["backoffLimit"] > 0  # exit code 4 counts against it


@needs_tools
@pytest.mark.slow
def test_it_runs_the_one_command_once_at_a_time(job):
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["beamprint", "run", "/music", "--output", "/fingerprints"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["startingDeadlineSeconds"] > 0
