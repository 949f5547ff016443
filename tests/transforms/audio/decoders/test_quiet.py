"""Output of C libraries does not reach the terminal; other output does."""

import os
import threading

import pytest

from beamprint.transforms.audio.decoders.quiet import captured_stderr, muted
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds


def test_lines_of_the_decoder_are_kept_and_others_printed(capfd):
    with captured_stderr() as chatter:
        os.write(2, b"[src/libmpg123/layer3.c:INT123_do_layer3():1774] error: part2_3_length too large\n")
        os.write(2, b"Note: Trying to resync...\n")
        os.write(2, b"a message of ours\n")
    assert capfd.readouterr().err == "a message of ours\n"
    assert chatter.lines[1] == "Note: Trying to resync..."


def test_lines_printed_while_muted_are_dropped(capfd):
    line = b"[src/libmpg123/layer3.c:INT123_do_layer3():1774] error: %d\n"
    with captured_stderr() as chatter:
        os.write(2, line % 1)
        with muted():
            os.write(2, line % 2)
        os.write(2, line % 3)
        with muted():
            os.write(2, line % 4)
    assert [told[-1] for told in chatter.lines] == ["1", "3"]
    assert capfd.readouterr().err == ""


def test_the_descriptor_is_restored_after_an_error(capfd):
    before = os.fstat(2).st_ino
    try:
        with captured_stderr():
            raise KeyError
    except KeyError:
        pass
    assert os.fstat(2).st_ino == before
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


def test_threads_share_one_diversion(capfd):
    before = os.fstat(2).st_ino
    inside, leave = threading.Barrier(5), threading.Event()

    def work():
        with captured_stderr():
            inside.wait()
            os.write(2, b"Warning: from a decoder\n")
            leave.wait()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    inside.wait()
    leave.set()
    for thread in threads:
        thread.join()
    assert capfd.readouterr().err == ""
    assert os.fstat(2).st_ino == before


def test_no_descriptor_leaks():
    for _ in range(3):
        with captured_stderr():
            pass
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        with captured_stderr():
            pass
    assert before == (len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0)


def test_damaged_mp3_frames_print_nothing(tmp_path, capfd):
    data = bytearray(sounds.encoded(tmp_path, "mp3"))
    for at, size in sounds.mpeg_frames(bytes(data))[10:20]:
        data[at + 4 : at + size] = b"\xff" * (size - 4)
    path = tmp_path / "damaged.mp3"
    path.write_bytes(data)
    with pytest.raises(BadAudio, match="libmpg123"):
        open_segment(str(path))
    assert capfd.readouterr().err == ""
