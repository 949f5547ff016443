"""`beamprint analyze`: the measurements of files, on the terminal or as a picture; nothing is stored."""
