"""Options from a file and from variables: the same as on the command line, which wins."""

import json

import pytest

from beamprint.pipeline.commands import command_line
from beamprint.pipeline.commands.settings import apply_settings
from beamprint.pipeline.errors import UsageError

RUNNERS = {"local": None, "direct": None}


def parsed(*words, environment=(), file=None, tmp_path=None):
    """Options of ``run`` as a command line, variables and the content of a file give them."""
    _, parser = command_line._parsers(RUNNERS)
    if file is not None:
        (tmp_path / "run.toml").write_text(file)
        words = (*words, "--config", str(tmp_path / "run.toml"))
    apply_settings(parser, words, dict(environment))
    options = vars(parser.parse_args(words))
    return {name: value for name, value in options.items() if name not in ("command", "config")}


def options_of_run():
    _, parser = command_line._parsers(RUNNERS)
    return [action for action in parser._actions if action.dest not in ("help", "config")]


def name_of(action):
    return next((o.removeprefix("--") for o in action.option_strings if o.startswith("--")), action.dest)


def sample(action):
    """A value that an option takes, as text."""
    if action.choices:
        return sorted(action.choices)[0]
    for text in ("3", "5%", "05:00", "text"):
        try:
            (action.type or str)(text)
        except Exception:  # noqa: BLE001 - whatever the option does not take
            continue
        return text
    raise AssertionError(f"no sample for {action.dest}")


def words_for(action):
    flags = action.option_strings[:1]
    return flags if action.nargs == 0 else [*flags, sample(action)]


@pytest.mark.parametrize("action", options_of_run(), ids=name_of)
def test_every_option_of_run_means_the_same_wherever_it_stands(tmp_path, action):
    rest = [
        word
        for other in options_of_run()
        if other.dest != action.dest and (other.required or not other.option_strings)
        for word in words_for(other)
    ]
    on_the_command_line = parsed(*rest, *words_for(action))
    variable = "BEAMPRINT_" + name_of(action).replace("-", "_").upper()
    value = "true" if action.nargs == 0 else sample(action)
    assert parsed(*rest, environment={variable: value}) == on_the_command_line
    line = f"{name_of(action)} = {'true' if action.nargs == 0 else json.dumps(value)}"
    assert parsed(*rest, file=line, tmp_path=tmp_path) == on_the_command_line


def test_the_command_line_wins_over_variables_and_these_over_the_file(tmp_path):
    file = 'inputs = ["a", "b c"]\noutput = "file"\nworkers = 1\nlimit = 1\ntime-limit = 1.5\nforce = true'
    environment = {"BEAMPRINT_WORKERS": "2", "BEAMPRINT_LIMIT": "2", "BEAMPRINT_FORCE": "false"}
    given = parsed("-o", "words", "--workers", "3", environment=environment, file=file, tmp_path=tmp_path)
    assert (given["output"], given["workers"], given["limit"], given["time_limit"]) == ("words", 3, 2, 1.5)
    assert given["inputs"] == ["a", "b c"]
    assert given["force"] is False
    assert given["memory_per_worker"] is None
    assert parsed("x", file=file, tmp_path=tmp_path)["inputs"] == ["x"]


def test_a_variable_holds_several_inputs_as_a_shell_would_read_them():
    given = parsed(environment={"BEAMPRINT_INPUTS": "a 'b c'", "BEAMPRINT_OUTPUT": "out"})
    assert given["inputs"] == ["a", "b c"]


def test_options_that_can_be_given_several_times_are_replaced_too(tmp_path):
    """Roots are bounds: one on the command line must not come on top of those of the file."""
    words, file = ("x", "-o", "out"), 'root = ["/a", "/b"]'
    assert parsed(*words, file=file, tmp_path=tmp_path)["root"] == ["/a", "/b"]
    assert parsed(*words, environment={"BEAMPRINT_ROOT": "/c"}, file=file, tmp_path=tmp_path)["root"] == [
        "/c"
    ]
    assert parsed(*words, "--root", "/d", "--root", "/e", file=file, tmp_path=tmp_path)["root"] == [
        "/d",
        "/e",
    ]


