# shellcheck shell=sh
# What quickstart and check share: quiet steps, missing packages, the Python environment. Sourced, not run.

log=build/setup.log
mkdir -p build

# step TEXT COMMAND...: one line where it succeeds, everything the command said where it fails.
step() {
  text=$1
  shift
  printf '%s ... ' "$text"
  if "$@" > "$log" 2>&1 < /dev/null; then
    echo "done"
  else
    status=$?
    echo FAILED
    cat "$log"
    exit $status
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  as_root apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# install_packages NAME...: Debian's names. Only what is not there, and nothing at all where all is.
install_packages() {
  if ! command -v dpkg-query > /dev/null; then
    echo "No apt here. Needed are, under Debian's names: $*"
    echo "If they are there already, all is well."
    choose_generator
    return
  fi
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2> /dev/null | grep -qx installed || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    # Words on purpose: one package a word.
    # shellcheck disable=SC2086
    step "Installing$missing" apt_install $missing
  fi
  choose_generator
}

# Ninja where it is there, make or not. From the environment, so that a build folder made with another generator stays
# valid.
choose_generator() {
  if [ -z "${CMAKE_GENERATOR-}" ] && command -v ninja > /dev/null; then
    export CMAKE_GENERATOR=Ninja
  fi
}

venv_install() {
  [ -x build/venv/bin/python ] || python3 -m venv build/venv || return
  build/venv/bin/python -m pip install --disable-pip-version-check "$@"
}

# make_venv REQUIREMENT...: build/venv with at least these, asked of pip only when the list has changed.
make_venv() {
  wanted=$(printf '%s\n' "$@")
  if [ -x build/venv/bin/python ] && [ "$(cat build/venv/wanted 2> /dev/null)" = "$wanted" ]; then
    return
  fi
  step "Installing Python packages into build/venv" venv_install "$@"
  printf '%s\n' "$wanted" > build/venv/wanted
}

# Not every system has nproc.
jobs=$(nproc 2> /dev/null || getconf _NPROCESSORS_ONLN 2> /dev/null || echo 2)
CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL-$jobs}
export CMAKE_BUILD_PARALLEL_LEVEL
