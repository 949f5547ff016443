"""The step that decodes."""

from beamprint.dsp.segment import Segment
from beamprint.runners import in_memory
from beamprint.transforms.decode_audio import DecodeAudio
from beamprint.transforms.features import SpectralFeatures
from beamprint.transforms.model import Range, Track
from beamprint.transforms.ranges import read_range
from beamprint.transforms.read_manifest import ReadManifest
from tests.sounds import song, write

made: list[Segment] = []
held: list[int] = []


def decode(work):
    """Note how many segments made before still hold something, and decode the next one."""
    held.append(sum(bool(vars(segment)) for segment in made))
    decoded = read_range(work)
    made.append(decoded.segment)
    return decoded


def test_a_segment_is_emptied_before_the_next_is_decoded_whoever_keeps_it(tmp_path):
    paths = [str(write(tmp_path / f"{i}.wav", song(1.0, seed=i))) for i in range(4)]
    ranges = [Range(Track(path, path)) for path in paths]

    def build(pipeline):
        decoded, _ = pipeline | ReadManifest(lambda: ranges) | DecodeAudio(decode)
        decoded | SpectralFeatures()

    in_memory.run_serialised(in_memory.serialise(build))
    assert held == [0, 0, 0, 0]
    assert not vars(made[-1])
