"""Gain tags in files: their values, their formats, and safe writing."""
