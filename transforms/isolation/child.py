"""The decoder's process: calls what its parent asks for, until the parent is gone.

It loads neither Beam nor the measurements, and takes a quarter of a second to start.
"""

import os
import pickle
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import replace
from typing import Any

import numpy as np

from beamprint.dsp import memory
from beamprint.dsp.arrays import Float32
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.isolation.blocks import OwnBlocks
from beamprint.transforms.isolation.messages import Answer, Placed, Request, receive, send
from beamprint.transforms.model import Decoded

_NOTHING = np.empty((0, 0), np.float32)


def serve(parent: socket.socket) -> None:
    """Answer requests."""
    blocks = OwnBlocks()
    memory.take_from(blocks.new)
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(parent, inbox), daemon=True).start()
    while True:
        request = inbox.get()
        blocks.take_back(request.returned)
        answer = _answer(request, blocks)
        new, gone, descriptors = blocks.changes()
        send(parent, replace(answer, new=new, gone=gone), descriptors)


def _receive(parent: socket.socket, inbox: "queue.SimpleQueue[Request]") -> None:
    """Queue requests; end this process, whatever it is doing, when the parent is gone."""
    try:
        while True:
            inbox.put(receive(parent)[0])
    except (EOFError, OSError):
        os._exit(0)


def _answer(request: Request, blocks: OwnBlocks) -> Answer:
    began = time.process_time_ns()
    try:
        found = request.function(request.work)
    except MemoryError:
        return Answer(BadAudio(Reason.OUT_OF_MEMORY, "the decoder ran out of memory"), raised=True)
    except BadAudio as bad:
        bad.rest = None
        return Answer(bad, raised=True)
    except Exception as bug:  # noqa: BLE001  the parent raises it
        text = "".join(traceback.format_exception(bug))
        return Answer(bug if _is_picklable(bug) else RuntimeError(repr(bug)), raised=True, traceback=text)
    placed = None
    if isinstance(found, Decoded):
        placed = _placed(found.segment.pcm, blocks)
        if placed is not None:
            found = replace(found, segment=replace(found.segment, pcm=_NOTHING))
    return Answer(found, placed=placed, cpu_ns=time.process_time_ns() - began)


def _placed(samples: Float32, blocks: OwnBlocks) -> Placed | None:
    """Place of samples; None for few, which go with the answer."""
    placed = blocks.lend(samples)
    if placed is None and samples.nbytes >= memory.SMALLEST:
        shared = memory.empty(*samples.shape)
        shared[:] = samples
        placed = blocks.lend(shared)
    return placed


def _is_picklable(bug: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(bug))
    except Exception:  # noqa: BLE001  whatever an exception's own code raises
        return False
    return True


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides when this process ends
    serve(socket.socket(fileno=int(sys.argv[1])))
