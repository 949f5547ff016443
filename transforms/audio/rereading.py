"""Reads a file again, without measuring it, to hash its bytes and its audio.

Run as a module, it is a process that reads one file after the other, so that a file that breaks its decoder
breaks nothing else. A request is a line of JSON on standard input, an answer one on standard output.
"""

import json
import math
import subprocess
import sys
from dataclasses import asdict, dataclass
from types import TracebackType

from beamprint.transforms.audio.audio_hash import AudioHash
from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.ogg_check import check_pages
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.decoders.pcm import blocks, check_length
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.sources.source import open_source, sha256_of

_ANY_SIZE = 1 << 62
_MODULE = "beamprint.transforms.audio.rereading"


@dataclass(frozen=True, slots=True)
class Content:
    """Size of a file in bytes, and the SHA-256 of its bytes."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Audio:
    """``audio_hash`` of a file, or why it has none: a code and a message."""

    hash: str | None = None
    reason: str | None = None
    message: str = ""


def read_content(uri: str) -> Content:
    """Hash all bytes of a file or object.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``, ``changed_while_reading``.
    """
    with open_source(uri, header_only=True, limits=_limits()) as source:
        return Content(source.stat.size, sha256_of(source.data))


def read_audio(uri: str, *, accept_truncated: bool = False) -> Audio:
    """Hash the audio of a file, and check it as far as its format allows; lossless audio is decoded for that.

    Args:
        uri: path, ``file://`` uri, or object in a store.
        accept_truncated: as ``Limits.accept_truncated``.
    """
    try:
        return Audio(_hash_of(uri, _limits(accept_truncated)))
    except BadAudio as bad:
        return Audio(None, str(bad.reason), bad.message)


def _hash_of(uri: str, limits: Limits) -> str:
    with open_source(uri, limits=limits) as source:
        contents = inspect(source.data, accept_truncated=limits.accept_truncated)
        if contents.container == "ogg":
            check_pages(source.data, contents.start)
        with open_decoder(source, contents) as decoder:
            audio = AudioHash(source.data, contents, decoder.format)
            if not audio.is_coded:
                frames = 0
                for block in blocks(decoder):
                    frames += len(block)
                    if audio.takes_samples:
                        audio.add(block)
                check_length(contents, decoder, frames)
            return audio.text


def _limits(accept_truncated: bool = False) -> Limits:
    """Limits that refuse nothing of which a record could once be made."""
    return Limits(max_duration=math.inf, max_file_size=_ANY_SIZE, accept_truncated=accept_truncated)


class Reader:
    """A process that reads the audio of files; it is replaced when a file crashes it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def read_audio(self, uri: str, *, accept_truncated: bool = False) -> Audio:
        """Like the function of this name; a file that kills its decoder is a ``decoder_crash``."""
        process = self._process = self._process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([uri, accept_truncated]) + "\n")
        process.stdin.flush()
        if answer := process.stdout.readline():
            return Audio(**json.loads(answer))
        code = self._stop()
        return Audio(
            None, str(Reason.DECODER_CRASH), f"the decoder did not survive the file (exit code {code})"
        )

    def _stop(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.communicate()
        return process.returncode


def _start() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", f"from {_MODULE} import answer_all; answer_all()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what codecs print
        text=True,
        encoding="utf-8",
    )


def answer_all() -> None:
    """Answer each line of standard input until it ends, as it does when the process that asks is gone."""
    for line in sys.stdin:
        uri, accept_truncated = json.loads(line)
        print(json.dumps(asdict(read_audio(uri, accept_truncated=accept_truncated))), flush=True)
