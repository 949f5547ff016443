"""Fit the weights of dsp/rhythm/octave.py, and score them on music that was not used for the fit.

usage: python -m benchmarks.rhythm.learn_octave FOLDER...

Conditional logistic regression over the candidates of each piece and of its excerpts, ridge penalty on
standardised terms, tempo classes weighted equally. Sets of one origin are held out together. Copy the last
printed lines to dsp/rhythm/octave.py. The model is never fitted to the patterns of drum_patterns.py.
"""

import sys
from pathlib import Path

import numpy as np
import scipy.optimize

from beamprint.dsp.rhythm import beats, octave, onset, pulse
from beamprint.dsp.rhythm.chroma_flux import HarmonyChange
from beamprint.dsp.rhythm.tempo import RATIOS
from benchmarks.rhythm import sets

RIDGE = 2.0
SYNTHETIC_SHARE = 0.7
"""Weight of accompaniments whose chords a program chose, because their harmony is not like real music."""
TOLERANCE = 0.04
WEIGHTS = np.hstack(octave.WEIGHTS)
TRIPLE_SHARE, FOUR_SHARE = 0.1, 0.15
"""Weight of each piece made in three, and of the same patterns in four, relative to the mean of the other pieces."""
NEVER_LEARNED = "drums"


def tempo_class(bpm: float) -> int:
    return int(np.searchsorted([92, 107, 142], bpm, side="right"))


def candidates(piece: sets.Piece) -> tuple[pulse.Candidates | None, float]:
    """The levels of a piece that may be the beat, and its onsets a second."""
    e = piece.envelopes
    rate = len(onset.pick_onsets(e.strength.attack)) * 44_100 / e.samples
    phase = beats.PhaseEvidence(HarmonyChange(e.chroma), e.strength.bass, e.strength.snare)
    return pulse.candidates(e.strength, phase, rate), rate


def right(bpm: float, piece: sets.Piece) -> bool:
    return abs(min(bpm, 200) - piece.bpm) <= TOLERANCE * piece.bpm


def terms(piece: sets.Piece, found: pulse.Candidates | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Terms, shape (candidates, terms); flags of the rows that are candidates, and of those with the true tempo."""
    rows = np.zeros((len(RATIOS), len(WEIGHTS)))
    here, true = np.zeros(len(RATIOS), bool), np.zeros(len(RATIOS), bool)
    if found is not None:
        for i, (level, evidence) in enumerate(zip(found.levels, found.evidence)):
            rows[i], here[i], true[i] = np.hstack(evidence), True, right(level.bpm, piece)
    return rows, here, true


def shares(pieces: list[sets.Piece], whole: np.ndarray) -> np.ndarray:
    """Weight of each piece in learning."""
    names, origins = np.array([p.set for p in pieces]), np.array([p.origin for p in pieces])
    classes = np.array([tempo_class(p.bpm) for p in pieces])
    triple = np.isin(origins, sets.TRIPLE)
    music = (names != NEVER_LEARNED) & ~triple
    weight = np.where(origins == "mma", SYNTHETIC_SHARE, 1) / np.bincount(classes[music])[classes]
    weight *= music * np.count_nonzero(whole & music) / 4
    return weight + triple * np.where(names == sets.IN_FOUR, FOUR_SHARE, TRIPLE_SHARE)


def with_excerpts(folders: list[str]) -> tuple[list[sets.Piece], np.ndarray]:
    """All pieces and their excerpts, and flags of the whole pieces."""
    whole = sets.load(map(Path, folders))
    pieces = [(p, p is piece) for piece in whole for p in (piece, *sets.excerpts(piece))]
    return [p for p, _ in pieces], np.array([flag for _, flag in pieces])


def learn(rows, here, true, weight) -> np.ndarray:
    useful = true.any(axis=1) & (here.sum(axis=1) > 1)
    rows, here, true, weight = rows[useful], here[useful], true[useful], weight[useful]
    mean = rows.sum(axis=1, keepdims=True) / here.sum(axis=1)[:, None, None]
    rows = np.where(here[..., None], rows - mean, 0)
    scale = rows[here].std(axis=0) + 1e-9
    rows = rows / scale

    def loss(w):
        logit = np.where(here, rows @ w, -1e9)
        chance = np.exp(logit - logit.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        right = (chance * true).sum(axis=1) + 1e-12
        pull = weight[:, None] * (chance * true / right[:, None] - chance)
        return -weight @ np.log(right) + RIDGE * w @ w, -np.einsum("ij,ijk->k", pull, rows) + 2 * RIDGE * w

    found = scipy.optimize.minimize(loss, np.zeros(rows.shape[2]), jac=True, method="L-BFGS-B").x
    return found / scale


def hits(w, rows, here, true) -> np.ndarray:
    best = np.where(here, rows @ w, -np.inf).argmax(axis=1)
    return true[np.arange(len(true)), best]


def line(label, hit, whole, names, classes) -> str:
    by_set = " ".join(f"{s} {hit[whole & (names == s)].mean():.3f}" for s in dict.fromkeys(names))
    music = ~np.isin(names, (NEVER_LEARNED, *sets.MADE_FOR_METRE))
    by_class = [hit[whole & music & (classes == c)].mean() for c in range(4)]
    cut = np.mean([hit[~whole & music & (classes == c)].mean() for c in range(4)])
    return (
        f"{label}: classes {' '.join(f'{c:.2f}' for c in by_class)} balanced {np.mean(by_class):.3f} "
        f"(excerpts {cut:.3f}) | {by_set}"
    )


def main(folders: list[str]) -> None:
    pieces, whole = with_excerpts(folders)
    rows, here, true = (np.array(x) for x in zip(*(terms(p, candidates(p)[0]) for p in pieces)))
    names, origins = np.array([p.set for p in pieces]), np.array([p.origin for p in pieces])
    classes = np.array([tempo_class(p.bpm) for p in pieces])
    weight = shares(pieces, whole)
    print(np.count_nonzero(whole), "pieces,", len(pieces), "with excerpts")
    left_out = np.zeros(len(pieces), bool)
    for origin in dict.fromkeys(origins):
        train = origins != origin
        w = learn(rows[train], here[train], true[train], weight[train])
        left_out[~train] = hits(w, rows[~train], here[~train], true[~train])
        print("without", origin, np.round(w, 2))
    print(line("left out", left_out, whole, names, classes))
    w = learn(rows, here, true, weight)
    print(line("all", hits(w, rows, here, true), whole, names, classes))
    print(line("committed", hits(WEIGHTS, rows, here, true), whole, names, classes))
    print(line("best candidate", true.any(axis=1), whole, names, classes))
    for name, term in octave.Evidence(*w[:-12], *np.split(w[-12:], 2))._asdict().items():
        print(f"    {name}={np.round(term, 2).tolist()},")


if __name__ == "__main__":
    main(sys.argv[1:])
