"""Options that limit the files, for every command that reads files."""

import argparse
from collections.abc import Callable
from importlib.util import find_spec

from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.limits import DECODERS, DEFAULT_LIMITS, Limits


def add_limits(
    parser: argparse.ArgumentParser,
    *,
    size: Callable[[str], int],
    number: Callable[[str], float],
    count: Callable[[str], float],
) -> None:
    """Add the options.

    Args:
        parser: Parser of the command.
        size: Parses a size in bytes.
        number: Parses a positive number.
        count: Parses a positive integer.
    """
    d = DEFAULT_LIMITS
    group = parser.add_argument_group("limits", "a file beyond a limit goes to quarantine")
    group.add_argument(
        "--max-duration",
        type=number,
        metavar="S",
        default=d.max_duration,
        help="seconds of audio (default: %(default).0f)",
    )
    group.add_argument(
        "--max-file-size", type=size, metavar="SIZE", default=d.max_file_size, help="(default: 16G)"
    )
    group.add_argument(
        "--max-channels", type=count, metavar="N", default=d.max_channels, help="(default: %(default)s)"
    )
    group.add_argument(
        "--max-rate", type=count, metavar="HZ", default=d.max_rate, help="sample rate (default: %(default)s)"
    )
    group.add_argument(
        "--accept-truncated",
        action="store_true",
        help="measure files that end too early as far as they go, with the note truncated",
    )
    parser.add_argument(
        "--decoder",
        choices=DECODERS,
        default=d.decoder,
        help="decoder of Ogg Vorbis; ffmpeg is faster and needs the extra formats (default: %(default)s)",
    )


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits that the options give.

    Raises:
        UsageError: The decoder is not installed.
    """
    if options.decoder == "ffmpeg" and find_spec("av") is None:
        raise UsageError("--decoder ffmpeg needs the extra formats: pip install 'beamprint[formats]'")
    return Limits(
        options.max_duration,
        options.max_file_size,
        options.max_channels,
        options.max_rate,
        options.accept_truncated,
        options.decoder,
    )
