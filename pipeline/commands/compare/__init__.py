"""`beamprint compare`: what changed between two masters, or two sets of them."""
