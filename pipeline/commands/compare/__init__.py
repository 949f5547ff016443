"""`beamprint compare`: the changes between two masters, or two sets of masters."""
