#!/usr/bin/env bash
# A private PostgreSQL for tests: own data directory, own port on 127.0.0.1, never the system's cluster.
#   postgres.sh start DIR   makes the cluster in DIR/postgres, prints its URL on stdout
#   postgres.sh stop DIR    stops that cluster and no other
# As root the server runs as user postgres (it refuses to run as root); otherwise as the caller.
set -euo pipefail

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }

bin_dir() {
  local dir
  dir=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  if [[ -n $dir ]]; then echo "$dir"; else dirname "$(command -v initdb)"; fi
}

as_owner() {
  if [[ $(id -u) == 0 ]]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

free_port() {
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  echo "postgres.sh: no free port between 20000 and 32000" >&2
  return 1
}

start() {
  local data=$1/postgres log=$1/postgres/server.log bin port
  bin=$(bin_dir) || { echo "postgres.sh: no PostgreSQL server found; tests/setup installs it" >&2; exit 69; }
  mkdir -p "$data"
  if [[ $(id -u) == 0 ]]; then chmod go+x "$1" && chown postgres "$data"; fi
  # fsync stays on: the suite judges durability, not only answers.
  as_owner "$bin/initdb" -D "$data/cluster" -U postgres --locale=C.UTF-8 -E UTF8 -A trust >"$1/initdb.log"
  for _ in {1..5}; do
    port=$(free_port)
    if as_owner "$bin/pg_ctl" -D "$data/cluster" -l "$log" -w -t 60 -s \
      -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$data -c max_connections=400" \
      start </dev/null >/dev/null 2>&1; then
      echo "postgres://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  echo "postgres.sh: the server did not start; its log says:" >&2
  tail -n 20 "$log" >&2
  exit 70
}

# Without a farewell checkpoint: what a test leaves behind is thrown away.
stop() {
  [[ -f $1/postgres/cluster/postmaster.pid ]] || return 0
  as_owner "$(bin_dir)/pg_ctl" -D "$1/postgres/cluster" -m immediate -w -s stop
}

[[ $# == 2 ]] || usage
case $1 in
  start) start "$2" ;;
  stop) stop "$2" ;;
  *) usage ;;
esac
