"""The DAG, imported and run by Airflow."""

import json
import shutil

import pytest

from tests.runners.schedules.stand_in import SCHEDULES, WORDS, arguments, environment
from tests.runners.schedules.tools import needs_tools, ran

IMPORTED = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
(dag,) = bag.dags.values()
print(bag.import_errors, dag.dag_id, dag.max_active_runs, dag.catchup, dag.task_ids)
"""
ENDINGS = """
import json, os, sys
from airflow.dag_processing.dagbag import DagBag
(dag,) = DagBag(sys.argv[1]).dags.values()
endings = {}
for code in (0, 1, 2, 3, 4, 143):
    os.environ["STAND_IN_CODE"] = str(code)
    try:
        dag.get_task("run").python_callable()
    except Exception as error:
        endings[code] = type(error).__name__
print(json.dumps(endings))
"""


@pytest.fixture
def airflow(tmp_path):
    """Airflow with a home of its own and the DAG in its folder."""
    folder = tmp_path / "dags"
    folder.mkdir()
    shutil.copy(SCHEDULES / "airflow_dag.py", folder)
    home = {"AIRFLOW_HOME": str(tmp_path / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    return lambda code, **variables: ran("python", "-c", code, str(folder), **home, **variables).splitlines()


@needs_tools
@pytest.mark.slow
def test_airflow_imports_it(airflow):
    assert airflow(IMPORTED)[-1] == "{} beamprint 1 False ['run']"


@needs_tools
@pytest.mark.slow
def test_exit_codes_mean_what_the_command_says(tmp_path, airflow):
    *_, said, endings = airflow(ENDINGS, **environment(tmp_path))
    assert said == "said"
    assert arguments(tmp_path) == WORDS
    assert json.loads(endings) == {
        "1": "AirflowFailException",  # failed, no retry
        "2": "AirflowFailException",
        "3": "AirflowSkipException",
        "4": "AirflowException",  # retried
        "143": "AirflowException",
    }
