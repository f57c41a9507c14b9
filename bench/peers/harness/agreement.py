# SPDX-License-Identifier: MIT
"""Whether all peers compute the same thing, asked before any is timed."""

import itertools

LEAST_COSINE = {"fp32": 0.999999, "bf16": 0.9995, "int8": 0.97}
LARGEST_DIFFERENCE = 2e-6  # between any two of fp32


def vectors_of(peer, texts, size):
    """One vector a text, [texts, width]; fewfit's token ids are compared on the way."""
    import numpy

    chosen = list(range(len(texts)))
    if peer.tokenizes:
        for i in chosen:
            if peer.ask("ids", text=i)["ids"] != texts[i]["ids"]:
                raise SystemExit(f"{peer.name} has other token ids for {texts[i]['text']!r}")
    vectors = numpy.array(peer.ask("vectors", texts=chosen, size=size)["vectors"])
    if not numpy.isfinite(vectors).all():
        raise SystemExit(f"{peer.name} has vectors that are not finite")
    return vectors


def cosines(a, b):
    import numpy

    return (a * b).sum(1) / numpy.sqrt((a * a).sum(1) * (b * b).sum(1))


def check(peers, reference, texts, size, bar):
    """Compares each with the reference, and those of fp32 with each other: a row a peer, or the end of the run."""
    everyone = list(dict.fromkeys([reference, *peers]))
    vectors = {one: vectors_of(one, texts, size) for one in bar(everyone, "comparing")}
    rows, wrong = [], []
    for one in peers:
        alike = cosines(vectors[one], vectors[reference])
        difference = abs(vectors[one] - vectors[reference]).max()
        rows.append(f"| {one.name} | {one.type} | {alike.mean():.6f} | {alike.min():.6f} | {difference:.2g} |")
        if not alike.min() >= LEAST_COSINE[one.type]:
            wrong.append(f"{one.name}: cosine {alike.min():.6f}, {LEAST_COSINE[one.type]} is the least allowed")
    for a, b in itertools.combinations([one for one in vectors if one.type == "fp32"], 2):
        difference = abs(vectors[a] - vectors[b]).max()
        if not difference <= LARGEST_DIFFERENCE:
            wrong.append(f"{a.name} and {b.name} differ by {difference:.3g}, allowed is {LARGEST_DIFFERENCE:g}")
    heading = f"\nAgainst {reference.name}, {len(texts)} texts\n"
    columns = ["| | type | cosine mean | least | largest difference |", "|---|---|---|---|---|"]
    table = "\n".join([heading, *columns, *rows])
    if wrong:
        raise SystemExit(table + "\n\nThey disagree:\n" + "\n".join(wrong))
    return table
