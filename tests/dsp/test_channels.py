import pytest

from beamprint.dsp.channels import (
    Speaker,
    UnsupportedLayout,
    full_range_channels,
    layout_of,
    loudness_weights,
    mono_mix_channels,
    stereo_pair,
)

FRONT, SURROUND, REAR, NONE = 1.0, 1.41, 1.0, 0.0


def names(layout):
    return " ".join(speaker.value for speaker in layout)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (1, "M"),
        (2, "L R"),
        (3, "L R C"),
        (4, "L R Ls Rs"),
        (5, "L R C Ls Rs"),
        (6, "L R C LFE Ls Rs"),
        (7, "L R C LFE Cs Ls Rs"),
        (8, "L R C LFE Lb Rb Ls Rs"),
    ],
)
def test_without_a_mask_channels_come_in_the_order_of_flac(channels, expected):
    assert names(layout_of(channels)) == expected


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (1, "M"),
        (2, "L R"),
        (3, "L C R"),
        (4, "L R Ls Rs"),
        (5, "L C R Ls Rs"),
        (6, "L C R Ls Rs LFE"),
        (7, "L C R Ls Rs Cs LFE"),
        (8, "L C R Ls Rs Lb Rb LFE"),
    ],
)
def test_vorbis_and_opus_have_the_order_of_the_vorbis_specification(channels, expected):
    assert names(layout_of(channels, vorbis_order=True)) == expected


@pytest.mark.parametrize(
    ("channels", "mask", "expected", "weights"),
    [
        (1, 0x4, "C", [FRONT]),
        (2, 0x3, "L R", [FRONT, FRONT]),
        (3, 0x7, "L R C", [FRONT] * 3),
        (4, 0x33, "L R Lb Rb", [FRONT, FRONT, SURROUND, SURROUND]),
        (5, 0x37, "L R C Lb Rb", [FRONT] * 3 + [SURROUND] * 2),
        (5, 0x607, "L R C Ls Rs", [FRONT] * 3 + [SURROUND] * 2),
        (6, 0x3F, "L R C LFE Lb Rb", [FRONT] * 3 + [NONE] + [SURROUND] * 2),
        (6, 0x60F, "L R C LFE Ls Rs", [FRONT] * 3 + [NONE] + [SURROUND] * 2),
        (7, 0x70F, "L R C LFE Cs Ls Rs", [FRONT] * 3 + [NONE, REAR] + [SURROUND] * 2),
        (8, 0x63F, "L R C LFE Lb Rb Ls Rs", [FRONT] * 3 + [NONE] + [REAR] * 2 + [SURROUND] * 2),
        (6, 0x2D003, "L R height height height height", [FRONT] * 6),
    ],
)
def test_a_mask_names_the_speakers_and_bs1770_weighs_them(channels, mask, expected, weights):
    layout = layout_of(channels, mask=mask)
    assert names(layout) == expected
    assert loudness_weights(layout) == weights


def test_the_mask_wins_over_the_container():
    assert names(layout_of(3, mask=0x103, vorbis_order=True)) == "L R Cs"


@pytest.mark.parametrize(
    ("channels", "mask"),
    [(0, 0), (9, 0), (2, 0x7), (3, 0x3), (1, 1 << 18), (2, (1 << 31) | 1), (2, 0x30), (1, 0x8)],
)
def test_a_layout_that_cannot_be_known_or_mixed_is_refused(channels, mask):
    with pytest.raises(UnsupportedLayout):
        layout_of(channels, mask=mask)


def test_the_mono_mix_is_left_right_and_centre():
    assert mono_mix_channels(layout_of(6, vorbis_order=True)) == [0, 1, 2]
    assert mono_mix_channels(layout_of(6, mask=0x3F)) == [0, 1, 2]
    assert mono_mix_channels(layout_of(4)) == [0, 1]
    assert mono_mix_channels(layout_of(1)) == [0]


def test_the_low_frequency_effects_are_not_full_range():
    assert full_range_channels(layout_of(6)) == [0, 1, 2, 4, 5]
    assert full_range_channels(layout_of(6, vorbis_order=True)) == [0, 1, 2, 3, 4]


def test_left_and_right_are_found_in_any_order():
    assert stereo_pair(layout_of(6, vorbis_order=True)) == (0, 2)
    assert stereo_pair(layout_of(2)) == (0, 1)
    assert stereo_pair(layout_of(1)) == (0, 0)
    assert stereo_pair((Speaker.C, Speaker.LFE)) is None
