"""Decoders behind one protocol: libsndfile and FFmpeg."""
