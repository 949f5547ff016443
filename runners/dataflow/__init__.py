"""The Dataflow runner: the graph as a job of Google's Dataflow."""

from typing import Any

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator

import beamprint
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest, SliceReport
from beamprint.runners import submission
from beamprint.runners.dataflow.presets import presets
from beamprint.transforms.audio.sources.uris import is_remote


def run(request: RunRequest) -> RunOutcome:
    """Run the wave of a request on Dataflow, or show what would be submitted.

    Args:
        request: The work; Beam's options ``project`` and ``region`` name the place.

    Raises:
        UsageError: An option is missing, the workers could not reach a file, or Google's clients are not installed.
        NotFinished: Dataflow does not accept the job, or no longer answers.
    """
    options = _options(request)
    _check(request, options)
    try:
        from beamprint.runners.dataflow import description, service  # noqa: PLC0415 - they need the extra
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--runner dataflow needs Google's clients: pip install 'beamprint[gcp]' ({error})"
        ) from error
    if request.dry_run:
        print("\n".join(description.lines(description.translated(request, options))))
        return RunOutcome(SliceReport())
    return service.submit(request, options)


def _options(request: RunRequest) -> PipelineOptions:
    given: dict[str, Any] = dict(request.beam)
    for name in ("project", "region"):
        if not given.get(name):
            raise UsageError(
                f"--runner dataflow needs --{name}, as in --project my-music --region europe-west1"
            )
    sink = request.job.sink
    chosen = presets(
        given,
        output=sink.dataset.store.uri(),
        run_id=sink.run_id,
        version=beamprint.__version__,
        project=given["project"],
        region=given["region"],
    )
    return submission.options_of(request, chosen)


def _check(request: RunRequest, options: PipelineOptions) -> None:
    """Refuse work that no worker could do, before it starts."""
    place = request.job.sink.dataset.store.uri()
    if not is_remote(place):
        raise UsageError(
            f"--runner dataflow needs an --output that all machines reach, gs://..., not {place}"
        )
    validator = PipelineOptionsValidator(options, None)
    # Beam would create a bucket.
    if validator.validate_gcs_path(options.view_as(GoogleCloudOptions), "temp_location"):
        raise UsageError(
            "--runner dataflow needs --temp-location gs://BUCKET/..., where Dataflow keeps its own files"
        )
    uris = [track.uri for track in request.tracks]
    if uris and not any(map(is_remote, uris)):
        raise UsageError(
            f"--runner dataflow cannot read {uris[0]}: its machines reach audio in buckets, gs://... or s3://..."
        )