def test_a_variable_may_name_the_settings_file(tmp_path):
    for name, workers in (("a.toml", 4), ("b.toml", 5)):
        (tmp_path / name).write_text(f"workers = {workers}")
    environment = {"BEAMPRINT_CONFIG": str(tmp_path / "a.toml")}
    assert parsed("x", "-o", "out", environment=environment)["workers"] == 4
    words = ("x", "-o", "out", f"--config={tmp_path / 'b.toml'}")
    assert parsed(*words, environment=environment)["workers"] == 5


@pytest.mark.parametrize("name", ["BEAMPRINT_WORKERS", "BEAMPRINT_TEST_KILLS", "BEAMPRINT_PORT", "PATH"])
def test_empty_and_foreign_variables_are_passed_over(name):
    value = "" if name == "BEAMPRINT_WORKERS" else "tcp://10.0.0.1:80"
    assert parsed("x", "-o", "out", environment={name: value}) == parsed("x", "-o", "out")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BEAMPRINT_WORKERS", "many", "BEAMPRINT_WORKERS: invalid int value: 'many'"),
        ("BEAMPRINT_WORKERS", "0", "BEAMPRINT_WORKERS: 0 is not above 0"),
        ("BEAMPRINT_RUNNER", "spark", "BEAMPRINT_RUNNER: 'spark' is none of direct, local"),
        ("BEAMPRINT_FORCE", "yes", "BEAMPRINT_FORCE: 'yes' is neither true nor false"),
        ("BEAMPRINT_INPUTS", "'open", "BEAMPRINT_INPUTS: no closing quotation; write it as for a shell"),
        (
            "BEAMPRINT_WORKRES",
            "4",
            "no setting is called BEAMPRINT_WORKRES; the nearest is BEAMPRINT_WORKERS",
        ),
        (
            "BEAMPRINT_CONFIG",
            "nowhere.toml",
            "--config nowhere.toml cannot be read: No such file or directory",
        ),
    ],
)
def test_a_wrong_variable_is_named(variable, value, said):
    with pytest.raises(UsageError) as error:
        parsed("x", "-o", "out", environment={variable: value})
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("max_failures = 3", "run.toml: no setting is called max_failures; the nearest is max-failures"),
        ("wokers = 3", "run.toml: no setting is called wokers; the nearest is workers"),
        ("[run]\nworkers = 3", "run.toml: no setting is called run"),
        ("workers = true", "run.toml: workers: write it as on the command line, in quotes"),
        ("workers = 2.5", "run.toml: workers: invalid int value: '2.5'"),
        ("output = 1979-05-27", "run.toml: output: write it as on the command line, in quotes"),
        (
            'memory-per-worker = "much"',
            "run.toml: memory-per-worker: 'much' is no size; write it as 1500M or 2G",
        ),
        ("dry-run = 1", "run.toml: dry-run: 1 is neither true nor false"),
        ("inputs = []", "run.toml: inputs: it is empty"),
        ("workers 3", "run.toml is not TOML: "),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path, content, said):
    with pytest.raises(UsageError) as error:
        parsed("x", "-o", "out", file=content, tmp_path=tmp_path)
    assert said in str(error.value)


def test_an_option_that_is_given_nowhere_is_missing(capsys):
    with pytest.raises(SystemExit) as error:
        parsed("x", environment={"BEAMPRINT_WORKERS": "2"})
    assert error.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_a_wrong_setting_ends_the_command_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BEAMPRINT_WORKERS", "0")
    assert command_line.main(["run", "x", "-o", str(tmp_path / "out")], RUNNERS) == 2
    assert capsys.readouterr().err == "beamprint: BEAMPRINT_WORKERS: 0 is not above 0\n"


def test_help_is_given_whatever_the_settings(monkeypatch, capsys):
    monkeypatch.setenv("BEAMPRINT_WORKERS", "0")
    with pytest.raises(SystemExit) as ended:
        command_line.main(["run", "--help"], RUNNERS)
    assert not ended.value.code
    assert "--config FILE" in capsys.readouterr().out
