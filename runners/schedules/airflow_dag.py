"""One run of Beamprint every night, as an Airflow 3 DAG.

Put this file into the DAG folder and adapt the command. The worker that runs it needs ``beamprint`` on its PATH, in
an environment of its own: Airflow and Beam do not have to agree on versions then.
"""

import subprocess
from datetime import datetime, timedelta, timezone

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

COMMAND = ["beamprint", "run", "/srv/music", "--output", "/srv/fingerprints"]


@dag(
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # one run does the work of all missed nights
    max_active_runs=1,
)
def beamprint() -> None:
    """Bring the dataset up to date with the music."""

    @task(retries=3, retry_delay=timedelta(minutes=15), execution_timeout=timedelta(hours=22))
    def run() -> None:
        """Run the command; its output is the task's log."""
        code = subprocess.run(COMMAND, check=False).returncode
        match code:
            case 0:
                return
            case 3:
                raise AirflowSkipException("another run holds the dataset and does the work")
            case 1 | 2:
                # A second run skips bad files that are already in quarantine, so it could end with 0.
                raise AirflowFailException(f"exit code {code} needs a person; the log says why")
            case _:
                # Existing records are safe; a retry continues from there.
                raise AirflowException(f"exit code {code}: not finished")

    run()


beamprint()
