# SPDX-License-Identifier: MIT
"""Five classifiers over sentence vectors: the model's own, and four fitted here to other labellings of other texts."""

import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SEED = 1


class Head:
    """Logistic regression. `truth` labels the texts that it is judged on; None where nobody knows."""

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


def five(model, texts, vectors, judged_texts, judged, bar):
    """All, fitted to the reference's vectors of `texts`."""
    import threadpoolctl

    language = lambda some: [text["lang"] for text in some]
    middle = statistics.median(len(text["ids"]) for text in texts)
    is_long = lambda some: [len(text["ids"]) > middle for text in some]
    makers = [
        lambda: own(model),
        lambda: fitted("language", vectors, language(texts), language(judged_texts)),
        lambda: clusters(4, vectors, judged),
        lambda: clusters(10, vectors, judged),
        lambda: fitted("long or short", vectors, is_long(texts), is_long(judged_texts)),
    ]
    with threadpoolctl.threadpool_limits(1):  # so that every sum has one order
        return [make() for make in bar(makers, "fitting")]
