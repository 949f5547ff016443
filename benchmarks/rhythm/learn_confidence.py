"""Fit the weights of dsp/rhythm/confidence.py, and score them on music that was not used for the fit.

usage: python -m benchmarks.rhythm.learn_confidence FOLDER...      (folders as in sets.py)

Logistic regression, ridge penalty on standardised signs. It learns from the choices of models that
were fitted without the origin of the piece, because a model is too sure of pieces that it has seen. Each origin
weighs as the root of its number of pieces. Copy the last printed lines to dsp/rhythm/confidence.py.
"""

import sys
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.stats

from beamprint.dsp.rhythm import confidence, octave, pulse
from benchmarks.rhythm import learn_octave, sets

RIDGE = 2.0


class Case(NamedTuple):
    """A piece with its candidates; ``used`` if the model may learn from it."""

    piece: sets.Piece
    found: pulse.Candidates
    onset_rate: float
    whole: bool

    @property
    def used(self) -> bool:
        return self.piece.set != learn_octave.NEVER_LEARNED

    def choice(self, weights: np.ndarray) -> tuple[np.ndarray, bool]:
        """Signs of the candidate that a model chooses, and whether it is right."""
        logit = np.array([np.hstack(e) for e in self.found.evidence]) @ weights
        chances = np.exp(logit - logit.max())
        best = int(chances.argmax())
        strength = self.piece.envelopes.strength
        signs = pulse.signs_of(self.found, best, chances / chances.sum(), strength, self.onset_rate)
        return np.array(signs), learn_octave.right(self.found.levels[best].bpm, self.piece)


def load(folders: list[str]) -> list[Case]:
    cases = []
    for piece, whole in zip(*learn_octave.with_excerpts(folders)):
        found, rate = learn_octave.candidates(piece)
        if found is not None:
            cases.append(Case(piece, found, rate, bool(whole)))
    return cases


def models(cases: list[Case]) -> dict[str, np.ndarray]:
    """Weights of the choice, fitted without each origin."""
    rows, here, true = (np.array(x) for x in zip(*(learn_octave.terms(c.piece, c.found) for c in cases)))
    weight = learn_octave.shares([c.piece for c in cases], np.array([c.whole for c in cases]))
    origins = np.array([c.piece.origin for c in cases])
    return {
        origin: learn_octave.learn(*(x[origins != origin] for x in (rows, here, true, weight)))
        for origin in dict.fromkeys(origins)
    }


def fit(signs: np.ndarray, right: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weight of each sign, and the offset."""
    mean, scale = signs.mean(axis=0), signs.std(axis=0)
    rows = np.c_[(signs - mean) / scale, np.ones(len(signs))]

    def loss(w):
        logit = rows @ w
        pull = weight * (1 / (1 + np.exp(-logit)) - right)
        penalty = RIDGE * np.r_[w[:-1], 0]
        return weight @ (np.logaddexp(0, logit) - right * logit) + penalty @ w, rows.T @ pull + 2 * penalty

    w = scipy.optimize.minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x
    slope = w[:-1] / scale
    return np.append(slope, w[-1] - slope @ mean)


def area(score: np.ndarray, right: np.ndarray) -> float:
    """Probability that a right tempo ranks above a wrong one."""
    if right.all() or not right.any():
        return np.nan
    u = scipy.stats.mannwhitneyu(score[right], score[~right]).statistic
    return float(u / right.sum() / (~right).sum())


def line(label: str, score: np.ndarray, right: np.ndarray, cases: list[Case]) -> str:
    whole = np.array([c.whole for c in cases])
    made = np.array([c.piece.set in sets.MADE_FOR_METRE for c in cases])
    drums = np.array([not c.used for c in cases])
    groups = {"music": ~made & ~drums, "made for metre": made, "drums": drums}
    areas = (f"{k} {area(score[g & whole], right[g & whole]):.3f}" for k, g in groups.items())
    cut = (f"{k} {area(score[g & ~whole], right[g & ~whole]):.3f}" for k, g in groups.items())
    sure = score > 0
    return f"{label}: {', '.join(areas)} | excerpts {', '.join(cut)} | right of the sure {right[sure].mean():.2f}"


def main(folders: list[str]) -> None:
    cases = load(folders)
    origins = np.array([c.piece.origin for c in cases])
    used = np.array([c.used for c in cases])
    fitted = models(cases)
    unseen, unseen_right = map(np.array, zip(*(c.choice(fitted[c.piece.origin]) for c in cases)))
    signs, right = map(np.array, zip(*(c.choice(np.hstack(octave.WEIGHTS)) for c in cases)))
    weight = np.array([1 / np.sqrt(np.count_nonzero(origins == o)) for o in origins])
    weight *= len(cases) / weight.sum()
    left_out, left_out_unseen = np.zeros(len(cases)), np.zeros(len(cases))
    for origin in dict.fromkeys(origins):
        train, test = used & (origins != origin), origins == origin
        w = fit(unseen[train], unseen_right[train], weight[train])
        left_out[test], left_out_unseen[test] = signs[test] @ w[:-1] + w[-1], unseen[test] @ w[:-1] + w[-1]
    print(line("left out", left_out, right, cases))
    print(line("left out, choices as well", left_out_unseen, unseen_right, cases))
    w = fit(unseen[used], unseen_right[used], weight[used])
    print(line("all", signs @ w[:-1] + w[-1], right, cases))
    committed = np.array([confidence.confidence(confidence.Signs(*s)) for s in signs])
    print(line("committed", np.log(committed / (1 - committed)), right, cases))
    for low in np.arange(0, 1, 0.2):
        inside = (committed >= low) & (committed < low + 0.2)
        if not inside.any():
            continue
        print(f"confidence from {low:.1f}: {right[inside].mean():.2f} of {inside.sum()} right")
    print(", ".join(f"{name}={x:.2f}" for name, x in zip(confidence.Signs._fields, w)), f"offset={w[-1]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
