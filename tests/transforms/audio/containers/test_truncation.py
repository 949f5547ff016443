"""A cut is noticed, wherever it is made; damage in the middle, where the format allows it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.transforms.audio.containers.contents import LENGTH_UNKNOWN
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.probe import probe
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds

IN_A_HEADER = {Reason.TRUNCATED, Reason.DECODE_ERROR, Reason.UNSUPPORTED_FORMAT, Reason.EMPTY}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return sounds.every_encoding(tmp_path_factory.mktemp("made"))


def reason_of(path, data):
    path.write_bytes(data)
    with pytest.raises(BadAudio) as caught:
        open_segment(str(path))
    return caught.value.reason


@pytest.mark.parametrize("name", sounds.CUT_SHOWS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_is_truncated(made, scratch, name, share):
    data = made[name]
    assert reason_of(scratch, data[: int(len(data) * share)]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", sounds.CUT_SHOWS)
@settings(max_examples=25, deadline=None)
@given(share=st.floats(0, 0.998))
def test_a_cut_anywhere_is_never_a_record(made, scratch, name, share):
    data = made[name]
    length = int(len(data) * share)
    reason = reason_of(scratch, data[:length])
    assert reason is Reason.TRUNCATED or (length < 512 and reason in IN_A_HEADER)


@pytest.mark.parametrize("name", ["vorbis", "opus"])
def test_ogg_that_is_cut_right_behind_its_headers_is_a_cut(made, scratch, name):
    data = made[name]
    pages = [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]
    assert reason_of(scratch, data[: pages[2]]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", ["flac", "flac24"])
def test_a_cut_close_behind_the_last_flac_frames_header_is_a_cut(made, scratch, name):
    data = made[name]
    last = max(at for at in range(len(data)) if data[at : at + 2] == b"\xff\xf8")
    for length in (last + 20, last + 60, last + 127):
        assert reason_of(scratch, data[:length]) is Reason.TRUNCATED


def test_an_alac_file_that_is_cut_is_never_a_record(made, scratch):
    for share in (0.1, 0.5, 0.99):
        data = made["alac"]
        assert reason_of(scratch, data[: int(len(data) * share)]) in (Reason.TRUNCATED, Reason.DECODE_ERROR)


def test_the_last_byte_counts(made, scratch):
    for name in ("flac", "vorbis", "opus", "wavulaw", "aiff", "caf", "au", "mp3"):
        if name == "mp3":  # its last frame is padding
            continue
        expected = {"wavulaw": None}.get(name, Reason.TRUNCATED)
        if expected is not None:
            assert reason_of(scratch, made[name][:-1]) is expected, name


def test_a_cut_within_an_id3_tag(scratch, made):
    assert reason_of(scratch, (sounds.id3(5000) + made["mp3"])[:3000]) is Reason.TRUNCATED


def test_the_header_of_a_truncated_file_is_enough_to_notice(made, scratch):
    for name in ("wav", "rf64", "aiff", "caf", "au", "w64", "vorbis", "opus"):
        scratch.write_bytes(made[name][:-2000])
        with pytest.raises(BadAudio) as caught:
            probe(str(scratch))
        assert caught.value.reason is Reason.TRUNCATED


def test_a_cut_between_the_links_or_within_the_second_of_a_chained_ogg(made, scratch):
    chained = made["vorbis"] + made["vorbis"]
    assert reason_of(scratch, chained[: int(len(chained) * 0.9)]) is Reason.TRUNCATED
    assert reason_of(scratch, chained[: int(len(chained) * 0.4)]) is Reason.TRUNCATED


def test_a_cut_of_a_file_without_declared_length_is_not_noticed_but_noted(made, scratch):
    stream = sounds.without_xing(made["mp3"])
    scratch.write_bytes(stream[: len(stream) // 2])
    assert open_segment(str(scratch)).identity.notes == (LENGTH_UNKNOWN,)


@pytest.mark.parametrize("name", ["vorbis", "opus"])
def test_a_damaged_page_and_a_missing_one_are_noticed(made, scratch, name):
    pages = sounds.ogg_pages(made[name])
    middle = len(pages) // 2
    bent = pages[middle][:-1] + bytes([pages[middle][-1] ^ 1])
    assert (
        reason_of(scratch, b"".join([*pages[:middle], bent, *pages[middle + 1 :]]))
        is Reason.CHECKSUM_MISMATCH
    )
    assert reason_of(scratch, b"".join(pages[:middle] + pages[middle + 1 :])) is Reason.CHECKSUM_MISMATCH
    torn = b"".join(pages[:middle]) + sounds.junk(100) + b"".join(pages[middle:])
    assert reason_of(scratch, torn) is Reason.CHECKSUM_MISMATCH


def test_damage_in_the_middle_of_a_flac_and_of_an_mp3_is_noticed(made, scratch):
    for name in ("flac", "mp3"):
        data = made[name]
        middle = len(data) // 2
        assert (
            reason_of(scratch, data[:middle] + sounds.junk(5000) + data[middle + 5000 :])
            is Reason.DECODE_ERROR
        )


def test_a_stretch_lost_from_an_mp3_is_noticed(made, scratch):
    data = made["mp3"]
    middle = len(data) // 2
    assert reason_of(scratch, data[:middle] + data[middle + 3000 :]) in (
        Reason.TRUNCATED,
        Reason.DECODE_ERROR,
    )


def test_page_checksums_are_those_of_the_standard(made):
    for page in sounds.ogg_pages(made["vorbis"])[:3]:
        assert sounds.sealed(page) == page
