"""What an audio file holds, and where: one module per format."""
