"""The job that would be submitted to Dataflow: translated and described, but not sent."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, TestOptions
from apache_beam.portability.api import beam_runner_api_pb2 as portable
from apache_beam.portability.common_urns import executable_stage, primitives
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from apache_beam.runners.dataflow.internal.apiclient import Environment
from apache_beam.runners.portability.fn_api_runner import translations
from google.cloud import dataflow

from beamprint.pipeline.runner import RunRequest
from beamprint.runners import submission

_APART = frozenset(urn.urn for urn in (primitives.GROUP_BY_KEY, primitives.IMPULSE, primitives.FLATTEN))
"""Steps that the service does itself, between the stages in Python."""
_PORTABLE_API = "8"


@dataclass(frozen=True, slots=True)
class Translated:
    """A job in the form in which it would be sent.

    Attributes:
        options: Beam's options, presets included.
        graph: The translated graph.
        environment: Machines and other requests to the service.
    """

    options: PipelineOptions
    graph: portable.Pipeline
    environment: dataflow.Environment

    @property
    def size(self) -> int:
        """Size of the graph in bytes."""
        return len(self.graph.SerializeToString())

    @property
    def stages(self) -> list[list[str]]:
        """The steps of each stage in Python, as Beam fuses them; Dataflow fuses by the same rules."""
        phases = translations.standard_optimize_phases()
        fused = translations.optimize_pipeline(self.graph, phases, _APART, partial=False)
        known = self.graph.components.transforms
        (whole,) = self.graph.root_transform_ids
        order = [known[step].unique_name for step in known[whole].subtransforms]
        found = [_steps(fused, root) for root in fused.root_transform_ids if _is_stage(fused, root)]
        return [sorted(steps, key=order.index) for steps in found]


def translated(request: RunRequest, options: PipelineOptions) -> Translated:
    """Translate the graph of a request as it would be for submission.

    Args:
        request: The work. Its tracks do not matter, because the graph reads them from the dataset.
        options: Options for Beam.

    Raises:
        UsageError: Beam refuses the options.
    """
    logging.getLogger("apache_beam.runners.dataflow").setLevel(logging.ERROR)
    options.view_as(TestOptions).dry_run = True
    result: Any = submission.pipeline_of(request, DataflowRunner(), options).run()
    job = result.job
    graph = job.proto_pipeline
    environment = Environment([], job.options, _PORTABLE_API, "", proto_pipeline=graph)
    return Translated(job.options, graph, environment.proto)


def lines(job: Translated) -> Iterator[str]:
    """The facts of a job that a user wants to know before paying for it."""
    (pool,) = job.environment.worker_pools
    cloud = job.options.view_as(GoogleCloudOptions)
    scaling = pool.autoscaling_settings
    images = [image.container_image for image in pool.sdk_harness_container_images]
    hints = [
        f"{urn.split(':')[-2]} {value.decode()}"
        for each in job.graph.components.environments.values()
        for urn, value in each.resource_hints.items()
    ]
    yield f"job {cloud.job_name} for project {cloud.project} in {cloud.region}"
    yield f"  image: {', '.join(images)}"
    yield f"  machines: {pool.machine_type or 'chosen by Dataflow'}, at most {scaling.max_num_workers or 'the quota'}"
    yield f"  threads in each process: {pool.num_threads_per_worker or 'chosen by Dataflow'}; one process per vCPU"
    yield f"  disk: {pool.disk_size_gb or 'chosen by Dataflow'} GB"
    yield f"  hints: {', '.join(hints) or 'none'}"
    yield f"  experiments: {', '.join(job.environment.experiments)}"
    yield f"  its own files: {cloud.temp_location}"
    yield f"  graph: {job.size / 1000:.0f} kB, however many tracks there are"
    for number, steps in enumerate(job.stages, 1):
        yield f"  stage {number}: {', '.join(steps)}"
    yield "nothing was sent, and neither inputs nor output were opened"


def _is_stage(fused: portable.Pipeline, root: str) -> bool:
    urn: str = fused.components.transforms[root].spec.urn
    return urn == executable_stage


def _steps(fused: portable.Pipeline, root: str) -> set[str]:
    """Names of our steps in a stage."""
    stage = portable.ExecutableStagePayload.FromString(fused.components.transforms[root].spec.payload)
    names = (stage.components.transforms[each].unique_name.partition("/")[0] for each in stage.transforms)
    return set(filter(None, names))
