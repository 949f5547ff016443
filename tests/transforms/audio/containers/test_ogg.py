"""Ogg files of uncommon shape are read to their end, and those that hide audio are told."""

import struct

import numpy as np
import pytest

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import (
    FRAMES_MISSING,
    LENGTH_UNKNOWN,
    MONO_IN_BOTH,
)
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.sources.source import OpenSource, Stat, open_source
from beamprint.transforms.audio.sources.views import Literal
from beamprint.transforms.audio.track import open_segment
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


def test_ogg_beside_other_streams(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    alone = opened(tmp_path, b"".join(pages)).segment.pcm
    other = [page[:14] + b"kate" + page[18:] for page in pages]
    other[0] = other[0][:28] + b"fishead\0" + other[0][36:]
    mixed = [sounds.sealed(other[0]), pages[0]]
    for mine, its in zip(pages[1:], other[1:]):
        mixed += [sounds.sealed(its), mine]
    assert np.array_equal(opened(tmp_path, b"".join(mixed)).segment.pcm, alone)


def test_two_audio_streams_in_one_ogg_are_refused(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    other = [sounds.sealed(page[:14] + b"twin" + page[18:]) for page in pages]
    mixed = b"".join(page for pair in zip(pages, other) for page in pair)
    assert refusal(tmp_path, mixed).reason is Reason.UNSUPPORTED_FORMAT


def test_ogg_without_the_end_flag_is_read_and_noted(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    whole = opened(tmp_path, b"".join([*pages, last])).identity.frames
    unflagged = sounds.sealed(last[:5] + b"\0" + last[6:])
    identity = opened(tmp_path, b"".join([*pages, unflagged])).identity
    assert (identity.frames, identity.notes) == (whole, (LENGTH_UNKNOWN,))


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
@pytest.mark.parametrize("position", [5000, -1])
def test_an_ogg_whose_last_page_ends_before_the_others_is_refused(tmp_path, kind, position):
    """The decoder stops at that position, and the rest of the audio would be lost silently."""
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    bent = sounds.sealed(last[:6] + position.to_bytes(8, "little", signed=True) + last[14:])
    assert refusal(tmp_path, b"".join([*pages, bent])).reason is Reason.CHECKSUM_MISMATCH


def test_an_opus_that_starts_before_its_first_page_can_is_read(tmp_path):
    """FFmpeg writes positions that are a little too small for the packets on the first page."""
    head, tags, *pages = sounds.ogg_pages(sounds.encoded(tmp_path, "opus"))
    whole = opened(tmp_path, b"".join([head, tags, *pages])).segment.pcm
    first = int.from_bytes(pages[0][6:14], "little")
    lacing = pages[0][27 : 27 + pages[0][26]]
    early = first - 960 * sum(size < 255 for size in lacing) + 47  # packets of 20 ms
    moved = [
        sounds.sealed(
            page[:6] + (int.from_bytes(page[6:14], "little") - early).to_bytes(8, "little") + page[14:]
        )
        for page in pages
    ]
    decoded = opened(tmp_path, b"".join([head, tags, *moved]))
    assert np.array_equal(decoded.segment.pcm, whole[:, : decoded.identity.frames])
    assert whole.shape[1] - decoded.identity.frames == early - 47


def test_packets_of_an_opus_that_cross_pages_count_where_they_end(tmp_path):
    """RFC 7845, section 4: the position of a page is that of the last packet that ends on it."""
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (5 * 48_000, 8))
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "opus", noise, 48_000))
    data = b"".join(packed_tightly(pages))
    assert sum(page[5] & 1 for page in sounds.ogg_pages(data)) > 1
    whole = opened(tmp_path, data).segment.pcm
    assert np.array_equal(whole, opened(tmp_path, b"".join(pages)).segment.pcm)
    (tmp_path / "file.bin").write_bytes(data)
    with (
        open_source(str(tmp_path / "file.bin")) as source,
        open_decoder(source, inspect(source.data)) as decoder,
    ):
        for frame in range(0, len(noise), 10_000):
            decoder.seek(frame)
            found = decoder.format.buffer(100)
            assert decoder.read(found) == 100
            np.testing.assert_allclose(found.T, whole[:, frame : frame + 100], atol=1e-4)


