"""`beamprint analyze`: what files are like, on the terminal or as a picture; nothing is stored."""
