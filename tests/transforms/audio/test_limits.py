"""A refusal by a limit names the option, and what is left of a truncated file can be accepted."""

import numpy as np
import pytest

from beamprint.transforms.audio.containers.contents import (
    TRUNCATED,
)
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.limits import Limits
from tests.transforms.audio import sounds
from tests.transforms.audio.opening import opened, refusal


@pytest.mark.parametrize(
    ("limits", "option", "reason"),
    [
        (Limits(max_duration=1.0), "--max-duration", Reason.TOO_LARGE),
        (Limits(max_file_size=1000), "--max-file-size", Reason.TOO_LARGE),
        (Limits(max_channels=1), "--max-channels", Reason.UNSUPPORTED_FORMAT),
        (Limits(max_rate=22_050), "--max-rate", Reason.UNSUPPORTED_FORMAT),
    ],
)
def test_a_refusal_by_a_limit_names_the_option(tmp_path, limits, option, reason):
    error = refusal(tmp_path, sounds.encoded(tmp_path, "wav"), limits=limits)
    assert error.reason is reason
    assert option in error.message


@pytest.mark.parametrize("kind", [kind for kind in sounds.ENCODINGS if kind != "alac"])
def test_the_audio_of_a_truncated_file_can_be_accepted(tmp_path, kind):
    data = sounds.encoded(tmp_path, kind)
    whole = opened(tmp_path, data).segment.pcm
    found = opened(tmp_path, data[: int(0.8 * len(data))], limits=Limits(accept_truncated=True))
    pcm = found.segment.pcm
    assert 0.5 < pcm.shape[1] / whole.shape[1] < 0.9
    assert found.identity.notes == (TRUNCATED,)
    missing_s = refusal(tmp_path, data[: int(0.8 * len(data))]).missing_s
    assert found.identity.missing_s == missing_s
    if kind in ("vorbis", "opus"):  # the length of the missing part is not declared
        assert missing_s is None
    else:
        frame = 2 * 4096  # samples of the largest frame or block, which may be cut
        assert missing_s * 44_100 == pytest.approx(whole.shape[1] - pcm.shape[1], abs=frame)
    sure = pcm.shape[1] - 2 * 1152  # the end of a cut MP3 lacks what the next frame would have added
    assert np.array_equal(pcm[:, :sure], whole[:, :sure])
