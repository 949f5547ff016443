"""Types of the arrays that dsp works on, named after what they hold."""

import numpy as np
from numpy.typing import NDArray

Float16 = NDArray[np.float16]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Floats = NDArray[np.float32 | np.float64]
Complex64 = NDArray[np.complex64]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Index = NDArray[np.intp]
"""Positions in another array."""
