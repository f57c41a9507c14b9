#!/bin/sh
# Builds digest.cpp for arm64 and natively, runs the first under qemu, and compares the digests of some golden texts:
# every set of kernels for arm64 must give what the native ones give.
#
#   tests/build/arm64.sh EIGEN_DIRECTORY UTF8PROC_DIRECTORY EVERY MODEL...
#
# Needs g++-aarch64-linux-gnu and qemu-user-static; UTF8PROC_DIRECTORY has utf8proc.h and libutf8proc.a for arm64
# (Debian: libutf8proc-dev of that architecture, unpacked). A text takes seconds under qemu, so it is run by hand.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
eigen=$1 utf8proc=$2 every=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
flags="-std=c++17 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I$here/../../include -isystem $eigen"
python3 - "$here/../parity/texts.jsonl" "$every" > "$folder/texts" << 'PYTHON'
import json, struct, sys
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in list(lines)[:: int(sys.argv[2])]:
        text = json.loads(line)["text"].encode("utf-8")
        sys.stdout.buffer.write(struct.pack("<I", len(text)) + text)
PYTHON
# shellcheck disable=SC2086
aarch64-linux-gnu-g++ $flags -static -DUTF8PROC_STATIC -isystem "$utf8proc" "$here/digest.cpp" "$utf8proc/libutf8proc.a" \
  -o "$folder/arm64"
# shellcheck disable=SC2086
g++ $flags "$here/digest.cpp" -o "$folder/native" -lutf8proc
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
for model in "$@"; do
  expected=$("$folder/native" "$model" "$folder/texts" avx2 | cut -d' ' -f2)
  "$qemu" -cpu max "$folder/arm64" "$model" "$folder/texts" neon neon_dot > "$folder/found"
  echo "$model: $expected expected"
  cat "$folder/found"
  test "$(cut -d' ' -f2 "$folder/found")" = "$(printf '%s\n%s' "$expected" "$expected")"
done
echo "the same bits on arm64"
