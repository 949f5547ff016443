"""Messages between a process and its decoder: a pickled object, and descriptors of memory, over a Unix socket."""

import array
import pickle
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_LENGTH = struct.Struct("<Q")
_MOST_DESCRIPTORS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """A call.

    Attributes:
        function: What to call.
        work: Its argument.
        returned: Numbers of blocks that the parent does not use any more.
    """

    function: Callable[[Any], Any]
    work: Any
    returned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """Samples in a shared block: float32, C-contiguous.

    Attributes:
        block: Number of the block.
        offset: Byte of the block at which the samples begin.
        shape: (channels, samples).
    """

    block: int
    offset: int
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call.

    Attributes:
        found: The function's result without samples, or its exception.
        raised: Whether it raised.
        traceback: Traceback of a bug.
        placed: Where the samples are, if there are any.
        new: (number, bytes) of each block whose descriptor comes with the answer.
        gone: Numbers of blocks that will not be used again.
        cpu_ns: CPU nanoseconds spent.
    """

    found: Any
    raised: bool = False
    traceback: str = ""
    placed: Placed | None = None
    new: tuple[tuple[int, int], ...] = ()
    gone: tuple[int, ...] = ()
    cpu_ns: int = 0


def send(peer: socket.socket, message: Request | Answer, descriptors: Sequence[int] = ()) -> None:
    """Send a message.

    Raises:
        OSError: The peer is gone.
    """
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    peer.sendmsg([_LENGTH.pack(len(content))], rights)
    peer.sendall(content)


def receive(peer: socket.socket) -> tuple[Any, list[int]]:
    """The next message, and the descriptors that came with it.

    Raises:
        EOFError: The peer is gone.
        OSError: The same.
    """
    room = socket.CMSG_SPACE(_MOST_DESCRIPTORS * array.array("i").itemsize)
    head, rights, _, _ = peer.recvmsg(_LENGTH.size, room, socket.MSG_WAITALL)
    if len(head) < _LENGTH.size:
        raise EOFError
    descriptors = array.array("i")
    for _, _, data in rights:
        descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    content = memoryview(bytearray(_LENGTH.unpack(head)[0]))
    filled = 0
    while filled < len(content):
        got = peer.recv_into(content[filled:])
        if not got:
            raise EOFError
        filled += got
    return pickle.loads(content), list(descriptors)
