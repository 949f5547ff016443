import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp.missing import Missing
from beamprint.pipeline.record.assembly import assemble
from beamprint.pipeline.record.columns import FAILURE, RECORD, Column, Gain, Group, Kind, family_columns
from beamprint.pipeline.record.validation import RecordError, validate
from tests.pipeline.rows import record

MEASURED = [column for column in RECORD if column.measured]


def test_there_are_25_dimensions():
    assert sum(column.group is Group.DIMENSION for column in RECORD) == 25


@pytest.mark.parametrize("table", [RECORD, FAILURE])
def test_no_column_is_declared_twice(table):
    names = [column.name for column in table]
    assert len(names) == len(set(names))


def test_groups_stand_together_in_their_order():
    groups = [column.group for column in RECORD]
    assert groups == sorted(groups, key=list(Group).index)


@pytest.mark.parametrize("column", MEASURED, ids=lambda column: column.name)
def test_every_measured_column_is_declared_in_full(column):
    assert column.definition.endswith(".")
    assert column.source
    assert column.gain
    assert column.unit or column.kind is not Kind.FLOAT
    assert column.tolerance is not None or column.kind is Kind.BOOL


def test_the_effect_of_gain_is_as_the_specification_lists_it():
    named = {gain: {column.name for column in MEASURED if column.gain is gain} for gain in Gain}
    assert named[Gain.PLUS] == {
        "lufs", "momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp", "sample_peak_dbfs",
        "rms_dbfs", "rms_db_p5", "rms_db_p50", "rms_db_p95", "noise_floor_dbfs",
        "loudness_cells", "channel_rms_dbfs", "channel_peak_dbfs",
    }  # fmt: skip
    assert named[Gain.MINUS] == {"replaygain_track_gain_db"}
    assert named[Gain.SCALES] == {"dc_offset"}
    assert named[Gain.ABSOLUTE] == {
        "effective_bits", "leading_silence_s", "trailing_silence_s", "clicks", "dropouts", "samples_over_fs",
        "mfcc_mean", "faults", "repeats", "skips",
    }  # fmt: skip


@pytest.mark.parametrize(
    "contradiction",
    [
        {"name": "Tempo"},
        {"low": 2, "high": 1},
        {"family": "temporal"},
        {"gain": Gain.PLUS},
        {"required": True, "null_codes": ("silent",)},
        {"null_codes": ("short",), "remarks": ("short",)},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(contradiction):
    declared = {"name": "tempo", "kind": Kind.FLOAT, "group": Group.DIMENSION, "definition": "Tempo."}
    with pytest.raises(ValueError, match=r"(?i)tempo"):
        Column(**{**declared, **contradiction})


def test_a_complete_record_is_valid():
    validate(record())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("lufs", math.nan),
        ("lufs", -math.inf),
        ("lufs", -14),
        ("lufs", "-14"),
        ("lufs", -70.5),
        ("stereo_width", 1.0000001),
        ("beat_count", -1),
        ("beat_count", True),
        ("beat_count", 3.0),
        ("effective_bits", 2**63),
        ("dual_mono", 0),
        ("beats_s", [0.5, math.inf]),
        ("beats_s", [1]),
        ("beats_s", [-0.5]),
        ("beats_s", 0.5),
        ("loudness_cells", [-1]),
        ("loudness_cells", [1 << 16]),
        ("loudness_cells", [9500.0]),
        ("loudness_cells", [True]),
        ("track_id", None),
        ("track_id", "\udcff"),
        ("frames", 0),
        ("tags", {"year": 1999}),
        ("family_versions", {"spectral": 1}),
        ("family_versions", None),
        ("tags", None),
        ("analyzed_at", record()["analyzed_at"].replace(tzinfo=None)),
    ],
)
def test_an_impossible_value_is_refused_by_name(column, value):
    with pytest.raises(RecordError, match=rf"^{column}: "):
        validate(record(**{column: value}))


def test_a_column_that_is_absent_or_unknown_is_refused():
    incomplete = record()
    del incomplete["lufs"]
    with pytest.raises(RecordError, match="lufs"):
        validate(incomplete)
    with pytest.raises(RecordError, match="loudness"):
        validate(record(loudness=-14.0))


