"""Bytes as a file that is opened, or refused."""

import pytest

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.track import open_segment


def opened(tmp_path, data, **options):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    return open_segment(str(path), **options)


def refusal(tmp_path, data, **options):
    with pytest.raises(BadAudio) as caught:
        opened(tmp_path, data, **options)
    return caught.value
