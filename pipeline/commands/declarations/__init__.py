"""What each command takes, a module a command.

``command_line`` loads all of them for any command, so they import what a command works with only when it runs.
"""
