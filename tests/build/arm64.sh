#!/bin/sh
# Builds digest.cpp for arm64 and natively, runs the first under qemu, and compares the digests of some golden texts.
#
#   tests/build/arm64.sh MODEL EIGEN_DIRECTORY UTF8PROC_SOURCE [EVERY]
#
# Needs g++-aarch64-linux-gnu, qemu-user-static and the sources of utf8proc. Every 12th text takes two minutes under
# qemu, so it is run by hand.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=$(realpath "$1") eigen=$2 utf8proc=$3 every=${4-12}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags="-std=c++17 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I$here/../../include -isystem $eigen"
cd "$folder"
python3 - "$here/../parity/texts.jsonl" "$every" > texts << 'PYTHON'
import json, struct, sys
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in list(lines)[:: int(sys.argv[2])]:
        text = json.loads(line)["text"].encode("utf-8")
        sys.stdout.buffer.write(struct.pack("<I", len(text)) + text)
PYTHON
aarch64-linux-gnu-gcc -O2 -DUTF8PROC_STATIC -c "$utf8proc/utf8proc.c" -o utf8proc.o
# shellcheck disable=SC2086
aarch64-linux-gnu-g++ $flags -static -DUTF8PROC_STATIC -I"$utf8proc" "$here/digest.cpp" utf8proc.o -o arm64
# shellcheck disable=SC2086
g++ $flags -march=x86-64-v3 "$here/digest.cpp" -o native -lutf8proc
./native "$model" texts portable > expected
qemu-aarch64-static ./arm64 "$model" texts portable > found
cat found
cmp expected found && echo "the same bits on arm64"
