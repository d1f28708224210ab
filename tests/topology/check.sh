# shellcheck shell=bash
# Sourced by the scripts beside it: checks that are sentences, and the closing line that tests/run adds up.
passed=0
failures=0

# check SENTENCE COMMAND...: a command that fails is a failed check, not the end of the script.
check() {
  local sentence=$1
  shift
  if "$@"; then
    passed=$((passed + 1)) && printf 'ok      %s\n' "$sentence"
  else
    failures=$((failures + 1)) && printf 'FAILED  %s\n        (%s)\n' "$sentence" "$*"
  fi
}

same() {
  [[ $1 == "$2" ]] || { printf '        expected %s\n        found    %s\n' "$2" "$1" && return 1; }
}

fails() { ! "$@" >/dev/null 2>&1; }

# report NAME: prints "NAME: N passed, N failed" and is the script's verdict.
report() {
  printf '%s: %d passed, %d failed\n' "$1" "$passed" "$failures"
  [[ $failures == 0 && $passed != 0 ]]
}
