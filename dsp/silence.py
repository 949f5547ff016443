"""Which frames are silent."""

import numpy as np
from numpy.typing import NDArray

SILENT_BELOW_DB = 70.0


def sounding(rms: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Frames that count: RMS above 0 and within 70 dB of the track's loudest frame."""
    loudest = rms.max(initial=0)
    return (rms > 0) & (rms >= loudest * 10 ** (-SILENT_BELOW_DB / 20))
