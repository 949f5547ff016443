import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp.grid import (
    BLOCK_LENGTH,
    HALO_SECONDS,
    Span,
    aligned,
    analysis_length,
    decoded_span,
    segment_bounds,
)


def test_a_track_without_borders_is_one_segment():
    (bounds,) = segment_bounds(1000, 48_000)
    assert (bounds.own, bounds.own_y, bounds.count) == ((0, 1000), (0, 919), 1)
    assert bounds.is_last


def test_a_border_moves_to_the_next_block_edge_of_both_grids():
    first, second = segment_bounds(10 * BLOCK_LENGTH, 88_200, [BLOCK_LENGTH + 1])
    assert first.own == (0, 2 * BLOCK_LENGTH)
    assert first.own_y == (0, BLOCK_LENGTH)
    assert (second.own.start, second.own_y.start) == (first.own.stop, first.own_y.stop)


@pytest.mark.parametrize("border", [0, 10 * BLOCK_LENGTH - 1, 10 * BLOCK_LENGTH])
def test_a_border_that_would_leave_nothing_is_dropped(border):
    assert len(segment_bounds(10 * BLOCK_LENGTH, 44_100, [border])) == 1


@given(
    total=st.integers(1, 3_000_000),
    rate=st.sampled_from([8000, 22_050, 44_100, 48_000, 96_000, 192_000]),
    borders=st.lists(st.integers(0, 3_000_000), max_size=8).map(sorted),
)
def test_segments_cover_both_grids_without_gap_or_overlap(total, rate, borders):
    cut = segment_bounds(total, rate, borders, block=8192)
    for grid, length in (("own", total), ("own_y", analysis_length(total, rate))):
        spans = [getattr(bounds, grid) for bounds in cut]
        assert spans[0].start == 0
        assert spans[-1].stop == length
        assert all(a.stop == b.start for a, b in zip(spans, spans[1:]))
        assert all(span.start % 8192 == 0 and span.length > 0 for span in spans)


@given(total=st.integers(1, 30_000_000), border=st.integers(0, 30_000_000))
def test_the_decoded_span_holds_the_own_samples_and_a_halo(total, border):
    for bounds in segment_bounds(total, 48_000, [border]):
        span = decoded_span(bounds, total, 48_000)
        halo = int(HALO_SECONDS * 48_000)
        assert span.start <= max(0, bounds.own.start - halo)
        assert span.stop >= min(total, bounds.own.stop + halo)
        assert span.start * 44_100 <= max(0, bounds.own_y.start * 48_000 - halo * 44_100) + 48_000


def test_an_aligned_span_is_cut_at_the_multiples_of_a_length():
    assert list(aligned(Span(5, 21), 8)) == [(5, 8), (8, 16), (16, 21)]
    assert list(aligned(Span(8, 16), 8)) == [(8, 16)]
    assert not list(aligned(Span(8, 8), 8))
