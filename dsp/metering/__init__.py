"""Loudness meters and levels: K-weighting, true peak, levels of cells and channels, loudness of groups."""
