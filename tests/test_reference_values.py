"""No value moves without its family's version, and the table notices other weights, thresholds and windows."""

import numpy as np
import pytest

from beamprint.dsp import frames, spectral
from beamprint.dsp.metering import kweighting
from beamprint.dsp.tonal import yin
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.transforms.families import FAMILIES
from tests import reference_signals, reference_values

MAKE_ANEW = (
    "A value has moved. If that is meant, raise the family's version in pipeline/record/versions.py and run "
    "`python -m tests.reference_values`, both in the commit that moves it."
)


@pytest.fixture(scope="module")
def table():
    return reference_values.load()


def test_the_table_is_of_the_versions_in_force(table):
    assert table["versions"] == {family: FAMILY_VERSIONS[family] for family in FAMILIES}, MAKE_ANEW


def test_the_table_has_every_measured_column_of_every_signal(table):
    for make in reference_signals.MAKERS:
        held = {name for family in table["values"][make.__name__].values() for name in family}
        assert held >= reference_values.COLUMNS.keys()


def test_every_column_has_a_value_for_some_signal(table):
    rows = [
        {k: v for family in of_signal.values() for k, v in family.items()}
        for of_signal in table["values"].values()
    ]
    never = {
        name
        for name, column in reference_values.COLUMNS.items()
        if all(isinstance(row[name], str) and row[name] in column.null_codes for row in rows)
    }
    assert not never


@pytest.mark.parametrize("make", reference_signals.MAKERS)
def test_no_value_has_moved(make, table):
    assert not reference_values.moved(table, [make]), MAKE_ANEW


def columns_moved(table, make, family):
    return {value.column for value in reference_values.moved(table, [make], [family])}


def test_another_weight_is_noticed(monkeypatch, table):
    """The weight of the surround channels."""
    weights = [1.0, 1.0, 1.0, 0.0, 1.40, 1.40]
    monkeypatch.setattr(kweighting, "loudness_weights", lambda layout: weights)
    assert "lufs" in columns_moved(table, reference_signals.surround, "loudness")


def test_another_threshold_is_noticed(monkeypatch, table):
    """The threshold of voiced frames."""
    monkeypatch.setattr(yin, "VOICED_BELOW", 0.14)
    assert "voiced_ratio" in columns_moved(table, reference_signals.song, "harmonic")


def test_another_window_is_noticed(monkeypatch, table):
    """The window of the STFT."""
    monkeypatch.setattr(frames, "hann_float32", lambda length: np.hamming(length).astype(np.float32))
    assert "spectral_centroid" in columns_moved(table, reference_signals.voice, "spectral")


def test_the_table_is_not_made_anew_for_a_value_that_moved_under_its_version(monkeypatch, tmp_path, table):
    copy = tmp_path / "table.json"
    copy.write_text(reference_values.TABLE.read_text())
    monkeypatch.setattr(reference_values, "TABLE", copy)
    monkeypatch.setattr(frames, "hann_float32", lambda length: np.hamming(length).astype(np.float32))
    assert "spectral_centroid (spectral) was" in reference_values.main([reference_signals.voice])
    assert reference_values.load() == table


def test_the_table_is_made_anew_once_the_version_is_raised(monkeypatch, tmp_path):
    copy = tmp_path / "table.json"
    copy.write_text(reference_values.TABLE.read_text())
    raised = {**FAMILY_VERSIONS, "spectral": FAMILY_VERSIONS["spectral"] + 1}
    monkeypatch.setattr(reference_values, "TABLE", copy)
    monkeypatch.setattr(reference_values, "FAMILY_VERSIONS", raised)
    monkeypatch.setattr(spectral, "CENTROID_SCALE_HZ", 9000.0)
    assert reference_values.main([reference_signals.voice]) is None
    new = reference_values.load()
    assert new["versions"]["spectral"] == raised["spectral"]
    assert not reference_values.moved(new, [reference_signals.voice])
