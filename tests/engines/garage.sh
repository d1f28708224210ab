#!/usr/bin/env bash
# Runs the object store's contract against Garage 2.5.0, an engine that ignores conditional writes. By hand: the
# first run builds it with cargo (8 CPU minutes) into tests/.engines; Garage is AGPL, so we run it and link nothing.
#   garage.sh               build if missing, start, run the suite, stop
#   garage.sh start DIR     start in DIR/garage, print shell exports: TAMIS_TEST_S3 and credentials
#   garage.sh stop DIR      stop that server
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly version=2.5.0 bucket=tamis
readonly access=GK000000000000000000000001
readonly secret=0000000000000000000000000000000000000000000000000000000000000001
garage=$PWD/tests/.engines/garage-$version/bin/garage

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64; }

build() {
  [[ -x $garage ]] && return
  cargo install garage --version "$version" --locked --no-default-features --features bundled-libs,lmdb,sqlite \
    --root "tests/.engines/garage-$version" >&2
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_ports() {
  local port
  for _ in {1..50}; do
    port=$((10500 + RANDOM % 850 * 10))
    if ! answers "$port" && ! answers $((port + 1)); then echo "$port" && return; fi
  done
  echo "garage.sh: no free ports between 10500 and 19000" >&2
  return 1
}

configure() {
  cat <<TOML
metadata_dir = "$1/meta"
data_dir = "$1/data"
db_engine = "lmdb"
replication_factor = 1
metadata_fsync = true
data_fsync = true
rpc_secret = "0000000000000000000000000000000000000000000000000000000000000002"
rpc_bind_addr = "127.0.0.1:$(($2 + 1))"
rpc_public_addr = "127.0.0.1:$(($2 + 1))"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$2"
TOML
}

run() {
  GARAGE_DEFAULT_ACCESS_KEY=$access GARAGE_DEFAULT_SECRET_KEY=$secret GARAGE_DEFAULT_BUCKET=$bucket \
    setsid "$garage" -c "$1/garage.toml" server --single-node --default-bucket >"$1/server.log" 2>&1 </dev/null &
  echo $! >"$1/pid"
}

# A signed question for the bucket.
ready() {
  local status
  status=$(curl -s -o /dev/null -m 2 --noproxy '*' -I -w '%{http_code}' --aws-sigv4 aws:amz:garage:s3 \
    --user $access:$secret "http://127.0.0.1:$1/$bucket" || true)
  [[ $status == 200 ]]
}

start() {
  local home port
  build
  mkdir -p "$1/garage"
  home=$(cd "$1/garage" && pwd)
  port=$(free_ports)
  configure "$home" "$port" >"$home/garage.toml"
  run "$home"
  for _ in {1..200}; do
    if ready "$port"; then
      cat <<EXPORTS
export TAMIS_TEST_S3='s3://$bucket?endpoint=http://127.0.0.1:$port&region=garage&path_style=true'
export TAMIS_S3_ACCESS_KEY=$access
export TAMIS_S3_SECRET_KEY=$secret
EXPORTS
      return
    fi
    kill -0 "$(cat "$home/pid")" 2>/dev/null || break
    sleep 0.1
  done
  stop "$1"
  echo "garage.sh: the server did not start; its log says:" >&2
  tail -n 20 "$home/server.log" >&2
  exit 70
}

# A pid file outlives its process: the number counts only while it is a Garage of this directory.
alive() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$1/garage.toml"
}

stop() {
  local home
  [[ -f $1/garage/pid ]] || return 0
  home=$(cd "$1/garage" && pwd)
  if alive "$home"; then kill "$(cat "$home/pid")"; fi
  for _ in {1..150}; do
    alive "$home" || { rm -f "$home/pid" && return 0; }
    sleep 0.1
  done
  kill -9 "$(cat "$home/pid")"
  rm -f "$home/pid"
}

suite() {
  local work status=0
  build
  work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-garage.XXXXXX")
  (start "$work") >"$work/s3.env"
  # shellcheck disable=SC1091
  set -a && source "$work/s3.env" && set +a
  cargo test --locked -p tamis-blobs --features engines --test it engine:: || status=$?
  stop "$work"
  rm -rf "$work"
  return "$status"
}

case "${1:-} $#" in
  " 0") suite ;;
  "start 2") start "$2" ;;
  "stop 2") stop "$2" ;;
  *) usage ;;
esac
