#!/usr/bin/env bash
# A private SeaweedFS (S3) for tests: own data directory, ports on 127.0.0.1 only.
#   seaweedfs.sh start DIR [PORT]   starts it in DIR/seaweedfs, prints shell exports: TAMIS_TEST_S3 and credentials
#   seaweedfs.sh stop DIR           stops that server and no other, and waits until its ports are free
# Takes PORT (S3) to PORT+4, and the same plus 10000; without PORT it looks for free ones.
set -euo pipefail

readonly bucket=tamis access=tamis-tests secret=tamis-tests-secret
weed=${WEED:-$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/weed}

usage() { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

all_free() {
  local offset
  for offset in {0..4} {10000..10004}; do
    if answers $(($1 + offset)); then return 1; fi
  done
}

# Below the range that outgoing connections take their ports from, with the +10000 ones too.
free_ports() {
  local port
  for _ in {1..50}; do
    port=$((10500 + RANDOM % 850 * 10))
    if all_free "$port"; then echo "$port" && return; fi
  done
  echo "seaweedfs.sh: no free ports between 10500 and 19000" >&2
  return 1
}

# `weed server -s3` would take 18 s to come back after a kill -9, for an election of one; `mini` takes 1.5 s.
run() {
  local home=$1 port=$2
  AWS_ACCESS_KEY_ID=$access AWS_SECRET_ACCESS_KEY=$secret setsid "$weed" mini \
    -dir="$home/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 -bucket=$bucket \
    -s3.port="$port" -master.port=$((port + 1)) -volume.port=$((port + 2)) -filer.port=$((port + 3)) \
    -admin.port=$((port + 4)) \
    -s3.localSocket="$home/s3.sock" -filer.localSocket="$home/filer.sock" \
    -s3.port.iceberg=0 -s3.port.lance=0 -webdav=false -admin.ui=false -master.telemetry=false \
    >"$home/server.log" 2>&1 </dev/null 9>&- &
  echo $! >"$home/pid"
}

# A signed question for the bucket: the server answers it some time before it has made the bucket.
ready() {
  local status
  status=$(curl -s -o /dev/null -m 2 --noproxy '*' -I -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:s3 \
    --user $access:$secret "http://127.0.0.1:$1/$bucket" || true)
  [[ $status == 200 ]]
}

wait_ready() {
  local home=$1 port=$2
  for _ in {1..300}; do
    if ready "$port"; then return 0; fi
    kill -0 "$(cat "$home/pid")" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

start() {
  local home port
  [[ -x $weed ]] || { echo "seaweedfs.sh: $weed is missing; tests/setup installs it" >&2; exit 69; }
  mkdir -p "$1/seaweedfs/data"
  home=$(cd "$1/seaweedfs" && pwd)
  port=${2:-$(free_ports)}
  if alive "$home"; then echo "seaweedfs.sh: a server runs in $home already" >&2; exit 70; fi
  run "$home" "$port"
  if ! wait_ready "$home" "$port"; then
    stop "$1"
    echo "seaweedfs.sh: the server did not start; its log says:" >&2
    tail -n 20 "$home/server.log" >&2
    exit 70
  fi
  cat <<EXPORTS
export TAMIS_TEST_S3='s3://$bucket?endpoint=http://127.0.0.1:$port&region=us-east-1&path_style=true'
export TAMIS_S3_ACCESS_KEY=$access
export TAMIS_S3_SECRET_KEY=$secret
EXPORTS
}

# A pid file outlives its process: the number counts only while it is a weed of this directory.
alive() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "-dir=$1/data"
}

stop() {
  local home pid
  [[ -f $1/seaweedfs/pid ]] || return 0
  home=$(cd "$1/seaweedfs" && pwd)
  pid=$(cat "$home/pid")
  if alive "$home"; then kill "$pid"; fi
  # It takes about four seconds to say goodbye.
  for _ in {1..150}; do
    alive "$home" || { rm -f "$home/pid" && return 0; }
    sleep 0.1
  done
  kill -9 "$pid"
  rm -f "$home/pid"
}

case "${1:-} $#" in
  "start 2" | "start 3") start "$2" "${3:-}" ;;
  "stop 2" | "stop 3") stop "$2" ;;
  *) usage ;;
esac