def test_an_ogg_whose_first_page_does_not_match_its_checksum(tmp_path):
    """libsndfile passes over the page, and does not know the codec of the others."""
    data = sounds.encoded(tmp_path, "vorbis")
    assert refusal(tmp_path, data[:22] + bytes(4) + data[26:]).reason is Reason.CHECKSUM_MISMATCH


def packed_tightly(pages):
    """The pages of an Opus stream of packets of 20 ms, but with as many pieces of packets as a page can hold."""
    head, tags, *pages = pages
    lacing = [size for page in pages for size in page[27 : 27 + page[26]]]
    body = b"".join(page[27 + page[26] :] for page in pages)
    final, packets = pages[-1][6:14], 0
    yield from (head, tags)
    for number, at in enumerate(range(0, len(lacing), 255)):
        sizes = lacing[at : at + 255]
        packets += sum(size < 255 for size in sizes)
        is_last = at + 255 >= len(lacing)
        flags = (at > 0 and lacing[at - 1] == 255) | 4 * is_last
        position = final if is_last else struct.pack("<q", 960 * packets)
        page = b"OggS\0" + bytes([flags]) + position + head[14:18] + struct.pack("<I", number + 2) + bytes(4)
        yield sounds.sealed(page + bytes([len(sizes), *sizes]) + body[: sum(sizes)])
        body = body[sum(sizes) :]


def test_an_opus_that_does_not_say_the_rate_of_its_input(tmp_path):
    data = sounds.encoded(tmp_path, "opus")
    first, *others = sounds.ogg_pages(data)
    silent = sounds.sealed(first[:-7] + bytes(4) + first[-3:])
    plain, found = opened(tmp_path, data), opened(tmp_path, silent + b"".join(others))
    assert np.array_equal(found.segment.pcm, plain.segment.pcm)
    assert found.identity.sample_rate_hz == 48_000


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_a_link_of_an_ogg_that_does_not_end_is_noted(tmp_path, kind):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    identity = opened(tmp_path, b"".join(pages[:-3] + pages)).identity
    assert identity.notes == (LENGTH_UNKNOWN,)
    assert opened(tmp_path, b"".join(pages + pages)).identity.notes == ()


def test_bytes_between_joined_oggs_do_not_change_the_hash(tmp_path):
    data = sounds.encoded(tmp_path, "vorbis")
    plain, tagged = (opened(tmp_path, data + between + data).identity for between in (b"", sounds.ID3V1))
    assert (plain.frames, plain.audio_hash) == (tagged.frames, tagged.audio_hash)


