"""Tracks packed into columns are the tracks that they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.pipeline.catalogue import packed_tracks
from beamprint.pipeline.catalogue.packed_tracks import PackedTracks
from beamprint.transforms.model import Track

TEXT = st.text(max_size=8)
TRACKS = st.lists(
    st.builds(
        Track,
        TEXT,
        TEXT,
        st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        st.none() | st.integers(0, 2**62),
        st.none() | TEXT,
    ),
    max_size=12,
)


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed_tracks, "_BLOCK", 3)
        yield


@given(TRACKS)
def test_tracks_come_back_as_they_were(tracks):
    packed = PackedTracks(iter(tracks))
    assert len(packed) == len(tracks)
    assert list(packed) == tracks
    assert list(packed.ids()) == [track.track_id for track in tracks]


@given(TRACKS, st.data())
def test_any_of_them_can_be_taken_in_any_order(tracks, data):
    positions = data.draw(st.permutations(range(len(tracks))))[: len(tracks) // 2]
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(positions))] * 2)))
    chosen = PackedTracks(tracks).at(np.array(positions, np.int64))
    assert list(chosen) == [tracks[i] for i in positions]
    assert list(chosen.between(start, stop)) == [tracks[i] for i in positions[start:stop]]
