"""Reference vectors for the metrics: NumPy, pytorch-fid, torch-fidelity, prdc, scikit-learn and mpmath.

Features are drawn by the formula of tools/parity/drawn.py: 2u - 1 of streams of seed 6161, scaled, moved, and rounded to
float32. Everything is computed from those in float64; prdc is given the float32 numbers themselves, for which it is
meant, and rounds distances to float32.

vectors.safetensors, float64 unless said otherwise:
  statistics.mean, .covariance   [23], [23, 23]: numpy.mean and numpy.cov of stream 0, [617, 23], 1.5 (2u - 1) + 1e4
  pca.variances, .components, .projected   [5], [5, 29], [31, 5]: scikit-learn's PCA of stream 1, [211, 29], whose column j is
                       multiplied by (1 + j) / 8 in float64 before it is rounded; projected are the first 31 rows
  frechet.CASE.mean_a, .covariance_a, .mean_b, .covariance_b   [d], [d, d] of the cases below
  frechet.CASE.exact   []: by mpmath with 60 digits
  frechet.CASE.scipy   []: by pytorch-fid's calculate_frechet_distance, that is SciPy's sqrtm; NaN where it gives up
  kernel.from_x, .from_y   [7, 33], int64: rows of stream 10, [57, 19], 1.7 (2u - 1) + 0.25, and of stream 11, [71, 19],
                       2 (2u - 1)
  kernel.mmd           [7]: torch-fidelity's mmd2 of those rows, unbiased
  inception.SPLITS     [2]: mean and std by torch-fidelity without shuffling, of stream 12, [103, 17], 6 (2u - 1)
  prdc.CASE.K          [4]: precision, recall, density, coverage with K neighbours. CASE is
                       plain: real stream 13, [313, 9]; fake stream 14, [297, 9], 1.1 (2u - 1) + 0.1
                       wide:  real stream 15, [90, 200]; fake stream 16, [77, 200], + 30 in both
                       ties:  real stream 17, [151, 3]; fake stream 18, [140, 3]; both the whole part of 3 (2u - 1), so that
                              distances are equal and points stand on one another

The cases of the Frechet distance; an exact one is that of the matrices as they are stored, or, where these are singular
and their rounding would be all there is to see, that of the features that they come from:

  full       200 and 230 samples, d = 31
  graded     the same with features of sizes 1 to 1e-5: condition numbers of 1e10
  singular   12 and 17 samples, d = 31
  subspace   100 and 110 samples, d = 31, all in one space of 9 dimensions
  one-sided  200 samples, and 12
"""

import json
import sys
from pathlib import Path

import mpmath
import numpy as np
import scipy
import sklearn
import sklearn.decomposition
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[5] / "tools" / "parity"))
import drawn
import prdc
import pytorch_fid.fid_score
import torch_fidelity.metric_isc
import torch_fidelity.metric_kid

SEED = 6161
D = 31


def features(index, shape, scale=1.0, offset=0.0):
    """Drawn features, as float64."""
    return drawn.numbers(SEED, index, shape, scale, offset).numpy()


def singular_values(a):
    """Singular values of an mpmath matrix, by the eigenvalues of the smaller square; its digits bear the squaring."""
    a = a if a.rows <= a.cols else a.T
    return [mpmath.sqrt(max(value, 0)) for value in mpmath.eigsy(a * a.T, eigvals_only=True)]


def exact(mean_a, mean_b, factor_a, factor_b):
    """|mean_a - mean_b|^2 + Tr(A'A + B'B) - 2 |A B'|_* of mpmath matrices."""
    shift = sum((a - b) ** 2 for a, b in zip(mean_a, mean_b))
    trace = sum(value**2 for value in factor_a) + sum(value**2 for value in factor_b)
    return shift + trace - 2 * sum(singular_values(factor_a * factor_b.T))


def of_features(x):
    """Mean and factor of the covariance of features, exactly."""
    x = mpmath.matrix(x.tolist())
    mean = [sum(x[:, j]) / x.rows for j in range(x.cols)]
    root = mpmath.sqrt(x.rows - 1)
    return mean, mpmath.matrix([[(x[i, j] - mean[j]) / root for j in range(x.cols)] for i in range(x.rows)])


def of_moments(mean, covariance):
    """Mean and factor of a covariance, exactly."""
    return [mpmath.mpf(value) for value in mean.tolist()], mpmath.cholesky(mpmath.matrix(covariance.tolist())).T


