"""Sliding median of 31 bytes by a selection network of minima and maxima, executed on whole slabs at once.

Sixteen neighbouring windows (a tile) share a core of sixteen values. Only values that can still become
the median are carried on while windows split into halves, quarters and pairs. About 26 minima or maxima
an output remain (Batcher's odd-even merges, without results that no output needs).
"""

import threading
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from beamprint.dsp.arrays import UInt8

_Call = tuple[np.ufunc, UInt8, UInt8, UInt8]

WINDOW = 31
TILE = 16
_KERNELS_HELD = 64


class SlidingMedian:
    """Median of 31 consecutive rows of uint8, for each column.

    Holds the network bound to working memory, so that blocks of one width cost no set-up. Not for use by
    several threads at once: see ``kernel``.

    Parameters
    ----------
    columns : int
    tiles : int
        Tiles of 16 rows worked on at once. ``tiles * columns`` of 16 to 32 KB is best: enough to hide the
        cost of a call, and little enough for the cache.
    every : int
        1, 2, 4 or 8: evaluate only outputs 0, ``every``, 2 ``every`` ...
    memory : uint8, shape (n,), optional
        Working memory to share with others; at least ``memory_needed`` bytes.
    """

    def __init__(self, columns: int, tiles: int, *, every: int = 1, memory: UInt8 | None = None) -> None:
        self.columns, self.tiles, self.every = columns, tiles, every
        if memory is None:
            memory = np.empty(memory_needed(columns, tiles, every), np.uint8)
        slab = (tiles + 2) * columns
        self._inputs = memory[: TILE * slab].reshape(TILE, tiles + 2, columns)
        outputs = TILE // every * tiles * columns
        self._outputs = memory[TILE * slab :][:outputs].reshape(-1, tiles, columns)
        work = memory[TILE * slab + outputs :]
        self._calls = _bound(_program(every), self._inputs, self._outputs, work)

    def __call__(self, rows: UInt8) -> UInt8:
        """Medians of rows of shape (n + 30, columns).

        Returns
        -------
        uint8, shape (ceil(n / every), columns); row i is the median of rows ``i every`` to ``i every + 30``.
        """
        tiles = -(-(len(rows) - WINDOW + 1) // TILE)
        out = np.empty((tiles, TILE // self.every, self.columns), np.uint8)
        for first in range(0, tiles, self.tiles):
            self._load(rows, TILE * first - 1)
            for operation, left, right, result in self._calls:
                operation(left, right, out=result)
            out[first : first + self.tiles] = self._outputs.transpose(1, 0, 2)[: tiles - first]
        return out.reshape(-1, self.columns)[: -(-(len(rows) - WINDOW + 1) // self.every)]

    def _load(self, rows: UInt8, start: int) -> None:
        """Put row ``start + 16 t + p`` into input p of tile t. No wanted window holds rows that do not exist."""
        inputs = self._inputs.transpose(1, 0, 2)
        if start < 0:
            inputs[0, 1:] = rows[: TILE - 1]
            inputs, start = inputs[1:], start + TILE
        held = rows[start : start + TILE * len(inputs)]
        whole = len(held) // TILE
        inputs[:whole] = held[: whole * TILE].reshape(whole, TILE, self.columns)
        if whole < len(inputs):
            inputs[whole, : len(held) - whole * TILE] = held[whole * TILE :]


def memory_needed(columns: int, tiles: int, every: int) -> int:
    """Bytes for the inputs, the outputs and the registers of the network."""
    return _program(every).registers * (tiles + 2) * columns + TILE // every * tiles * columns


class _ThreadKernels(threading.local):
    """The kernels of one thread, which share their working memory: new memory costs as much as the work."""

    def __init__(self) -> None:
        self.kernels: dict[tuple[int, int, int], SlidingMedian] = {}
        self.memory = np.empty(0, np.uint8)


_THREAD_KERNELS = _ThreadKernels()


def kernel(columns: int, tiles: int, *, every: int = 1) -> SlidingMedian:
    """A ``SlidingMedian`` of this thread, made on first use."""
    held, key = _THREAD_KERNELS, (columns, tiles, every)
    needed = memory_needed(*key)
    if needed > len(held.memory):
        held.memory = np.empty(needed, np.uint8)
        held.kernels.clear()
    if key not in held.kernels:
        if len(held.kernels) == _KERNELS_HELD:
            held.kernels.pop(next(iter(held.kernels)))
        held.kernels[key] = SlidingMedian(columns, tiles, every=every, memory=held.memory)
    return held.kernels[key]


@dataclass(frozen=True, slots=True)
class _Step:
    """One minimum or maximum of two registers, each read so many tiles later."""

    is_max: bool
    left: tuple[int, int]
    right: tuple[int, int]
    register: int
    output: int
    """Row of the tile whose median this is; -1 where it is not an output."""
    spare_tiles: int
    """Tiles beyond the wanted ones that later steps read."""


@dataclass(frozen=True, slots=True)
class _Program:
    steps: list[_Step]
    registers: int
    """Registers 0 to 15 are the input slabs."""


def _bound(program: _Program, inputs: UInt8, outputs: UInt8, work: UInt8) -> list[_Call]:
    """The program on given memory: ``inputs`` (16, tiles + 2, columns), ``outputs`` (outputs, tiles, columns)."""
    _, tiles, columns = outputs.shape
    slab = inputs[0].size
    count = program.registers - TILE
    registers = [*inputs.reshape(TILE, -1), *work[: count * slab].reshape(count, slab)]
    results = [*outputs.reshape(len(outputs), -1)]
    calls: list[_Call] = []
    for step in program.steps:
        length = (tiles + step.spare_tiles) * columns
        (a, shift_a), (b, shift_b) = step.left, step.right
        left = registers[a][shift_a * columns : shift_a * columns + length]
        right = registers[b][shift_b * columns : shift_b * columns + length]
        result = registers[step.register][:length] if step.output < 0 else results[step.output]
        calls.append((np.maximum if step.is_max else np.minimum, left, right, result))
    return calls


_Wire = tuple[int, int]
"""A node and how many tiles later it is read."""


@dataclass
class _Network:
    """Nodes are inputs (0 to 15) or (is_max, left, right); equal nodes are made once."""

    nodes: list[tuple[bool, _Wire, _Wire] | None] = field(default_factory=lambda: [None] * TILE)
    known: dict[tuple[bool, _Wire, _Wire], int] = field(default_factory=dict)

    def _node(self, is_max: bool, a: _Wire, b: _Wire) -> _Wire:
        key = (is_max, min(a, b), max(a, b))
        if key not in self.known:
            self.known[key] = len(self.nodes)
            self.nodes.append(key)
        return self.known[key], 0

    def low(self, a: _Wire, b: _Wire) -> _Wire:
        return self._node(False, a, b)

    def high(self, a: _Wire, b: _Wire) -> _Wire:
        return self._node(True, a, b)

    def merge(self, a: list[_Wire], b: list[_Wire]) -> list[_Wire]:
        """Batcher's odd-even merge of two ascending lists."""
        if not a or not b:
            return a or b
        if len(a) == len(b) == 1:
            return [self.low(a[0], b[0]), self.high(a[0], b[0])]
        even, odd = self.merge(a[::2], b[::2]), self.merge(a[1::2], b[1::2])
        merged = even[:1]
        for late, early in zip(odd, even[1:]):
            merged += [self.low(late, early), self.high(late, early)]
        paired = min(len(odd), len(even) - 1)
        return merged + odd[paired:] + even[1 + paired :]


def _later(wires: list[_Wire], tiles: int) -> list[_Wire]:
    return [(node, shift + tiles) for node, shift in wires]


def _medians(net: _Network) -> list[_Wire]:
    """The sixteen medians of a tile, of windows that begin at its rows.

    Inputs are shifted by one row: input p is row p - 1 of the tile, so that its core, rows 15 to 30, is two
    aligned groups of eight. Group g of the tile holds rows 8 g - 1 to 8 g + 6.
    """
    single = [[(p, 0)] for p in range(TILE)]
    pairs = [net.merge(single[p], single[p + 1]) for p in range(0, TILE, 2)]
    fours = [net.merge(pairs[p], pairs[p + 1]) for p in range(0, TILE // 2, 2)]
    eights = [net.merge(fours[0], fours[1]), net.merge(fours[2], fours[3])]

    def rows(sorted_lists: list[list[_Wire]], first: int) -> list[_Wire]:
        """The sorted list whose first row is ``first``, counted from the tile's row 0."""
        tile, position = divmod(first + 1, TILE)
        return _later(sorted_lists[position * len(sorted_lists) // TILE], tile)

    core = _later(net.merge(*eights), 1)
    medians = []
    # Outputs 0 to 7 share rows 7 to 30, outputs 8 to 15 rows 15 to 38.
    for half in (0, 8):
        of_half = net.merge(core, rows(eights, 31 if half else 7))[8:16]
        for quarter in (half, half + 4):
            of_four = net.merge(of_half, rows(fours, quarter + 27 if quarter % 8 else quarter + 3))[4:8]
            for pair in (quarter, quarter + 2):
                low, high = net.merge(of_four, rows(pairs, pair + 29 if pair % 4 else pair + 1))[2:4]
                for output in (pair, pair + 1):
                    (last,) = rows(single, output + 30 if output % 2 else output)
                    medians.append(net.high(low, net.low(high, last)))
    return medians


@cache
def _program(every: int) -> _Program:
    """The network for outputs 0, ``every`` ... as steps in order; registers are reused after their last use."""
    net = _Network()
    wanted = {node: i for i, (node, _) in enumerate(_medians(net)[::every])}
    spare, order, last_read = _needed(net, wanted)
    free: list[int] = []
    register = {node: node for node in range(TILE)}
    registers = TILE
    steps = []
    for position, node in enumerate(order):
        operation = net.nodes[node]
        assert operation is not None
        is_max, left, right = operation
        output = wanted.get(node, -1)
        if output < 0:
            if not free:
                free.append(registers)
                registers += 1
            register[node] = free.pop()
        a, b = (register[left[0]], left[1]), (register[right[0]], right[1])
        steps.append(_Step(is_max, a, b, register.get(node, -1), output, spare[node]))
        free += [register[n] for n in {left[0], right[0]} if last_read[n] == position and n >= TILE]
    return _Program(steps, registers)


def _needed(net: _Network, wanted: dict[int, int]) -> tuple[dict[int, int], list[int], dict[int, int]]:
    """Spare tiles of each node that an output needs, those nodes in order of use, and the last reader of each."""
    spare = dict.fromkeys(wanted, 0)
    # Readers have higher numbers than the nodes that they read.
    for node in range(len(net.nodes) - 1, TILE - 1, -1):
        operation = net.nodes[node]
        if node in spare and operation is not None:
            for source, shift in operation[1:]:
                spare[source] = max(spare.get(source, 0), spare[node] + shift)
    order = [node for node in sorted(spare) if node >= TILE]
    last_read = {}
    for position, node in enumerate(order):
        operation = net.nodes[node]
        if operation is not None:
            for source, _ in operation[1:]:
                last_read[source] = position
    return spare, order, last_read
