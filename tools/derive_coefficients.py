#!/usr/bin/env python3
"""Derives the coefficients of exp and of the normal distribution in nn/simd/arithmetic.inc and prints them.

Both are minimax fits by Lawson's iteration (weighted least squares whose weights follow the error), with the
coefficients rounded to float one after another and the rest fitted again. Needs numpy and scipy.

    python3 tools/derive_coefficients.py
"""

import numpy as np
from scipy.special import erf


def lawson(basis: np.ndarray, target: np.ndarray, scale: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Coefficients c that make max |basis @ c - target| / scale small."""
    weights = np.ones(len(target))
    best, best_error = None, np.inf
    for _ in range(rounds):
        root = np.sqrt(weights) / scale
        c = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        error = np.abs(basis @ c - target) / scale
        if error.max() < best_error:
            best, best_error = c, error.max()
        weights *= error + 1e-30
        weights /= weights.sum()
    return best


def round_in_turn(basis: np.ndarray, target: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Rounds the first coefficient to float, fits the others again, and so on."""
    fixed, rest = [], target.astype(float)
    for i in range(basis.shape[1]):
        c = np.float32(lawson(basis[:, i:], rest, scale)[0])
        fixed.append(c)
        rest = rest - basis[:, i] * float(c)
    return np.array(fixed, np.float32)


def exp_coefficients() -> np.ndarray:
    """exp(r) = 1 + r + r^2 q(r) for |r| <= ln 2 / 2."""
    nodes = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000) * (np.log(2) / 2 * 1.0001)
    basis = np.stack([nodes**k for k in range(2, 7)], axis=1)
    return round_in_turn(basis, np.expm1(nodes) - nodes, np.exp(nodes))


def normal_coefficients(limit: float, top: int, bottom: int) -> "tuple[np.ndarray, np.ndarray]":
    """Phi(x) - 1/2 = x P(x^2) / Q(x^2) for |x| <= limit, Q(0) = 1."""
    x = (np.cos(np.pi * (np.arange(6000) + 0.5) / 6000) + 1) / 2 * limit + 1e-9
    z, value = x * x, erf(x / np.sqrt(2)) / 2
    s = z / limit**2  # scaled, so that the normal equations are not hopeless
    scale, q = np.maximum(value, 0.05) , np.ones_like(x)
    weights, best, best_error = np.ones_like(x), None, np.inf
    for _ in range(200):
        basis = np.concatenate([x[:, None] * s[:, None] ** np.arange(top + 1),
                                -value[:, None] * s[:, None] ** np.arange(1, bottom + 1)], axis=1)
        root = np.sqrt(weights) / (scale * q)
        c = np.linalg.lstsq(basis * root[:, None], value * root, rcond=None)[0]
        p_, q_ = c[: top + 1], np.concatenate([[1.0], c[top + 1:]])
        q = np.polyval(q_[::-1], s)
        error = np.abs(x * np.polyval(p_[::-1], s) / q - value) / scale
        if error.max() < best_error and q.min() > 0:
            best, best_error = (p_, q_), error.max()
        weights *= error + 1e-30
        weights /= weights.sum()
    p_, q_ = best
    p_ = p_ / limit ** (2 * np.arange(top + 1))
    q_ = q_ / limit ** (2 * np.arange(bottom + 1))
    return p_, q_


def main() -> None:
    """Prints both sets, and the error of each in exact arithmetic."""
    print("exp, c2 to c6:", ", ".join(float(c).hex() for c in exp_coefficients()))
    p, q = normal_coefficients(5.6, 5, 5)
    q32 = q.astype(np.float32)
    # Q is rounded first; P is fitted to the rounded Q.
    x = (np.cos(np.pi * (np.arange(6000) + 0.5) / 6000) + 1) / 2 * 5.6 + 1e-9
    value = erf(x / np.sqrt(2)) / 2
    bottom = np.polyval(q32[::-1].astype(float), x * x)
    basis = x[:, None] ** (2 * np.arange(len(p)) + 1) / bottom[:, None]
    p32 = round_in_turn(basis, value, np.maximum(value, 0.05))
    print("normal, P:", ", ".join(float(c).hex() for c in p32))
    print("normal, Q:", ", ".join(float(c).hex() for c in q32))
    error = np.abs(basis @ p32.astype(float) - value)
    print(f"normal: largest error {error.max():.2e} absolute, {(error / value).max():.2e} relative")


if __name__ == "__main__":
    main()
