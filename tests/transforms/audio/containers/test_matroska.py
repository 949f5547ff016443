"""Matroska: clusters that are missing, moved or repeated are told by the times of their packets."""

import av
import pytest

from beamprint.transforms.audio.errors import Reason
from tests.transforms.audio import packets, sounds
from tests.transforms.audio.opening import opened, refusal

MUSIC = sounds.music(4.0, 48_000)
CLUSTER = b"\x1f\x43\xb6\x75"
SEGMENT = b"\x18\x53\x80\x67"
KINDS = ["mka-aac", "mka-flac", "webm-opus"]


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory):
    """A file's header and its clusters; the segment's size is left open, as a live stream's is."""
    path = tmp_path_factory.mktemp("clusters") / "made.mka"
    short = {"cluster_time_limit": "600"}
    data = packets.encode(path, request.param, MUSIC, 48_000, options=short)
    header, *clusters = data.split(CLUSTER)
    at = header.index(SEGMENT) + len(SEGMENT)
    open_ended = header[:at] + b"\x01" + b"\xff" * 7 + header[at + 8 :]
    assert len(clusters) > 5
    return open_ended, [CLUSTER + cluster for cluster in clusters]


def test_all_clusters_are_read(tmp_path, made):
    header, clusters = made
    found = opened(tmp_path, header + b"".join(clusters)).identity
    assert len(MUSIC) <= found.frames <= len(MUSIC) + 2048


@pytest.mark.parametrize(
    "order", [[0, 1, 2, 4, 5], [0, 1, 3, 2, 4, 5], [0, 1, 2, 2, 3, 4, 5]], ids=["missing", "swapped", "twice"]
)
def test_clusters_are_missed(tmp_path, made, order):
    header, clusters = made
    error = refusal(tmp_path, header + b"".join(clusters[at] for at in order))
    assert error.reason is Reason.DECODE_ERROR
    assert " s of audio " in error.message


def test_a_cluster_that_became_padding_is_missed(tmp_path, made):
    header, clusters = made
    size = len(clusters[3]) - 9
    clusters = [*clusters[:3], b"\xec\x01" + size.to_bytes(7, "big") + bytes(size), *clusters[4:]]
    assert refusal(tmp_path, header + b"".join(clusters)).reason is Reason.DECODE_ERROR


def test_a_stream_may_be_recorded_from_its_middle_on(tmp_path, made):
    header, clusters = made
    assert opened(tmp_path, header + b"".join(clusters[2:])).identity.frames < len(MUSIC)


def test_packets_of_silence_may_be_left_out(tmp_path):
    """As calls are recorded: Opus sends a packet every 0.4 s where there is silence."""
    step, rate = 960, 48_000
    left_out = [0] * 50 + [1] * 19 + [0] + [1] * 19 + [0] * 50
    path = tmp_path / "made.webm"
    packets.encode(path, "webm-opus", sounds.music(len(left_out) * step / rate, rate), rate)
    with av.open(str(path)) as source, av.open(str(tmp_path / "left.webm"), "w") as file:
        stream = source.streams.audio[0]
        copy = file.add_stream_from_template(stream)
        for packet, is_left_out in zip(source.demux(stream), left_out, strict=False):
            if packet.size and not is_left_out:
                packet.stream = copy
                file.mux(packet)
    found = opened(tmp_path, (tmp_path / "left.webm").read_bytes()).identity
    assert found.frames == pytest.approx(step * left_out.count(0), abs=2 * step)


def test_a_header_without_clusters_is_empty(tmp_path, made):
    header, _ = made
    assert refusal(tmp_path, header).reason is Reason.EMPTY
