#!/usr/bin/env python3
"""Our programs need nothing at run time but the C and C++ libraries.

usage: linkage.py PROGRAM...
"""

import re
import subprocess
import sys

ALLOWED = re.compile(r"^(linux-vdso|ld-linux[-\w]*|libc|libm|libstdc\+\+|libgcc_s)\.so")


def main():
    found = []
    for program in sys.argv[1:]:
        listing = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        names = [line.split()[0].rsplit("/", 1)[-1] for line in listing.splitlines() if line.strip()]
        print(f"{program}: {' '.join(names)}")
        found += [f"{program}: needs {name}" for name in names if not ALLOWED.match(name)]
        if not names:
            found.append(f"{program}: ldd says nothing")
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
