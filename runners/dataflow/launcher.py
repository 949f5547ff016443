"""The program of the Flex Template: ``beamprint run`` with the parameters of the template.

Dataflow calls it with ``--name=value`` for each parameter of ``metadata.json`` and for its own options. The program lists
and plans, writes the job to Dataflow's ``template_location`` and ends; Dataflow then starts the job.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

from beamprint.pipeline.commands.declarations import run
from beamprint.runners.console import RUNNERS, main

_ALWAYS = ("run", "--runner", "dataflow")
_SWITCH = {"true": True, "false": False}


def command_line(arguments: Sequence[str]) -> list[str]:
    """Words of the command, from the arguments of Dataflow.

    Args:
        arguments: ``--name=value`` each. Our names may have ``_`` for ``-``; a flag is ``true`` or ``false``.
    """
    of_run = run.declare(argparse.ArgumentParser().add_subparsers(), RUNNERS)
    return [*_ALWAYS, *(word for given in arguments for word in _words(given, of_run))]


def _words(given: str, of_run: argparse.ArgumentParser) -> Iterator[str]:
    name, _, value = given.partition("=")
    action = of_run._option_string_actions.get(name.replace("_", "-"))
    if name == "--inputs":
        yield from shlex.split(value)
    elif name == "--runner":
        return  # Beam's name of the one that it is
    elif action is None:
        yield given
    elif action.nargs != 0:
        yield f"{action.option_strings[0]}={value}"
    elif _SWITCH.get(value.lower(), True):
        yield action.option_strings[0]


def launch() -> NoReturn:
    """Run the command, and end the process."""
    sys.argv[1:] = command_line(sys.argv[1:])
    main()


if __name__ == "__main__":
    launch()
