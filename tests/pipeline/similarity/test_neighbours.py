import numpy as np
import pyarrow as pa
import pytest

import beamprint
from beamprint.dsp.frequency_bands import BAND_NAMES
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.similarity.coordinates import COLUMNS, DIMENSIONS
from beamprint.pipeline.similarity.neighbours import NEEDED

BANDS = [f"{band}_pct" for band in BAND_NAMES]
SCALARS = [name for name in COLUMNS if name not in (*BANDS, "mfcc_mean")]
SCHEMA = pa.schema([record_schema().field(name) for name in NEEDED])


def made(number, rng):
    """A made-up track: only the columns that neighbours are found by."""
    shares = rng.dirichlet(np.ones(7)) * 100
    return {
        "track_id": f"t{number}",
        "audio_hash": f"pcm:{number}",
        **dict(zip(BANDS, shares.tolist())),
        **{name: float(rng.uniform(1, 10)) for name in SCALARS},
        "tempo_bpm": float(rng.uniform(60, 180)),
        "mfcc_mean": rng.normal(size=13).astype(np.float32).tolist(),
    }


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    return [made(number, rng) for number in range(200)]


def table(rows):
    return pa.Table.from_pylist(rows, SCHEMA)


def ids(neighbours):
    return [neighbour.track_id for neighbour in neighbours]


class PlainDistances:
    """The definition, as plain as can be: a mean over dimensions of squared differences in units of random pairs."""

    def __init__(self, rows):
        self.columns, self.pairs = {}, {}
        for dimension in DIMENSIONS:
            column = dimension.coordinates(table(rows))
            known = ~np.isnan(column[:, 0])
            q1, median, q3 = np.percentile(column[known], [25, 50, 75], axis=0)
            reach = 5 * (q3 - q1) / 1.349
            column = np.clip(column, median - reach, median + reach)
            self.columns[dimension] = column
            self.pairs[dimension] = 2 * column[known].var(axis=0).sum()
        self.tracks = len(rows)

    def of(self, track):
        return np.array([self._between(track, other) for other in range(self.tracks)])

    def _between(self, track, another):
        total = weight = 0.0
        for dimension, column in self.columns.items():
            one, other = column[track], column[another]
            nulls = int(np.isnan(one[0])) + int(np.isnan(other[0]))
            if nulls == 2:
                continue
            square = 1 if nulls else ((one - other) ** 2).sum() / self.pairs[dimension]
            total += dimension.weight * square
            weight += dimension.weight
        return np.sqrt(total / weight)


@pytest.mark.parametrize("nulls", [False, True])
def test_the_search_finds_the_neighbours_of_the_plain_definition(rows, nulls):
    if nulls:
        rng = np.random.default_rng(6)
        for row in rows:
            for name in ("tempo_bpm", "pitch_stability", "stereo_width", "mfcc_mean"):
                if rng.random() < 0.2:
                    row[name] = None
    index, plain = beamprint.SimilarityIndex(table(rows)), PlainDistances(rows)
    for of in range(0, 200, 17):
        expected = plain.of(of)
        expected[of] = np.inf
        nearest = index.nearest(f"t{of}", k=20)
        assert ids(nearest) == [f"t{row}" for row in np.argsort(expected)[:20]]
        assert [n.distance for n in nearest] == pytest.approx(np.sort(expected)[:20], rel=1e-4)


def test_two_tracks_taken_at_random_are_at_a_distance_of_about_one(rows):
    index = beamprint.SimilarityIndex(table(rows))
    everything = [n.distance**2 for row in rows[::10] for n in index.nearest(row["track_id"], k=199)]
    assert np.mean(everything) == pytest.approx(1, abs=0.05)


def test_a_track_and_its_exact_copies_are_not_their_own_neighbours(rows):
    rows[7]["audio_hash"] = rows[3]["audio_hash"]
    rows[7] |= {name: rows[3][name] for name in COLUMNS}
    for asked in ("t3", rows[3], {**rows[3], "track_id": "elsewhere"}):
        found = ids(beamprint.similar(table(rows), asked, k=500))
        assert len(found) == 198
        assert not {"t3", "t7"} & set(found)


def test_a_record_from_outside_has_the_neighbours_that_it_would_have_inside(rows):
    index = beamprint.SimilarityIndex(table(rows))
    assert index.nearest({**rows[9], "audio_hash": rows[9]["audio_hash"]}, 5) == index.nearest("t9", 5)


