from beamprint.pipeline.commands.wording import counted, on_one_line


def test_one_is_singular():
    assert [counted(n, "track") for n in (0, 1, 2)] == ["0 tracks", "1 track", "2 tracks"]


def test_what_moves_a_terminal_is_escaped_and_all_else_is_kept():
    assert on_one_line("a\nb\x1b[2J\tc") == r"a\nb\x1b[2J\tc"
    assert on_one_line("Ü – 日本 'x'") == "Ü – 日本 'x'"
