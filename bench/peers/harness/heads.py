# SPDX-License-Identifier: MIT
"""Classifiers over sentence vectors: the model's own, and those fitted here to other labellings of other texts."""

import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SEED = 1
ENDS = tuple(".!?\u2026\u3002\uff01\uff1f\u0964\u061f")  # of sentences, in the scripts of all texts


class Head:
    """Logistic regression. `truth` labels the texts that it is judged on; None where no one knows."""

    def __init__(self, name, coefficients, intercept, truth=None):
        self.name, self.coefficients, self.intercept, self.truth = name, coefficients, intercept, truth
        self.classes = max(2, len(intercept))

    def labels(self, vectors):
        """Places of the classes, as scikit-learn decides."""
        scores = vectors @ self.coefficients.T + self.intercept
        return (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(1)

    def about(self, vectors):
        """How often it is right, and what share of the texts each class gets, the largest first."""
        import numpy

        labels = self.labels(vectors)
        right = None if self.truth is None else (labels == self.truth).mean()
        shares = numpy.bincount(labels, minlength=self.classes) / len(labels)
        return right, sorted(shares, reverse=True)


def own(model):
    """The head that came with the model, opened as the converter opens it."""
    sys.path.append(str(ROOT / "tools"))
    from fewfit_convert import folder, head

    place = folder.Folder(model)
    width = place.json("config.json")["hidden_size"]
    made = head.read_head(place, head.settings(place), width, False)
    return Head("the model's own", made.coefficients, made.intercept)


def fitted(name, vectors, labels, truth):
    """`labels` of the vectors and `truth` for those to be judged; any values that can be sorted."""
    import numpy
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(max_iter=10000).fit(vectors, labels)
    return Head(name, regression.coef_, regression.intercept_, numpy.searchsorted(regression.classes_, truth))


def clusters(count, vectors, judged):
    from sklearn.cluster import KMeans

    means = KMeans(count, n_init=10, random_state=SEED).fit(vectors)
    return fitted(f"{count} clusters", vectors, means.labels_, means.predict(judged))


def makers(model, texts, vectors, judged_texts, judged):
    """A function a head, fitted to the reference's vectors of `texts`: five that count, then those beside them."""
    middle = statistics.median(len(text["ids"]) for text in texts)

    def by(name, label):
        values = [[label(text) for text in some] for some in (texts, judged_texts)]
        return lambda: fitted(name, vectors, *values)

    counted = [
        lambda: own(model),
        by("language", lambda text: text["lang"]),
        lambda: clusters(4, vectors, judged),
        lambda: clusters(10, vectors, judged),
        by("long or short", lambda text: len(text["ids"]) > middle),
    ]
    beside = [
        by("a sentence's end", lambda text: text["text"].rstrip().endswith(ENDS)),
        by("a digit", lambda text: any(c.isdigit() for c in text["text"])),
    ]
    return counted, beside


def make(some, bar):
    import threadpoolctl

    with threadpoolctl.threadpool_limits(1):  # so that every sum has one order
        return [one() for one in bar(some, "fitting")]
