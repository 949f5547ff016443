"""Options of a command from a file and from variables; the declarations of argparse are their only list.

Precedence: command line, then ``BEAMPRINT_*`` variables, then the file, then the default.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from beamprint.pipeline.errors import UsageError

PREFIX = "BEAMPRINT_"
_CONFIG = "config"
_SWITCH = {"true": True, "1": True, "false": False, "0": False}
_LIKELY_TYPO = 0.8
"""Likeness at which a variable counts as a misspelt setting. Other programs may set variables with our prefix:
Kubernetes sets BEAMPRINT_PORT in every pod if a service is called beamprint."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """The value of one option from one source.

    Args:
        origin: The variable, or the file and the key, for messages.
        action: The option.
        value: Text of the variable, or value of the TOML file.
    """

    origin: str
    action: argparse.Action
    value: object


class _Replaceable(list[object]):
    """A default of an option that can be given several times: the command line replaces it.

    argparse appends the values of the command line to a copy of the default.
    """

    def __copy__(self) -> list[object]:
        return []


def apply_settings(
    parser: argparse.ArgumentParser, words: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Make the values of the file and the variables the defaults of a command's options.

    Args:
        parser: Parser of the command.
        words: Words of the command line after the command's name; searched for ``--config``.
        environment: Variables by name; empty ones count as not set.

    Raises:
        UsageError: A file, a name or a value is wrong; the message names the variable, or the file and the key.
    """
    actions = {_name(action): action for action in parser._actions if action.dest != "help"}
    path = _path_of_config(words, environment)
    del actions[_CONFIG]
    settings = [*(_from_file(path, actions) if path else ()), *_from_environment(environment, actions)]
    for setting in {setting.action.dest: setting for setting in settings}.values():
        _make_default(setting)


def _name(action: argparse.Action) -> str:
    """``max-failures`` for ``--max-failures``; an action without a long option has its name in the code."""
    return next((option[2:] for option in action.option_strings if option.startswith("--")), action.dest)


def runner_named(words: Sequence[str], environment: Mapping[str, str]) -> object:
    """Value of ``--runner``, its variable or the file, before all options of the command are known; else None.

    Raises:
        UsageError: The file cannot be read.
    """
    path = _path_of_config(words, environment)
    given = _on_command_line("runner", words) or environment.get(f"{PREFIX}RUNNER")
    return given or (_read(path).get("runner") if path else None)


def _path_of_config(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    return _on_command_line(_CONFIG, words) or environment.get(PREFIX + _CONFIG.upper())


def _on_command_line(name: str, words: Sequence[str]) -> str | None:
    finder = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    finder.add_argument(f"--{name}", dest="value")
    try:
        value: str | None = finder.parse_known_args(words)[0].value
    except argparse.ArgumentError:  # the parser of the command will report it
        return None
    return value


def _from_file(path: str, actions: Mapping[str, argparse.Action]) -> Iterator[_Setting]:
    for key, value in _read(path).items():
        if key not in actions:
            (nearest,) = get_close_matches(key, actions, n=1, cutoff=0)
            raise UsageError(f"{path}: no setting is called {key}; the nearest is {nearest}")
        yield _Setting(f"{path}: {key}", actions[key], value)


def _read(path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - only where there is a file
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"--config {path} is not TOML: {error}") from error


def _from_environment(
    environment: Mapping[str, str], actions: Mapping[str, argparse.Action]
) -> Iterator[_Setting]:
    variables = {PREFIX + name.replace("-", "_").upper(): action for name, action in actions.items()}
    known = {*variables, PREFIX + _CONFIG.upper()}
    for variable, value in environment.items():
        if value and variable in variables:
            yield _Setting(variable, variables[variable], value)
        elif variable.startswith(PREFIX) and variable not in known:
            # Compared without the common prefix, which would make all names alike.
            rests = [name.removeprefix(PREFIX) for name in known]
            for rest in get_close_matches(variable.removeprefix(PREFIX), rests, n=1, cutoff=_LIKELY_TYPO):
                raise UsageError(f"no setting is called {variable}; the nearest is {PREFIX}{rest}")


def _make_default(setting: _Setting) -> None:
    action = setting.action
    if action.nargs == 0:
        if _switch(setting):
            action.default = action.const
    elif isinstance(action, argparse._AppendAction):
        action.default = _Replaceable(_converted(setting, item) for item in _items(setting))
    elif action.nargs == "+":
        action.default = [_converted(setting, item) for item in _items(setting)]
        action.nargs = "*"
    else:
        action.default = _converted(setting, setting.value)
    action.required = False


def _switch(setting: _Setting) -> bool:
    value = setting.value
    switch = _SWITCH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(switch, bool):
        raise UsageError(f"{setting.origin}: {value!r} is neither true nor false")
    return switch


def _items(setting: _Setting) -> Sequence[object]:
    """Items of a list; a variable holds them as shell words."""
    value = setting.value
    try:
        items = (
            shlex.split(value) if isinstance(value, str) else value if isinstance(value, list) else [value]
        )
    except ValueError as error:
        raise UsageError(f"{setting.origin}: {str(error).lower()}; write it as for a shell") from error
    if not items:
        raise UsageError(f"{setting.origin}: it is empty")
    return items


def _converted(setting: _Setting, value: object) -> object:
    """The value that the option would get from the command line."""
    action = setting.action
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{setting.origin}: write it as on the command line, in quotes")
    text = str(value)
    convert: Any = action.type or str
    try:
        converted: object = convert(text)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{setting.origin}: {error}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"{setting.origin}: invalid {convert.__name__} value: {text!r}") from error
    if action.choices is not None and converted not in action.choices:
        choices = ", ".join(map(str, action.choices))
        raise UsageError(f"{setting.origin}: {text!r} is none of {choices}")
    return converted
