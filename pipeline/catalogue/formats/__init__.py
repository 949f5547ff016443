"""Formats of manifests, one module per kind: each gives the values of every row."""
