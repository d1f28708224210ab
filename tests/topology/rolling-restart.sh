# shellcheck shell=bash disable=SC2154
# Sourced by topology.sh: both replicas are restarted, one after the other, under reads, writes and a slow upload,
# and nobody behind nginx may notice; then one is killed, and nobody who only reads may notice.
# Loops end by themselves: after 90 s, or when $work/stop exists.

load() {
  local kind=$1 number=0 code until=$((SECONDS + 90))
  while [[ ! -e $work/stop && $SECONDS -lt $until ]]; do
    number=$((number + 1))
    code=$("$kind" "$number") || true
    printf '%s %s\n' "$kind" "$code" >>"$work/load-$kind"
  done
}

# The status, and what else went wrong: a body that ends too early comes with status 200.
code() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$@" || printf ' curl %s' $?; }
pulls() { code "$front/modules/sha256/${digest#sha256:}.wasm"; }
searches() { code "$front/api/v1/catalog?q=header"; }
uploads() { code -H "Authorization: Bearer $alice" -T "$module" "$front/api/v1/filters/alice/rolling/releases/0.0.$1"; }
comments() { code -H "Authorization: Bearer $alice" --json '{"body":"still here?"}' "$front$review/comments"; }

failed_requests() { grep -hv ' 20[01]$' "$work"/load-* | sort | uniq -c; }
made() { cat "$work"/load-* | wc -l; }

start_load() {
  local kind
  rm -f "$work"/load-* "$work/stop"
  loads=()
  for kind in "$@"; do
    load "$kind" &
    loads+=($!)
  done
}

end_load() {
  touch "$work/stop"
  wait "${loads[@]}" || true
  printf '        %s requests: %s\n' "$(made)" "$(cat "$work"/load-* | sort | uniq -c | tr -s ' \n' ' ')"
}

# Straight to the replica that is about to stop: it must finish what it began.
slow_upload() {
  code --limit-rate 60k -H "Authorization: Bearer $alice" -T "$module" "$1/api/v1/filters/alice/slow/releases/$2" >"$work/slow-$2"
}

start_load pulls searches uploads comments
for number in 1 2; do
  base=http://127.0.0.1:${replica_port[$number]}
  slow_upload "$base" "$number.0.0" &
  slow=$!
  sleep 1
  check "replica $number ends on SIGTERM with status 0" end_replica "$number"
  wait "$slow" || true
  check "after finishing the upload that it had begun" same "$(cat "$work/slow-$number.0.0")" 201
  sleep 1
  start_replica "$number"
  check "replica $number comes back" eventually 60 ready "$number"
  sleep 1
done
end_load
check "there was load all the time" test "$(made)" -gt 200
check "no request failed while the replicas were restarted" same "$(failed_requests)" ""

start_load searches
sleep 1
kill_replica 1
sleep 2
start_replica 1
check "a killed replica comes back without help" eventually 60 ready 1
end_load
check "no search failed when it was killed" same "$(failed_requests)" ""
