"""Beam's options on our command line: all of them pass through, a mistyped one is refused by name."""

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

from beamprint.pipeline.commands import command_line
from beamprint.pipeline.commands.beam_options import given_beam_options
from beamprint.pipeline.commands.declarations.run import WAVE_TRACKS

OURS_TOO = {"help", "runner", "dryRun", "dry_run"}


@pytest.fixture
def submitted(monkeypatch):
    """The options that the command hands to its work."""
    found = []
    monkeypatch.setattr(
        "beamprint.pipeline.commands.run.run", lambda options, runner: found.append(options) or 0
    )

    def submit(*words, code=0):
        runners = {"local": None, "flink": None}
        assert command_line.main(["run", "music", "-o", "out", *words], runners) == code
        return found.pop() if not code else None

    return submit


def beam_actions():
    parser = _BeamArgumentParser(add_help=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)
    return [action for action in parser._actions if action.dest not in OURS_TOO]


def value_for(action):
    if action.nargs == 0:
        return []
    if action.choices:
        return [str(next(iter(action.choices)))]
    return ['{"a": "b"}'] if "json" in (action.help or "").lower() else ["7"]


def dashed(action):
    own = type(action).__module__ != "argparse"  # it may look at its name
    return action.option_strings[-1] if own else action.option_strings[-1].replace("_", "-")


@pytest.mark.parametrize(
    "spelt", [lambda action: action.option_strings[-1], dashed], ids=["as it is", "dashed"]
)
def test_every_option_of_beam_passes_through_as_beam_would_read_it(submitted, spelt):
    actions = beam_actions()
    words = [word for action in actions for word in (spelt(action), *value_for(action))]
    as_beam = [word for action in actions for word in (action.option_strings[-1], *value_for(action))]
    expected = PipelineOptions(as_beam).get_all_options()
    for action in actions:
        if isinstance(action.default, list):
            # Beam adds to a list of its own; here the given values replace it.
            expected[action.dest] = [item for item in expected[action.dest] if item not in action.default]
    given = given_beam_options(submitted("--runner", "flink", *words))
    assert given == {action.dest: expected[action.dest] for action in actions}


def test_the_inputs_are_not_taken_for_values(submitted):
    options = submitted("--runner", "flink", "--parallelism", "4", "--flink_master=host:8081")
    assert options.inputs == ["music"]
    assert given_beam_options(options) == {"parallelism": 4, "flink_master": "host:8081"}


def test_they_may_stand_in_the_file_and_in_variables(submitted, tmp_path, monkeypatch):
    (tmp_path / "flink.toml").write_text('runner = "flink"\nflink-master = "host:8081"\nparallelism = 2\n')
    monkeypatch.setenv("BEAMPRINT_PARALLELISM", "8")
    options = submitted("--config", str(tmp_path / "flink.toml"))
    assert given_beam_options(options) == {"parallelism": 8, "flink_master": "host:8081"}


@pytest.mark.parametrize("runner", ["flink", "local"])
@pytest.mark.parametrize(
    ("typed", "meant"), [("--flink-mastr", "--flink-master"), ("--retry-faild", "--retry-failed")]
)
def test_a_mistyped_option_is_refused_with_the_nearest_name(submitted, capsys, runner, typed, meant):
    if runner == "local" and "flink" in meant:
        meant = "--runner"  # without a cluster, Beam's options are not accepted
    with pytest.raises(SystemExit, match="2"):
        submitted("--runner", runner, typed, "x")
    error = capsys.readouterr().err
    assert typed in error
    assert meant in error


def test_a_job_is_a_wave_unless_everything_is_forced(submitted):
    assert submitted("--runner", "flink").limit == WAVE_TRACKS
    assert submitted("--runner", "flink", "--limit", "5").limit == 5
    assert submitted("--runner", "flink", "--force").limit is None
    assert submitted().limit is None
