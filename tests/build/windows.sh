#!/bin/sh
# Builds windows.cpp with mingw-w64 and with the native compiler, runs the first under wine, and compares the digests.
#
#   tests/build/windows.sh MODEL EIGEN_DIRECTORY UTF8PROC_SOURCE
#
# Needs g++-mingw-w64-x86-64-posix, wine64 and the sources of utf8proc (apt-get source utf8proc, where sources are
# listed). Run by hand: wine is too large a guest for every test run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=$1 eigen=$2 utf8proc=$3
folder=$(mktemp -d)
trap 'wineserver -k 2> /dev/null || true; sleep 1; rm -rf "$folder"' EXIT
cp "$model" "$folder/interviews.fewfit"
cp "$model" "$folder/модель.fewfit"
flags="-std=c++17 -O2 -march=x86-64-v3 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I$here/../../include -isystem $eigen"
cd "$folder"
x86_64-w64-mingw32-gcc-posix -O2 -DUTF8PROC_STATIC -c "$utf8proc/utf8proc.c" -o utf8proc.obj
# shellcheck disable=SC2086
x86_64-w64-mingw32-g++-posix $flags -DUTF8PROC_STATIC -I"$utf8proc" "$here/windows.cpp" utf8proc.obj -static -o windows.exe
# shellcheck disable=SC2086
g++ $flags "$here/windows.cpp" -o native -lutf8proc
export WINEDEBUG=-all WINEPREFIX="$folder/wine" LC_ALL=C.UTF-8
./native interviews.fewfit > expected
wine ./windows.exe interviews.fewfit 2> /dev/null | tr -d '\r' > found
cat found
cmp expected found && echo "the same bits on Windows"
