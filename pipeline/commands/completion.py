"""`beamprint --completion`: a script that teaches a shell our commands and options."""

import argparse

import shtab

_COMPLETED = {"FILE": shtab.FILE, "INPUT": shtab.FILE, "OLD": shtab.FILE, "NEW": shtab.FILE}
_COMPLETED |= {"OUT": shtab.DIRECTORY, "DIR": shtab.DIRECTORY}
"""What a word on the command line is completed by, by its name in the usage."""


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script, made from what argparse declares.

    Args:
        parser: Of the whole command line.
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
