"""Declarations of the commands and their options, one module per command.

``command_line`` loads all of them for any command, so they import what a command works with only when it runs.
"""
