# shellcheck shell=bash
# Sourced by topology.sh: starts, restarts and stops the processes. Knows no request of Tamis's API but its readiness.
# Ends only what it started, by process id.
PATH=$PATH:/usr/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-topology.XXXXXX")
declare -A replica_pid=() replica_port=()
nginx_pid=
envoy_pid=

free_port() {
  local port
  while :; do
    port=$((12000 + RANDOM % 8000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
  done
}

start_stores() {
  local server
  server=$(tests/engines/postgres.sh start "$work" </dev/null)
  psql -q "$server" -c "CREATE DATABASE tamis"
  export TAMIS_DATABASE_URL=${server%/*}/tamis TAMIS_BLOBS TAMIS_PUBLIC_URL TAMIS_NO_RATE_LIMITS=true
  tests/engines/seaweedfs.sh start "$work" </dev/null >"$work/s3.env"
  # shellcheck disable=SC1091
  set -a && source "$work/s3.env" && set +a
  TAMIS_BLOBS=$TAMIS_TEST_S3
  replica_port=([1]=$(free_port) [2]=$(free_port))
  one=http://127.0.0.1:${replica_port[1]}
  two=http://127.0.0.1:${replica_port[2]}
  front=http://127.0.0.1:$(free_port)
  TAMIS_PUBLIC_URL=$front
}

start_replica() {
  "$binary" serve --listen "127.0.0.1:${replica_port[$1]}" --data-dir "$work/replica-$1" \
    >>"$work/replica-$1.log" 2>&1 </dev/null &
  replica_pid[$1]=$!
}

# Operator commands meet the same database and store as the replicas.
tamis() { "$binary" "$@" --data-dir "$work/operator"; }

ready() { curl -sf -o /dev/null "http://127.0.0.1:${replica_port[$1]}/health/ready"; }
all_ready() { eventually 60 ready 1 && eventually 60 ready 2; }
healthy() { TAMIS_LISTEN=0.0.0.0:${replica_port[$1]} "$binary" health; }

# eventually SECONDS COMMAND...: tries ten times a second.
eventually() {
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [[ $tries -gt 0 ]] || { "$@" && return; }
    sleep 0.1
  done
}

start_front() {
  mkdir -p "$work/nginx"
  sed -e "s/server tamis-1:8080/server 127.0.0.1:${replica_port[1]}/" -e "s/server tamis-2:8080/server 127.0.0.1:${replica_port[2]}/" \
    -e "s/listen 8080/listen 127.0.0.1:${front##*:}/" -e "s|/tmp/nginx|$work/nginx/|; s|/dev/stdout|$work/nginx/access.log|" \
    docker/nginx.conf >"$work/nginx/nginx.conf"
  nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" -g 'daemon off;' >"$work/nginx/error.log" 2>&1 </dev/null &
  nginx_pid=$!
  eventually 10 curl -s -o /dev/null "$front/health/live"
}

# SIGTERM, and the exit status that it leads to.
end_replica() {
  kill -TERM "${replica_pid[$1]}"
  wait "${replica_pid[$1]}"
}

kill_replica() {
  kill -KILL "${replica_pid[$1]}"
  wait "${replica_pid[$1]}" 2>/dev/null || true
}

stop_everything() {
  local status=$? pid
  for pid in $envoy_pid $nginx_pid "${replica_pid[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $envoy_pid $nginx_pid "${replica_pid[@]}"; do wait "$pid" 2>/dev/null || true; done
  tests/engines/postgres.sh stop "$work" || true
  tests/engines/seaweedfs.sh stop "$work" || true
  if [[ $status != 0 ]]; then tail -n 40 "$work"/replica-*.log "$work"/nginx/error.log 2>/dev/null || true; fi
  rm -rf "$work"
}
