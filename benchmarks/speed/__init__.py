"""How fast Beamprint is, beside others, in one run: ``python -m benchmarks.speed MUSIC_FOLDER...``."""