def test_an_ogg_that_declares_a_little_more_than_it_holds_is_noted(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    later = int.from_bytes(last[6:14], "little") + 5000
    data = b"".join([*pages, sounds.sealed(last[:6] + later.to_bytes(8, "little") + last[14:])])
    identity = opened(tmp_path, data).identity
    assert identity.notes == (FRAMES_MISSING,)
    assert identity.missing_s == pytest.approx(5000 / 44_100, abs=0.01)  # the last block holds a little more


def test_mono_joined_to_stereo_stands_in_both_channels(tmp_path):
    parts = [sounds.encoded(tmp_path, "vorbis", sounds.music(0.5, channels=n)) for n in (1, 2)]
    mono, stereo = (opened(tmp_path, part).segment.pcm for part in parts)
    joined = opened(tmp_path, parts[0] + parts[1])
    assert np.array_equal(joined.segment.pcm, np.hstack([np.repeat(mono, 2, 0), stereo]))
    assert joined.identity.notes == (MONO_IN_BOTH,)


def test_speech_at_a_low_rate_is_the_same_after_a_seek(tmp_path):
    """Opus of narrow band remembers longer than the 80 ms that libsndfile goes back."""
    sounds.encoded(tmp_path, "opus", 0.2 * sounds.music(20.0, 8000, 1), 8000)
    path = str(tmp_path / "made.opus")
    whole = open_segment(path, block=1024).segment
    cut = {"borders": (12 * 8000,), "frames": whole.total, "block": 1024}
    part = open_segment(path, index=1, **cut).segment
    assert np.array_equal(part.pcm, whole.pcm[:, part.start :])


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_that_was_broken_off_at_a_page_is_read_and_noted(tmp_path, kind):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind, sounds.music(5.0, 48_000), 48_000))
    whole = opened(tmp_path, b"".join(pages)).segment.pcm
    found = opened(tmp_path, b"".join(pages[:-1]))
    assert found.identity.notes == (LENGTH_UNKNOWN,)
    frames = found.identity.frames
    assert frames == int.from_bytes(pages[-2][6:14], "little") - (312 if kind == "opus" else 0)
    assert np.array_equal(found.segment.pcm, whole[:, :frames])


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_cannot_claim_more_than_two_weeks(tmp_path, kind):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    claim = sounds.sealed(last[:6] + (1 << 60).to_bytes(8, "little") + last[14:])
    assert refusal(tmp_path, b"".join([*pages, claim])).reason is Reason.CHECKSUM_MISMATCH


def test_an_ogg_in_which_no_stream_begins(tmp_path):
    pages = sounds.ogg_pages(sounds.encoded(tmp_path, "vorbis"))
    assert "no Ogg stream begins" in refusal(tmp_path, b"".join(pages[1:])).message


class Counted:
    """Bytes of an object in a store; ``read`` says how many of them were asked for."""

    def __init__(self, data):
        self.data, self.size, self.read = data, len(data), 0

    def read_at(self, offset, length):
        found = self.data[offset : offset + length]
        self.read += len(found)
        return found


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_an_ogg_in_a_store_with_another_stream_first_is_planned(tmp_path, kind):
    head, *pages = sounds.ogg_pages(sounds.encoded(tmp_path, kind))
    other = [page[:14] + b"kate" + page[18:] for page in (head, *pages)]
    other[0] = other[0][:28] + b"fishead\0" + other[0][36:]
    mixed = [other[0], head, *(page for pair in zip(other[1:], pages) for page in pair)]
    data = b"".join(map(sounds.sealed, mixed))
    source = OpenSource("gs://a/b.ogg", Stat(len(data), "1"), Literal(data))
    with open_decoder(source, inspect(source.data, whole=False)) as decoder:
        assert decoder.frames == opened(tmp_path, data).identity.frames


def test_opus_in_a_store_is_inspected_by_its_start_and_its_end(tmp_path):
    *pages, last = sounds.ogg_pages(sounds.encoded(tmp_path, "opus"))
    page = pages[-1][:26] + b"\xff" * 256 + bytes(255 * 255)
    source = Counted(b"".join([*pages, page * 60, last]))
    inspect(source, whole=False)
    assert source.read < source.size // 2


END, BEGINNING = 4, 2


def with_flags(page, flags):
    return sounds.sealed(page[:5] + bytes([flags]) + page[6:])