def test_double_tempo_is_no_difference_and_three_halves_is_one(rows):
    rows[0]["tempo_bpm"] = 80.0
    twin = {name: rows[0][name] for name in COLUMNS}
    rows[1] |= twin | {"tempo_bpm": 160.0}
    rows[2] |= twin | {"tempo_bpm": 120.0}
    first, second = beamprint.similar(table(rows), "t0", k=2)
    assert (first.track_id, second.track_id) == ("t1", "t2")
    assert first.distance == pytest.approx(0, abs=1e-5)
    assert second.apart == "tempo_bpm"


def test_bands_are_compared_by_their_ratios(rows):
    """From 1 to 2 % is as far as from 20 to 40 %."""
    shares = dict.fromkeys(BANDS, 0.5)
    rows[0] |= shares
    twin = {name: rows[0][name] for name in COLUMNS}
    rows[1] |= twin | {"air_pct": 1.0}
    rows[2] |= twin | {name: 40 * share for name, share in shares.items()} | {"air_pct": 40.0}
    first, second = beamprint.similar(table(rows), "t0", k=2)
    assert {first.track_id, second.track_id} == {"t1", "t2"}
    assert first.distance == pytest.approx(second.distance, rel=1e-4)


def test_a_dimension_that_neither_has_does_not_count_and_is_named(rows):
    twin = {name: rows[0][name] for name in COLUMNS}
    rows[0]["tempo_bpm"] = None
    rows[1] |= twin | {"tempo_bpm": None}
    rows[2] |= twin | {"tempo_bpm": 100.0}
    first, second = beamprint.similar(table(rows), "t0", k=2)
    assert (first.track_id, first.unknown) == ("t1", ("tempo_bpm",))
    assert first.distance == pytest.approx(0, abs=1e-6)
    assert (second.track_id, second.unknown, second.apart) == ("t2", (), "tempo_bpm")
    weights = sum(dimension.weight for dimension in DIMENSIONS)
    assert second.distance == pytest.approx(np.sqrt(1 / weights), rel=1e-3)


def test_tracks_that_share_less_than_half_are_not_compared(rows):
    rows[4] |= dict.fromkeys(COLUMNS) | {"tempo_bpm": rows[0]["tempo_bpm"], "lufs": rows[0]["lufs"]}
    assert "t4" not in ids(beamprint.similar(table(rows), "t0", k=500))
    assert beamprint.similar(table(rows), "t4", k=500) == []


def test_the_nearest_and_the_farthest_dimensions_are_named(rows):
    far = dict.fromkeys(SCALARS, 10.0)
    rows[0] |= far | {"lufs": 1.0, "stereo_width": 1.0, "crest_db": 1.0}
    rows[1] |= {name: rows[0][name] for name in COLUMNS} | {"harmonic_ratio": 1.0}
    (nearest,) = beamprint.similar(table(rows), "t0", k=1)
    assert nearest.track_id == "t1"
    assert len(nearest.near) == 3
    assert nearest.apart == "harmonic_ratio"
    assert nearest.apart not in nearest.near


def test_a_dimension_that_is_the_same_for_all_does_not_matter(rows):
    for row in rows:
        row["stereo_width"] = 0.0
    before = beamprint.similar(table(rows), "t0", k=5)
    assert "stereo_width" not in before[0].near


def test_one_strange_track_does_not_squeeze_the_others_together(rows):
    before = beamprint.similar(table(rows), "t0", k=5)
    rows[150]["lufs"] = 1e6
    after = beamprint.similar(table(rows), "t0", k=5)
    assert set(ids(after)) == set(ids(before))


def test_a_track_that_is_not_there_is_wrong_use(rows):
    with pytest.raises(beamprint.UsageError, match="'nobody'"):
        beamprint.similar(table(rows), "nobody")


def test_a_catalogue_of_one_has_no_neighbours(rows):
    assert beamprint.similar(table(rows[:1]), "t0") == []


def test_what_cannot_be_searched_is_refused_with_the_reason(rows, tmp_path):
    with pytest.raises(beamprint.UsageError, match="lacks columns that neighbours need: audio_hash"):
        beamprint.similar(table(rows).drop_columns("audio_hash"), "t0")
    with pytest.raises(ValueError, match="k = -1"):
        beamprint.similar(table(rows), "t0", k=-1)
    with pytest.raises(TypeError, match="a list of names"):
        beamprint.read(tmp_path, "lufs")
