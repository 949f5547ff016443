"""How fast Beamprint is, compared with other programs in one run: ``python -m benchmarks.speed MUSIC_FOLDER...``."""
