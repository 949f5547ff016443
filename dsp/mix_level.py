"""Whether the channels cancel in their mono mix."""

from dataclasses import dataclass

CANCELLED = 1e-5
"""Share of the channels' energy below which the mix is only noise and rounding: -50 dB. Real mixes have -4 and more."""


@dataclass(frozen=True, slots=True)
class MixLevel:
    """Energy of the mono mix, and the mean energy of its channels; adding two gives the energies of both.

    At the native rate; both are 0 for a single channel, which cannot cancel.
    """

    mix: float
    channels: float

    def __add__(self, later: "MixLevel") -> "MixLevel":
        return MixLevel(self.mix + later.mix, self.channels + later.channels)

    @property
    def cancelled(self) -> bool:
        """Whether the mix lies more than 50 dB below the channels."""
        return self.mix < CANCELLED * self.channels


NO_MIX = MixLevel(0.0, 0.0)