def empty_end(last, number, position):
    """A page that holds nothing and ends the stream of the page before."""
    head = b"OggS\0" + struct.pack("<Bq", END, position) + last[14:18] + struct.pack("<I4xB", number, 0)
    return sounds.sealed(head)


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """Pages of five seconds in each of the codecs."""
    folder = tmp_path_factory.mktemp("streams")
    five_seconds = sounds.music(5.0, 48_000)
    codes = np.round(sounds.music(1.0) * 32767).astype(np.int64)
    made = {kind: sounds.encoded(folder, kind, five_seconds, 48_000) for kind in ("vorbis", "opus")}
    return {kind: sounds.ogg_pages(data) for kind, data in (made | {"flac": sounds.ogg_flac(codes)}).items()}


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac"])
@pytest.mark.parametrize("which", ["first", "tags", "middle", "all"])
def test_a_flag_of_the_end_before_the_last_page_ends_nothing(tmp_path, streams, kind, which):
    pages = streams[kind]
    whole = opened(tmp_path, b"".join(pages)).segment.pcm
    places = {"first": [0], "tags": [1], "middle": [len(pages) // 2], "all": range(len(pages))}[which]
    flagged = [with_flags(page, page[5] | END) if at in places else page for at, page in enumerate(pages)]
    found = opened(tmp_path, b"".join(flagged))
    assert np.array_equal(found.segment.pcm, whole)
    assert found.identity.notes == ()
    twice = opened(tmp_path, b"".join(flagged + flagged))
    assert np.array_equal(twice.segment.pcm, np.hstack([whole, whole]))


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac"])
@pytest.mark.parametrize("position", ["right", -1, 0])
def test_an_empty_page_may_end_the_stream(tmp_path, streams, kind, position):
    *pages, last = streams[kind]
    whole = opened(tmp_path, b"".join([*pages, last])).segment.pcm
    place = int.from_bytes(last[6:14], "little") if position == "right" else position
    found = opened(tmp_path, b"".join([*pages, with_flags(last, 0), empty_end(last, len(pages) + 1, place)]))
    assert np.array_equal(found.segment.pcm, whole)
    assert found.identity.notes == ()


def test_an_empty_page_may_say_where_an_opus_ends(tmp_path, streams):
    *pages, last = streams["opus"]
    frames = opened(tmp_path, b"".join([*pages, last])).identity.frames
    end = int.from_bytes(last[6:14], "little") - 300
    found = opened(tmp_path, b"".join([*pages, with_flags(last, 0), empty_end(last, len(pages) + 1, end)]))
    assert found.identity.frames == frames - 300


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac"])
def test_pages_of_a_stream_that_never_began_are_noticed(tmp_path, streams, kind):
    pages = streams[kind]
    middle = len(pages) // 2
    other = [sounds.sealed(page[:14] + b"twin" + page[18:]) for page in pages[middle:]]
    reasons = (Reason.CHECKSUM_MISMATCH, Reason.TRUNCATED)
    assert refusal(tmp_path, b"".join(pages[:middle] + other)).reason in reasons
    assert refusal(tmp_path, b"".join([*pages[:middle], other[0], *pages[middle:]])).reason in reasons


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_audio_that_ends_at_sample_0_is_not_taken_for_none(tmp_path, streams, kind):
    first, second, *pages = streams[kind]
    nowhere = [sounds.sealed(page[:6] + bytes(8) + page[14:]) for page in pages]
    assert refusal(tmp_path, b"".join([first, second, *nowhere])).reason is Reason.CHECKSUM_MISMATCH


def test_an_opus_of_which_more_is_to_be_skipped_than_there_is(tmp_path):
    data = sounds.encoded(tmp_path, "opus", sounds.music(0.1, 48_000), 48_000)
    head, *pages = sounds.ogg_pages(data)
    at = head.index(b"OpusHead") + 10
    (skip,) = struct.unpack_from("<H", head, at)

    def skipping(samples):
        return sounds.sealed(head[:at] + struct.pack("<H", samples) + head[at + 2 :]) + b"".join(pages)

    assert opened(tmp_path, skipping(skip + 4799)).identity.frames == 1
    assert refusal(tmp_path, skipping(skip + 4800)).reason is Reason.EMPTY
    for more in (4801, 60_000):
        error = refusal(tmp_path, skipping(skip + more))
        assert error.reason is Reason.DECODE_ERROR
        assert "to be skipped" in error.message


def test_the_last_of_several_pages_that_are_cut(tmp_path, streams):
    """The pattern that starts a page stands in what is left of the last one."""
    pages = streams["opus"]
    cut = b"".join(pages[:3]) + pages[3][:1000] + b"OggS\0" + bytes(40)
    assert refusal(tmp_path, cut).reason in (Reason.TRUNCATED, Reason.CHECKSUM_MISMATCH)
