"""Formats of manifests, a module a family: each gives the values of every row."""
