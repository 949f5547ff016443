"""Numbers only: NumPy/SciPy in, numbers out. No Beam, no I/O, no logging."""
