"""The columns of the families keep to the declaration, whatever the sound."""

from importlib import import_module

import numpy as np
import pytest

from beamprint.dsp.channels import layout_of
from beamprint.dsp.missing import Missing
from beamprint.pipeline.record.assembly import assemble
from beamprint.pipeline.record.columns import CODES, FAMILY_OF_CODE, RECORD, Group, family_columns
from beamprint.pipeline.record.validation import validate
from tests.pipeline.rows import record
from tests.segmenting import columns

FAMILIES = {
    name: import_module(f"beamprint.dsp.{name}")
    for name in ("spectral", "temporal", "loudness", "variation", "harmonic", "stereo", "quality")
}
DECLARED = {column.name: column for column in RECORD}


def sine(rate, seconds, hz=440.0):
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def noise(*shape):
    return np.random.default_rng(7).normal(0, 0.1, shape)


def impulse(frames, at=0):
    pcm = np.zeros(frames)
    pcm[at] = 1
    return pcm


SOUNDS = {
    "one sample": (44_100, [[0.5]]),
    "one silent sample": (44_100, [[0.0]]),
    "100 ms": (44_100, [noise(4410)]),
    "silence": (44_100, np.zeros((2, 44_100))),
    "an impulse at the start": (44_100, [impulse(30_000)]),
    "an impulse in silence": (44_100, [impulse(200_000, 150_000)]),
    "the smallest float": (44_100, [np.full(50_000, 1e-45)]),
    "very quiet": (44_100, 1e-7 * noise(2, 150_000)),
    "64 times full scale": (44_100, [64 * np.sign(sine(44_100, 2))]),
    "constant": (44_100, np.full((2, 100_000), 0.25)),
    "a tone": (44_100, [sine(44_100, 4)] * 2),
    "channels cancel": (44_100, np.array([[1], [-1]]) * noise(100_000)),
    "one channel only": (44_100, np.array([[1], [0]]) * noise(100_000)),
    "noise at 8 kHz": (8000, noise(1, 50_000)),
    "noise at 192 kHz": (192_000, noise(2, 300_000)),
    "near half the rate": (44_100, [sine(44_100, 1, 22_049)]),
    "eight channels": (48_000, noise(8, 60_000)),
    "only surrounds of four": (48_000, np.array([[0], [0], [1], [1]]) * noise(4, 60_000)),
    "only the low-frequency effects": (48_000, np.array([[0], [0], [0], [1], [0], [0]]) * noise(6, 60_000)),
    "30 s of clicks": (22_050, [np.tile(impulse(11_025), 60)]),
    "25 s of noise": (16_000, noise(2, 25 * 16_000)),
    "21 s of silence in the mono mix": (8000, np.array([[1], [-1]]) * noise(21 * 8000)),
}


def measured(name):
    rate, pcm = SOUNDS[name]
    pcm = np.asarray(pcm, np.float32)
    return {
        family: columns(module, pcm, rate, layout=layout_of(len(pcm))) for family, module in FAMILIES.items()
    }


@pytest.mark.parametrize("name", SOUNDS)
def test_every_sound_gives_a_valid_record(name):
    given = measured(name)
    identity = {c.name: record()[c.name] for c in RECORD if c.group is Group.IDENTITY}
    provenance = {c.name: record()[c.name] for c in RECORD if c.group is Group.PROVENANCE}
    validate(assemble(identity, provenance, given))
    undeclared = [
        f"{column}:{value.code}"
        for family in given.values()
        for column, value in family.items()
        if isinstance(value, Missing) and value.code not in DECLARED[column].null_codes
    ]
    assert not undeclared
    wrong = {
        (family, code)
        for family, found in given.items()
        for code in found.get("notes", ())
        if ":" not in code and FAMILY_OF_CODE.get(code) != family
    }
    assert not wrong, "a code about the track says which family it is from"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_declaration_and_the_family_name_the_same_columns(family):
    assert sorted(FAMILIES[family].COLUMNS) == sorted(family_columns(family))


def test_every_code_is_explained():
    used = {code for column in RECORD for code in (*column.null_codes, *column.remarks)}
    assert used <= set(CODES)
