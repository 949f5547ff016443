"""Words for a terminal."""


def counted(number: int, noun: str) -> str:
    """``1 track``, ``2 tracks``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def on_one_line(text: str) -> str:
    """Text in which a line break, or another character that moves a terminal, is written as its escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
