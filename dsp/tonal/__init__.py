"""Harmonic and percussive parts, pitch, chroma and key."""
