"""WMA: the Advanced Systems Format (ASF), whose header declares the number and size of its data packets."""

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Packets,
    damaged,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes

_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_STREAM_PROPERTIES = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_ENCRYPTION = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_LARGEST_HEADER = 16 << 20
_BROADCAST = 1
_MAX_OBJECTS = 10_000
_DATA_HEADER = 50
_PACKETS, _PACKET_SIZE = slice(32, 40), slice(68, 72)
_MILLISECONDS = 1000
_HUNDREDS_OF_NS = 10_000


def is_asf(head: bytes) -> bool:
    return head[:16] == _HEADER


def inspect_asf(data: Bytes, base: int) -> Contents:
    """Check the declared size of the data object, and its packets, against the file's.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    size = int.from_bytes(read_exactly(data, base, 30, "header")[16:24], "little")
    if base + size > data.size:
        raise truncated(f"the file ends within its header of {size} bytes")
    if size > _LARGEST_HEADER:
        raise damaged(f"an ASF header of {size} bytes is too large")
    properties, sound = _objects(read_exactly(data, base, size, "header"), base)
    at = base + size
    found = read_exactly(data, at, _DATA_HEADER, "data object")
    if found[:16] != _DATA:
        raise damaged("no data object follows the ASF header")
    start = at + _DATA_HEADER
    stop, length = data.size, None
    is_live = bool(int.from_bytes(properties[64:68], "little") & _BROADCAST)
    if not is_live:
        count, each = (int.from_bytes(properties[place], "little") for place in (_PACKETS, _PACKET_SIZE))
        stop = max(at + int.from_bytes(found[16:24], "little"), start + count * each)
        preroll = int.from_bytes(properties[56:64], "little")
        length = max(0, int.from_bytes(properties[40:48], "little") // _HUNDREDS_OF_NS - preroll)
        _check_packets(data, start, min(count, (data.size - start) // max(1, each)), each)
    audio = (*sound, Extent(start, min(stop, data.size)))
    # No field says how much the encoder added at the start, and FFmpeg's guess can cost some of the audio.
    packets = Packets(_MILLISECONDS, length=length, even=False)
    contents = Contents("asf", base, length_known=not is_live, audio=audio, packets=packets)
    if stop > data.size:
        raise truncated(f"the last {stop - data.size} bytes of the data packets are missing", contents)
    _refuse_another(data, stop)
    return contents


def _check_packets(data: Bytes, start: int, count: int, size: int) -> None:
    """Make sure that all packets start in the same way; decoders skip other bytes between them without an error.

    Raises:
        BadAudio: ``decode_error``.
    """
    first = data.read_at(start, 1)
    for number in range(count):
        if data.read_at(start + number * size, 1) != first:
            raise damaged(f"packet {number} of {count} does not start where it should")


def _refuse_another(data: Bytes, position: int) -> None:
    """Skip the objects after the data, which are indexes.

    Raises:
        BadAudio: ``unsupported_format``, another file follows.
    """
    for _ in range(_MAX_OBJECTS):
        refuse_another(data, position, is_asf)
        size = int.from_bytes(data.read_at(position + 16, 8), "little")
        if size < 24 or position + size >= data.size:
            return
        position += size


def _objects(header: bytes, base: int) -> tuple[bytes, list[Extent]]:
    """The body of the file properties, and where the sound stream's properties lie.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``.
    """
    properties, sound, position = b"", [], 30
    while position + 24 <= len(header):
        size = int.from_bytes(header[position + 16 : position + 24], "little")
        if size < 24 or position + size > len(header):
            raise damaged(f"an object of {size} bytes does not fit into an ASF header of {len(header)}")
        name, body = header[position : position + 16], header[position + 24 : position + size]
        if name == _FILE_PROPERTIES:
            properties = body
        elif name == _STREAM_PROPERTIES and body[:16] == _AUDIO:
            sound.append(Extent(base + position, base + position + size))
        elif name == _ENCRYPTION:
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, "the audio is encrypted")
        position += size
    if len(properties) < 80:
        raise damaged("no file properties in the ASF header")
    if not sound:
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, "an ASF file without sound")
    return properties, sound
