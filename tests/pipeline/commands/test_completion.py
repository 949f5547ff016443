"""Completion scripts, asked by the shells themselves."""

import shutil
import subprocess

import pytest

from beamprint.pipeline.commands import command_line

ASK = {
    "bash": 'source "$1"; COMP_WORDS=(beamprint run --wor); COMP_CWORD=2; _shtab_beamprint; echo "${COMPREPLY[@]}"',
    "fish": "source $argv[1]; complete -C 'beamprint run --wor'",
}


@pytest.fixture
def script(capsys, tmp_path):
    def write(shell):
        with pytest.raises(SystemExit) as ended:
            command_line.main(["--completion", shell], {"local": None})
        assert not ended.value.code
        path = tmp_path / f"beamprint.{shell}"
        path.write_text(capsys.readouterr().out)
        return str(path)

    return write


def ask(shell, *words):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    told = subprocess.run([shell, *words], capture_output=True, text=True, timeout=60, check=True)
    assert not told.stderr
    return told.stdout


def test_bash_completes_an_option(script):
    assert ask("bash", "-c", ASK["bash"], "bash", script("bash")).split() == ["--workers"]


def test_fish_completes_an_option(script):
    assert ask("fish", "--no-config", "-c", ASK["fish"], script("fish")).split()[0] == "--workers"


def test_zsh_reads_the_script(script):
    path = script("zsh")
    ask("zsh", "-n", path)
    with open(path) as file:
        assert "--workers" in file.read()
