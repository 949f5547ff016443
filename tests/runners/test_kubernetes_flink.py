"""Flink in Kubernetes: each file by its reader's schema, and the configuration compared with the tested one.

kubernetes-validate is where ``tests/runners/schedules/tools.py`` says. BEAMPRINT_TEST_OPERATOR names the jar
flink-kubernetes-operator-api of Maven, which has the operator's schema:

mvn dependency:copy -Dartifact=org.apache.flink:flink-kubernetes-operator-api:1.10.0 -DoutputDirectory=build
"""

import os
import zipfile
from pathlib import Path

import jsonschema
import pytest
import yaml

from beamprint.pipeline.errors import UsageError
from tests.runners.schedules.tools import needs_tools, ran

FOLDER = Path(__file__).parents[2] / "runners/flink"
OPERATOR = os.environ.get("BEAMPRINT_TEST_OPERATOR")
SCHEMA = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"
PER_SLOT_MB = 600
"""Memory of a slot's Python processes, as in docs/clusters.md."""


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


@pytest.fixture(scope="module")
def deployment():
    (found,) = documents("deployment.yaml")
    return found


def strict(schema):
    """The schema, which lets no field pass that it does not know, as an API server that is asked to be strict."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strictly = {name: strict(each) for name, each in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strictly.setdefault("additionalProperties", False)
    return strictly


@pytest.mark.slow
@pytest.mark.skipif(OPERATOR is None, reason="BEAMPRINT_TEST_OPERATOR names no jar")
def test_the_deployment_fits_the_schema_of_the_operator(deployment):
    with zipfile.ZipFile(OPERATOR) as jar:
        definition = yaml.load(jar.read(SCHEMA), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (version,) = (each for each in definition["spec"]["versions"] if each["storage"])
    assert deployment["apiVersion"] == f"flink.apache.org/{version['name']}"
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"].update({name: {} for name in ("apiVersion", "kind", "metadata")})
    jsonschema.validate(deployment, schema)
    wrong = {**deployment, "spec": {**deployment["spec"], "flinkVersoin": "v1_19"}}
    with pytest.raises(jsonschema.ValidationError, match="flinkVersoin"):
        jsonschema.validate(wrong, schema)


@needs_tools
@pytest.mark.slow
@pytest.mark.parametrize("name", ["submit.yaml", "volumes.yaml"])
@pytest.mark.parametrize("version", ["1.31.0", "1.37.0"])
def test_kubernetes_own_objects_fit_its_schema(name, version):
    ran("kubernetes-validate", "--strict", "-k", version, str(FOLDER / name))


def test_the_configuration_is_that_of_the_tested_cluster(deployment):
    (tested,) = documents("config.yaml")
    mine = deployment["spec"]["flinkConfiguration"]
    sized = {name for name in tested if name.startswith("taskmanager.")}
    assert {name: str(tested[name]) for name in tested.keys() - sized}.items() <= mine.items()
    assert int(mine["restart-strategy.fixed-delay.delay"].split()[0]) * 1000 > int(mine["heartbeat.timeout"])


def megabytes(size):
    assert size.endswith("m")
    return int(size[:-1])


def test_a_slot_has_memory_for_its_python_processes_and_flink_for_itself(deployment):
    mine, manager = deployment["spec"]["flinkConfiguration"], deployment["spec"]["taskManager"]
    slots = int(mine["taskmanager.numberOfTaskSlots"])
    reserved = {
        name: megabytes(mine[f"taskmanager.memory.{name}"])
        for name in ("task.off-heap.size", "network.max", "managed.size")
    }
    assert reserved["task.off-heap.size"] >= slots * PER_SLOT_MB
    assert manager["resource"]["cpu"] >= slots
    total = megabytes(manager["resource"]["memory"])
    # Flink's own defaults: metaspace, a tenth for the JVM, and twice 128 MB for the framework.
    heap = total - 256 - min(max(total // 10, 192), 1024) - 256 - sum(reserved.values())
    assert heap >= slots * 128


def test_the_volumes_that_are_mounted_are_claimed(deployment):
    claimed = {each["metadata"]["name"]: each["spec"]["accessModes"] for each in documents("volumes.yaml")}
    (job,) = documents("submit.yaml")
    for pod in (deployment["spec"]["podTemplate"]["spec"], job["spec"]["template"]["spec"]):
        claims = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"]}
        (container,) = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == claims.keys()
        assert all(claimed[claim] == ["ReadWriteMany"] for claim in claims.values())


def test_the_command_finds_the_cluster_and_its_workers_are_of_its_own_image(deployment):
    (job,) = documents("submit.yaml")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == deployment["spec"]["image"]
    name = deployment["metadata"]["name"]  # the operator calls the service after it
    assert container["args"] == ["--runner", "flink", "--flink-master", f"{name}-rest:8081"]
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [1, UsageError.exit_code]
