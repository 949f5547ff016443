import json

from beamprint.pipeline.commands.wording import counted, json_text, on_one_line


def test_one_is_singular():
    assert [counted(n, "track") for n in (0, 1, 2)] == ["0 tracks", "1 track", "2 tracks"]


def test_control_characters_are_escaped_and_all_else_is_kept():
    assert on_one_line("a\nb\x1b[2J\tc") == r"a\nb\x1b[2J\tc"
    assert on_one_line("Ü – 日本 'x'") == "Ü – 日本 'x'"


def test_json_has_no_control_characters_and_the_same_content():
    value = {"Ü": ["a\nb\x1b[2J", "\x9b31m\u202e 日本 \U000e0001"]}
    text = json_text(value)
    assert json.loads(text) == value
    assert text.replace("\n", "").isprintable()
    assert "Ü" in text
    assert "日本" in text
