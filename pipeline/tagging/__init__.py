"""Gain written into files: which, by whom it is read, and how no file comes to harm."""
