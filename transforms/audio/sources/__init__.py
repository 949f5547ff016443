"""Bytes of a local file or of an object in a store."""
