"""`beamprint --completion`: a script with which a shell completes our commands and options."""

import argparse

import shtab

_COMPLETED = {"FILE": shtab.FILE, "INPUT": shtab.FILE, "OLD": shtab.FILE, "NEW": shtab.FILE}
_COMPLETED |= {"OUT": shtab.DIRECTORY, "DIR": shtab.DIRECTORY}
"""How to complete an argument, by its name in the usage."""


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script, made from the declarations of argparse.

    Args:
        parser: Parser of the whole command line.
        shell: ``bash``, ``zsh`` or ``fish``.
    """
    for each in (parser, *_commands(parser)):
        for action in each._actions:
            if action.metavar in _COMPLETED:
                action.complete = _COMPLETED[action.metavar]  # type: ignore[attr-defined]  # what shtab reads
    return shtab.complete(parser, shell)


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [
        command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for command in action.choices.values()
    ]
