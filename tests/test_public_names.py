"""The names of ``import beamprint``: each is documented by an example that runs."""

import doctest
from pathlib import Path

import pytest

import beamprint
from beamprint.pipeline.commands.command_line import main
from beamprint.runners.in_process import run

NAMES = [name for name in beamprint.__all__ if not name.startswith("__")]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with the example tracks, and a dataset of them."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "examples").symlink_to(Path(__file__).parent.parent / "examples")
    given = ["run", str(folder / "examples/manifest.csv"), "--output", str(folder / "fingerprints")]
    assert main([*given, "--runner", "direct"], {"direct": run}) == 0
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_gives_what_it_says(name, here, monkeypatch, capsys):
    monkeypatch.chdir(here)
    examples = [
        test for test in doctest.DocTestFinder().find(getattr(beamprint, name), name) if test.examples
    ]
    assert examples
    runner = doctest.DocTestRunner()
    for example in examples:
        runner.run(example)
    assert runner.failures == 0, capsys.readouterr().out


def test_dir_lists_what_it_offers():
    assert set(beamprint.__all__) <= set(dir(beamprint))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = beamprint.nothing
