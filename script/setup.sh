# Sourced by the other scripts: makes .venv and installs what a lock file says. Leaves nothing outside the checkout.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"

# Without bytecode every start compiles Django and Wagtail anew, which triples its time.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }
fail() { say "masthead: $*"; exit 1; }

# Long steps run in a process group of their own, which a signal ends whole: bash would otherwise wait for pip to finish first.
child=""
stop_child() {
  trap '' INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 -- "-$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null
  fi
  exit "$1"
}

step() {
  local status=0
  set -m
  "$@" >&2 </dev/null &
  child=$!
  set +m
  wait "$child" || status=$?
  child=""
  return "$status"
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done
}

digest() {
  cat "$@" | if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}

# set_up LOCK: after it, .venv holds what LOCK and pyproject.toml say. Quick when it already does.
set_up() {
  local lock="$root/$1" stamp="$venv/.installed-$1" state python
  state="$(digest "$lock" "$root/pyproject.toml" "$root/script/setup.sh")"
  if [ -x "$venv/bin/masthead" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
    return
  fi
  trap 'stop_child 130' INT
  trap 'stop_child 143' TERM HUP
  # two starts at once (a server and the tests, say) must not install into one another
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$root/.venv.lock"
    flock -n 9 || { say "Waiting for another set-up of .venv to finish ..."; step flock 9 || fail "Cannot lock .venv.lock."; }
    if [ "$(cat "$stamp" 2>/dev/null)" = "$state" ]; then
      exec 9>&-
      trap - INT TERM HUP
      return
    fi
  fi
  rm -f "$stamp"
  if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || step uv venv --quiet --python '>=3.11' "$venv" ||
      fail "uv could not make .venv; see above."
    say "Installing what $1 lists (this takes a minute the first time) ..."
    step env VIRTUAL_ENV="$venv" uv pip install --quiet --compile-bytecode --require-hashes -r "$lock" &&
      step env VIRTUAL_ENV="$venv" uv pip install --quiet --no-deps -e "$root" ||
      fail "The packages could not be installed; check that the package index can be reached, then run this again."
  else
    # an interrupted first start may have left half an environment
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
      python="$(find_python)"
      [ -n "$python" ] ||
        fail "Python 3.11 or newer (with its venv module) is needed; install it, or set PYTHON to where it is."
      say "Making .venv with $("$python" --version) ..."
      step "$python" -m venv --clear "$venv" ||
        fail "The virtual environment could not be made; on Debian install python3-venv, then run this again."
    fi
    say "Installing what $1 lists (this takes a minute the first time) ..."
    step "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" &&
      step "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps -e "$root" ||
      fail "The packages could not be installed; check that the package index can be reached, then run this again."
  fi
  printf '%s\n' "$state" >"$stamp"
  if command -v flock >/dev/null 2>&1; then exec 9>&-; fi
  trap - INT TERM HUP
}