def test_a_measured_null_needs_a_note_that_says_why():
    with pytest.raises(RecordError, match="tempo_bpm"):
        validate(record(tempo_bpm=None))
    validate(record(tempo_bpm=None, notes=["tempo_bpm:too_short"]))


def test_an_identity_null_needs_no_note():
    validate(record(bit_depth=None))


def test_a_note_never_explains_a_value():
    with pytest.raises(RecordError, match="tempo_bpm"):
        validate(record(notes=["tempo_bpm:too_short"]))


def test_a_remark_stands_beside_a_value_and_explains_no_null():
    validate(record(notes=["loudness_range_lu:short"]))
    with pytest.raises(RecordError, match="loudness_range_lu"):
        validate(record(loudness_range_lu=None, notes=["loudness_range_lu:short"]))


@pytest.mark.parametrize(
    "notes",
    [
        ["b", "a"],
        ["a", "a"],
        ["uri:too_short"],
        ["no_such_column:silent"],
        ["Band limited"],
        ["tempo_bpm:"],
        ["lufs:"],
    ],
)
def test_malformed_notes_are_refused(notes):
    with pytest.raises(RecordError, match="notes"):
        validate(record(notes=notes))


def test_bare_codes_are_about_the_whole_track():
    validate(record(notes=["band_limited", "length_unknown"]))


IDENTITY = {c.name: record()[c.name] for c in RECORD if c.group is Group.IDENTITY}
PROVENANCE = {c.name: record()[c.name] for c in RECORD if c.group is Group.PROVENANCE}
FAMILIES = sorted({column.family for column in MEASURED})


def measured(missing=()):
    """Columns by family, those in ``missing`` with a code."""
    values = record()
    return {
        family: {
            name: Missing(missing[name]) if name in missing else values[name]
            for name in family_columns(family)
        }
        for family in FAMILIES
    }


@given(
    st.dictionaries(
        st.sampled_from([c.name for c in MEASURED]), st.sampled_from(["silent", "too_short", "no_beat"])
    ),
    st.permutations(FAMILIES),
    st.lists(st.sampled_from(["band_limited", "length_unknown"])),
)
def test_every_missing_value_becomes_a_null_with_its_note(missing, order, further):
    given_columns = measured(missing)
    given_columns["spectral"]["notes"] = further
    made = assemble(IDENTITY, PROVENANCE, {family: given_columns[family] for family in order})
    validate(made)
    assert list(made) == [column.name for column in RECORD]
    assert {name for name, value in made.items() if value is None} == set(missing)
    assert set(made["notes"]) == {f"{name}:{code}" for name, code in missing.items()} | set(further)


def test_notes_of_the_decoder_and_of_families_meet():
    columns = measured({"tempo_bpm": "too_short"})
    columns["spectral"]["notes"] = ["band_limited"]
    made = assemble(IDENTITY, {**PROVENANCE, "notes": ["length_unknown"]}, columns)
    assert made["notes"] == ["band_limited", "length_unknown", "tempo_bpm:too_short"]


def test_a_family_that_was_not_measured_leaves_no_valid_record():
    columns = measured()
    del columns["harmonic"]
    with pytest.raises(RecordError, match="harmonic_ratio"):
        validate(assemble(IDENTITY, PROVENANCE, columns))


def test_a_family_gives_its_own_columns_all_of_them_and_no_others():
    columns = measured()
    columns["stereo"]["lufs"] = -14.0
    with pytest.raises(RecordError, match=r"stereo.*lufs"):
        assemble(IDENTITY, PROVENANCE, columns)
    columns = measured()
    del columns["stereo"]["stereo_width"]
    with pytest.raises(RecordError, match=r"stereo.*stereo_width"):
        assemble(IDENTITY, PROVENANCE, columns)


def test_an_unknown_identity_column_is_refused():
    with pytest.raises(RecordError, match="artist"):
        assemble({**IDENTITY, "artist": "x"}, PROVENANCE, measured())