def frechet_cases():
    """Name, features of both sides, and whether the features are the truth."""
    mix = features(20, (D, D))
    spread = lambda k, n, scale=1.0, offset=0.0: features(k, (n, D), scale, offset) @ mix
    sizes = 10.0 ** -np.linspace(0, 5, D)
    low = features(21, (9, D))
    flat = lambda k, n, offset: features(k, (n, 9), 1.0, offset) @ low
    return {
        "full": (spread(22, 200), spread(23, 230, 1.2, 0.1), False),
        "graded": (spread(22, 200) * sizes, spread(23, 230, 1.2, 0.1) * sizes, False),
        "singular": (spread(24, 12), spread(25, 17, 1.1, 0.2), True),
        "subspace": (flat(26, 100, 0.0), flat(27, 110, 0.1), True),
        "one-sided": (spread(22, 200), spread(25, 12, 1.1, 0.2), True),
    }


def frechet(tensors):
    """The cases of the Frechet distance."""
    mpmath.mp.dps = 60
    for name, (a, b, whole) in frechet_cases().items():
        moments = [(x.mean(axis=0), np.cov(x, rowvar=False)) for x in (a, b)]
        sides = [of_features(x) for x in (a, b)] if whole else [of_moments(*moment) for moment in moments]
        truth = float(exact(sides[0][0], sides[1][0], sides[0][1], sides[1][1]))
        try:
            theirs = float(pytorch_fid.fid_score.calculate_frechet_distance(*moments[0], *moments[1]))
        except ValueError as error:
            print(f"{name}: {error}")
            theirs = float("nan")
        trace = sum(np.trace(covariance) for _, covariance in moments)
        print(f"{name}: {truth}, SciPy's is off by {abs(theirs - truth) / trace:.1e} of the trace")
        for side, (mean, covariance) in zip("ab", moments):
            tensors[f"frechet.{name}.mean_{side}"] = mean
            tensors[f"frechet.{name}.covariance_{side}"] = covariance
        tensors[f"frechet.{name}.exact"] = np.array(truth)
        tensors[f"frechet.{name}.scipy"] = np.array(theirs)


def moments(tensors):
    """Statistics and principal components."""
    x = features(0, (617, 23), 1.5, 1e4)
    tensors["statistics.mean"] = x.mean(axis=0)
    tensors["statistics.covariance"] = np.cov(x, rowvar=False)
    x = (features(1, (211, 29)) * (1 + np.arange(29)) / 8).astype(np.float32).astype(np.float64)
    pca = sklearn.decomposition.PCA(n_components=5, svd_solver="full").fit(x)
    tensors["pca.variances"] = pca.explained_variance_
    tensors["pca.components"] = pca.components_
    tensors["pca.projected"] = pca.transform(x[:31])


def scores(tensors):
    """Kernel distance, inception score, and neighbours."""
    generator = np.random.default_rng(SEED)
    x, y = features(10, (57, 19), 1.7, 0.25), features(11, (71, 19), 2.0)
    from_x = np.stack([generator.choice(57, 33, replace=False) for _ in range(7)])
    from_y = np.stack([generator.choice(71, 33, replace=False) for _ in range(7)])
    polynomial = dict(kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1.0)
    pairs = [torch_fidelity.metric_kid.kernel_mmd(x[i], y[j], **polynomial) for i, j in zip(from_x, from_y)]
    tensors["kernel.from_x"], tensors["kernel.from_y"] = from_x, from_y
    tensors["kernel.mmd"] = np.array(pairs)

    logits = torch.from_numpy(features(12, (103, 17), 6.0))
    for splits in (1, 3, 10):
        found = torch_fidelity.metric_isc.isc_features_to_metric(logits, splits, shuffle=False)
        tensors[f"inception.{splits}"] = np.array([found["inception_score_mean"], found["inception_score_std"]])

    cases = {
        "plain": (features(13, (313, 9)), features(14, (297, 9), 1.1, 0.1)),
        "wide": (features(15, (90, 200), 1.0, 30.0), features(16, (77, 200), 1.0, 30.0)),
        "ties": (np.trunc(features(17, (151, 3), 3.0)), np.trunc(features(18, (140, 3), 3.0))),
    }
    for name, (real, fake) in cases.items():
        for k in (1, 3, 5):
            found = prdc.compute_prdc(real.astype(np.float32), fake.astype(np.float32), k)
            parts = [found[part] for part in ("precision", "recall", "density", "coverage")]
            tensors[f"prdc.{name}.{k}"] = np.array(parts, dtype=np.float64)
            print(name, k, parts)


def main():
    """Write the vectors."""
    tensors = {}
    moments(tensors)
    frechet(tensors)
    scores(tensors)
    modules = (np, scipy, sklearn, torch, mpmath, torch_fidelity, pytorch_fid)
    versions = json.dumps({module.__name__: module.__version__ for module in modules} | {"prdc": "0.2"})
    tensors = {name: torch.from_numpy(np.ascontiguousarray(tensor)) for name, tensor in tensors.items()}
    drawn.save(tensors, {"versions": versions}, Path(__file__).with_name("vectors.safetensors"))


if __name__ == "__main__":
    main()
