"""Limits for files, whatever they claim: a header must not cost a worker its time or memory."""

from dataclasses import dataclass

from beamprint.transforms.audio.errors import BadAudio, Reason

DECODERS = ("libsndfile", "ffmpeg")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and options of reading a file.

    Args:
        max_duration: seconds of audio.
        max_file_size: bytes of a file or object.
        max_channels: number of channels; more than eight cannot be measured.
        max_rate: samples a second; more than 768 000 cannot be measured.
        accept_truncated: measure what is there of a file that ends before its audio does, with a note.
        decoder: which decoder reads Ogg Vorbis where both can, one of ``DECODERS``.
    """

    max_duration: float = 24 * 3600.0
    max_file_size: int = 16 << 30
    max_channels: int = 8
    max_rate: int = 768_000
    accept_truncated: bool = False
    decoder: str = "libsndfile"

    def check_size(self, uri: str, size: int) -> None:
        """Refuse a large file.

        Raises:
            BadAudio: ``too_large``.
        """
        if size > self.max_file_size:
            raise BadAudio(
                Reason.TOO_LARGE, f"{uri} has {size} bytes; --max-file-size allows {self.max_file_size}"
            )

    def check_format(self, rate: int, channels: int) -> None:
        """Refuse a high rate or many channels.

        Raises:
            BadAudio: ``unsupported_format``.
        """
        if rate > self.max_rate:
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"{rate} Hz; --max-rate allows {self.max_rate}")
        if channels > self.max_channels:
            raise BadAudio(
                Reason.UNSUPPORTED_FORMAT, f"{channels} channels; --max-channels allows {self.max_channels}"
            )

    def check_duration(self, frames: int | None, rate: int) -> None:
        """Refuse a long track.

        Raises:
            BadAudio: ``too_large``.
        """
        if frames is not None and frames > self.max_duration * rate:
            raise BadAudio(
                Reason.TOO_LARGE,
                f"{frames / rate:.0f} s of audio; --max-duration allows {self.max_duration:.0f}",
            )


DEFAULT_LIMITS = Limits()
