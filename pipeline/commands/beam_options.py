"""Every Beam option as an option of ``run``, for runners that submit to a cluster."""

import argparse
import copy
from typing import Any

_MARK = "beam."
"""Prefix under which argparse keeps the values of Beam's options: some have the names of our options."""


def add_beam_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser take Beam's options: by Beam's names, and with dashes (``--flink-master``).

    Our options keep their names; Beam options of the same name (``--runner``, ``--dry_run``) are not offered.
    A list on the command line replaces Beam's default.
    """
    from apache_beam.options.pipeline_options import (  # noqa: PLC0415 - takes a second
        PipelineOptions,
        _BeamArgumentParser,
    )

    of_beam = _BeamArgumentParser(add_help=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(of_beam)
    for action in of_beam._actions:
        names = [name for given in action.option_strings for name in _names(action, given)]
        names = [name for name in dict.fromkeys(names) if name not in parser._option_string_actions]
        if names and _names(action, action.option_strings[0])[0] in names:
            parser._add_action(_ours(action, names))


def given_beam_options(options: argparse.Namespace) -> dict[str, Any]:
    """The Beam options that the user gave, by the names of Beam's attributes."""
    marked = ((name, value) for name, value in vars(options).items() if name.startswith(_MARK))
    return {name.removeprefix(_MARK): value for name, value in marked if value is not None}


def _names(action: argparse.Action, name: str) -> tuple[str, ...]:
    """The name with dashes and Beam's own; only the latter for an action class of Beam, which may read the name."""
    plain = type(action).__module__ == argparse.__name__
    return (name.replace("_", "-"), name) if plain else (name,)


def _ours(action: argparse.Action, names: list[str]) -> argparse.Action:
    mine = copy.copy(action)
    mine.option_strings, mine.dest = names, _MARK + action.dest
    mine.default, mine.help = None, argparse.SUPPRESS  # an option that was not given is left to Beam
    return mine
