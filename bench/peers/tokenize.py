#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tokenizer beside others: the same lines, one thread each, ids compared first.

    python3 bench/peers/tokenize.py [--rounds 7]       makes its environments in build/peers, its texts in build/real_text

Texts are 1.2 MB of lines a language from LibreOffice's translations, as tests/parity/tokenizer_real_text.py gets them
from Debian. `tokenizers` must give the same ids on every line, or the run ends with status 1; of the others the share
of lines with the same ids is shown. Then rounds: in each, every peer reads every text, for half a second or once, in an
order that rotates.
A ratio is taken within a round; shown are medians.
"""
import sys

sys.path[0] += "/harness"  # not this folder, where this file would hide Python's own tokenize.py

import argparse
import os
import pathlib
import statistics
import subprocess
import venv

import real_text

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LANGUAGES = {"en-us": "English", "ru": "Russian", "zh-cn": "Chinese", "ja": "Japanese", "ko": "Korean"}
BYTES = 1200000
PEERS = {  # name: packages, what python_peer.py calls it
    "tokenizers 0.21.1": ("tokenizers==0.21.1", "encode_batch"),
    "tokenizers 0.23.3": ("tokenizers==0.23.3", "encode_batch"),
    "tokenizers 0.23.3, no offsets": ("tokenizers==0.23.3", "encode_batch_fast"),
    "blingfire 0.1.8": ("blingfire==0.1.8 numpy==2.4.6", "blingfire"),
    "flash-tokenizer 1.2.0": ("flash-tokenizer==1.2.0", "flash_tokenizer"),
}


def environment(packages, build):
    """An interpreter that has these packages."""
    place = build / ("tokenize-" + packages.split()[0].replace("==", "-"))
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages.split(), "tqdm==4.70.1"], check=True)
        (place / "ready").touch()
    return str(python)


def texts(python, build):
    """A file of whole lines a language."""
    files = {}
    for language, whole in real_text.files(python, LANGUAGES).items():
        kept, size = [], 0
        for line in whole.read_text(encoding="utf-8").split("\n")[:-1]:
            if size >= BYTES:
                break
            kept.append(line)
            size += len(line.encode("utf-8"))
        files[language] = build / f"{language}.txt"
        files[language].write_text("\n".join(kept) + "\n", encoding="utf-8")
    return files


def compile_fewfit(build, compiler):
    program = build / "tokenize_fewfit"
    subprocess.run([compiler, "-std=c++17", "-O2", "-march=native", f"-I{ROOT / 'include'}",
                    f'-DFEWFIT_SOURCE_DIR="{ROOT}"', HERE / "tokenize" / "fewfit.cpp", "-lutf8proc", "-o", program],
                   check=True)
    return [str(program)]


class Peer:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def id_lists(path):
    """The ids of each line, as bytes."""
    data, at, lists = path.read_bytes(), 0, []
    while at < len(data):
        end = at + 4 + 4 * int.from_bytes(data[at:at + 4], "little")
        lists.append(data[at + 4:end])
        at = end
    return lists


def compare(peers, files, build):
    """The share of lines with fewfit's ids, a peer and a language; the number of ids."""
    shares, counts = {}, {}
    for language, file in files.items():
        lists = []
        for peer in peers:
            peer.ask("ids", file, build / "ids")
            lists.append(id_lists(build / "ids"))
        counts[language] = sum(map(len, lists[0])) // 4
        for peer, theirs in zip(peers, lists):
            assert len(theirs) == len(lists[0]), f"{peer.name} answers another number of lines"
            same = sum(a == b for a, b in zip(lists[0], theirs)) / len(lists[0])
            shares[peer.name, language] = same
            if peer.name.startswith("tokenizers") and same != 1:
                sys.exit(f"{peer.name} gives other ids on {1 - same:.2%} of the lines in {language}")
    return shares, counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    arguments = parser.parse_args()
    build = ROOT / "build" / "peers"
    build.mkdir(parents=True, exist_ok=True)
    pythons = {name: environment(packages, build) for name, (packages, _) in PEERS.items()}
    files = texts(pythons["tokenizers 0.21.1"], build)
    script = str(HERE / "tokenize" / "python_peer.py")
    peers = [Peer("fewfit", compile_fewfit(build, arguments.cxx))]
    peers += [Peer(name, [pythons[name], script, method]) for name, (_, method) in PEERS.items()]
    shares, counts = compare(peers, files, build)
    times = {(peer.name, language): [] for peer in peers for language in files}
    for number in range(arguments.rounds):
        for language, file in files.items():
            for peer in peers[number % len(peers):] + peers[:number % len(peers)]:
                times[peer.name, language].append(peer.ask("time", file))
    print("| | " + " | ".join(LANGUAGES.values()) + " |\n|---|" + "---|" * len(LANGUAGES))
    for peer in peers:
        cells = []
        for language, file in files.items():
            own = times[peer.name, language]
            seconds = statistics.median(own)
            speed = file.stat().st_size / seconds / 1e6
            ratio = statistics.median(a / b for a, b in zip(own, times["fewfit", language]))
            if peer.name == "fewfit":
                cells.append(f"{speed:.0f} MB/s, {counts[language] / seconds / 1e6:.0f} M ids/s")
            else:
                same = shares[peer.name, language]
                cells.append(f"{speed:.2f} MB/s, {ratio:.1f}x" + ("" if same == 1 else f", {same:.1%} of lines equal"))
        print(f"| {peer.name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
