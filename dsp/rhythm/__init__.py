"""Onset strength, tempo, metre and beats."""
