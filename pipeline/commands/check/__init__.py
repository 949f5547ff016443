"""`beamprint check`: whether tracks meet the rules of a profile."""
