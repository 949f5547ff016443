"""Where a flag is set without a break."""

import numpy as np

from beamprint.dsp.arrays import Bool, Index


def true_runs(flags: Bool) -> Index:
    """First index of each run of True, and the one after its last; shape (runs, 2).

    Parameters
    ----------
    flags : bool, shape (n,)
    """
    enclosed = np.zeros(flags.size + 2, np.bool_)
    enclosed[1:-1] = flags
    return np.flatnonzero(enclosed[1:] != enclosed[:-1]).reshape(-1, 2)
