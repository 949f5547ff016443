"""Types of options: sizes, shares, times of day."""

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class Allowance(NamedTuple):
    """A number of tracks, or a share of all tracks."""

    value: float
    is_share: bool

    def of(self, total: int) -> float:
        """The number of tracks, if there are ``total``."""
        return self.value * total if self.is_share else self.value


def allowance(text: str) -> Allowance:
    """``20`` tracks, ``5%`` of them, or the same as ``0.05``."""
    number, percent = (text[:-1], True) if text.endswith("%") else (text, False)
    try:
        value = float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor a share such as 5%") from None
    if not 0 <= value < float("inf") or (percent and value > 100):
        raise argparse.ArgumentTypeError(f"{text} is neither a number of tracks nor a share of tracks")
    if percent:
        return Allowance(value / 100, is_share=True)
    return Allowance(value, is_share=0 < value < 1)


def positive(kind: type) -> Callable[[str], float]:
    """A parser for numbers above 0 of a type."""

    def parse(text: str) -> float:
        value: float = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    parse.__name__ = kind.__name__  # argparse names it in "invalid int value"
    return parse


def size(text: str) -> int:
    """Bytes: ``1500M``, ``2G``."""
    number, unit = (text[:-1], text[-1].upper()) if text and not text[-1].isdigit() else (text, "")
    if unit not in _UNITS or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 1500M or 2G")
    return int(float(number) * _UNITS[unit])


def deadline(text: str, now: datetime | None = None) -> float:
    """The next time the clock shows ``HH:MM``, as seconds since 1970."""
    now = now or datetime.now().astimezone()
    try:
        clock = datetime.strptime(text, "%H:%M")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time of day; write it as 05:00") from None
    then = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return then.timestamp()
