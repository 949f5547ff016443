"""Progress of a run: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TextIO

from beamprint.pipeline.commands.wording import counted

if TYPE_CHECKING:
    from tqdm import tqdm

_REDRAW_S = 0.2
_FIRST_LINE_S = 5.0
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """Status of a run.

    Attributes:
        done: Number of measured tracks, also in slices that are not yet committed.
        total: Number of tracks to measure.
        audio_seconds: Length of the decoded audio.
        elapsed: Seconds since the start.
        seconds_left: Estimated seconds until the end; None before the first measurement.
        failures: Tracks in quarantine, by reason.
        unplanned: Long tracks whose length is still to be found.
    """

    done: int
    total: int
    audio_seconds: float
    elapsed: float
    seconds_left: float | None
    failures: Counter[str] = field(default_factory=Counter)
    unplanned: int = 0

    def describe(self) -> str:
        """Speed, long tracks to be looked at first, failures and time left."""
        parts = [f"{self.audio_seconds / 60 / max(self.elapsed, 1e-3):.1f} audio min/s"]
        if self.unplanned:
            parts.append(f"{counted(self.unplanned, 'long track')} to look through first")
        if self.failures:
            reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(self.failures.items()))
            parts.append(f"{self.failures.total()} failed ({reasons})")
        if self.seconds_left is not None:
            parts.append(f"{_clock(self.seconds_left)} left")
        return ", ".join(parts)


class Progress:
    """Shows the status.

    Args:
        total: Number of tracks to measure.
        stream: Standard error by default; shows a bar on a terminal, else lines with the time in UTC.
        quiet: Whether to show no status.
    """

    def __init__(self, total: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._due = time.monotonic()
        self._pause = _FIRST_LINE_S
        self._bar: tqdm[None] | None = None
        if quiet:
            return
        if self._stream.isatty():
            self._bar = _bar(total, self._stream)
        else:
            self._due += self._pause

    def show(self, status: Status) -> None:
        """Show the status, unless it was shown a moment ago."""
        now = time.monotonic()
        if now < self._due:
            return
        self._draw(status)
        self._due = now + (_REDRAW_S if self._bar is not None else self._pause)
        self._pause = min(_LONGEST_PAUSE_S, 1.5 * self._pause)

    def say(self, line: str) -> None:
        """Show a line of text, above the bar if there is one."""
        if self._bar is not None:
            self._bar.clear()
        print(f"{self._stamp()}{line}", file=self._stream, flush=True)

    def close(self, status: Status) -> None:
        """Show the last status."""
        self._draw(status)
        if self._bar is not None:
            self._bar.close()

    def _draw(self, status: Status) -> None:
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.n = status.done
            self._bar.set_postfix_str(status.describe(), refresh=True)
            return
        share = status.done / max(status.total, 1)
        self.say(
            f"{share:4.0%} {status.done}/{status.total} tracks in {_clock(status.elapsed)}, {status.describe()}"
        )

    def _stamp(self) -> str:
        if self._stream.isatty():
            return ""
        return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ} "


def _bar(total: int, stream: TextIO) -> "tqdm[None]":
    from tqdm import tqdm  # noqa: PLC0415 - only for a terminal, which the workers never have

    form = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} tracks [{elapsed}{postfix}]"
    return tqdm(total=total, file=stream, bar_format=form, dynamic_ncols=True)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
