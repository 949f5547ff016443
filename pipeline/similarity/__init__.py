"""Similar tracks: nearest neighbours by the dimensions, and the same recording in several files."""
