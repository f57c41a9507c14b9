# SPDX-License-Identifier: MIT
"""What run.py prints: a table a type, in Markdown."""

import statistics


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def ratio(times, first, other, key):
    """The other's time as a multiple of the first's within a round: median [quartiles]."""
    low, middle, high = quartiles([b / a for a, b in zip(times[first][key], times[other][key])])
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def fastest(peers, times, key):
    """The peer that is not fewfit and has the least median; None where there is none."""
    others = [p for p in peers if not p.tokenizes and key in times[p.name]]
    return min(others, key=lambda p: statistics.median(times[p.name][key]), default=None)


def of_encode(kind, peers, times, lengths):
    first = peers[0].name
    print(f"\n## {kind}: milliseconds a text, median; in brackets the multiple of {first}'s, median [quartiles]\n")
    row("tokens", *(p.name for p in peers), *(["its tokenizer"] if peers[0].tokenizes else []))
    print("|" + "---|" * (1 + len(peers) + peers[0].tokenizes))
    for tokens in lengths:
        cells = []
        for p in peers:
            beside = f" ({ratio(times, first, p.name, tokens)})" if p is not peers[0] else ""
            cells.append(f"{statistics.median(times[p.name][tokens]):.3f}{beside}")
        if peers[0].tokenizes:
            cells.append(f"{statistics.median(times[first + ' tokenizer'][tokens]):.4f}")
        row(tokens, *cells)
    best = {tokens: fastest(peers, times, tokens) for tokens in lengths}
    told = [f"{t}: {p.name} ({ratio(times, first, p.name, t)})" for t, p in best.items() if p and p is not peers[0]]
    if told:
        print(f"\nFastest other of {kind}: " + "; ".join(told))


def of_batch(kind, peers, times, count, sizes):
    first = peers[0].name
    print(f"\n## {kind}: {count} texts\n")
    row("", "texts a second, median", "batches of", f"multiple of {first}'s time, median [quartiles]")
    print("|---|---|---|---|")
    for p in peers:
        speed = count / statistics.median(times[p.name]["batch"]) * 1e3
        row(p.name, f"{speed:.1f}", sizes[p.name], ratio(times, first, p.name, "batch"))
    best = fastest(peers, times, "batch")
    if best and best is not peers[0]:
        print(f"\nFastest other of {kind}: {best.name} ({ratio(times, first, best.name, 'batch')})")
