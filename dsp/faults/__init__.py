"""Detectors of faults in a recording."""
