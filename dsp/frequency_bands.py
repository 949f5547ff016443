"""The seven frequency bands whose shares of the energy are measured."""

BAND_NAMES = ("sub_bass", "bass", "low_mid", "mid", "upper_mid", "presence", "air")
EDGES_HZ = (20, 60, 250, 500, 2000, 4000, 6000, 20_000)
"""Band b goes from edge b up to edge b + 1."""
