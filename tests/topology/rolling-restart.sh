# shellcheck shell=bash disable=SC2154
# Sourced by topology.sh: both replicas are restarted, one after the other, under reads, writes and a slow upload.
# Nobody behind nginx may notice. Loops end by themselves: after 90 s, or when $work/stop exists.

load() {
  local kind=$1 number=0 code until=$((SECONDS + 90))
  while [[ ! -e $work/stop && $SECONDS -lt $until ]]; do
    number=$((number + 1))
    code=$("$kind" "$number") || true
    printf '%s %s\n' "$kind" "$code" >>"$work/load-$kind"
  done
}

code() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$@"; }
pulls() { code "$front/modules/sha256/${digest#sha256:}.wasm"; }
searches() { code "$front/api/v1/catalog?q=header"; }
uploads() { code -H "Authorization: Bearer $alice" -T "$module" "$front/api/v1/filters/alice/rolling/releases/0.0.$1"; }
comments() { code -H "Authorization: Bearer $alice" --json '{"body":"still here?"}' "$front$review/comments"; }

failed_requests() { grep -hv ' 20[01]$' "$work"/load-* | sort | uniq -c; }
made() { cat "$work"/load-* | wc -l; }

# Straight to the replica that is about to stop: it must finish what it began.
slow_upload() {
  code --limit-rate 60k -H "Authorization: Bearer $alice" -T "$module" "$1/api/v1/filters/alice/slow/releases/$2" >"$work/slow-$2"
}

loads=()
for kind in pulls searches uploads comments; do
  load "$kind" &
  loads+=($!)
done
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
touch "$work/stop"
wait "${loads[@]}" || true
printf '        %s requests: %s\n' "$(made)" "$(cat "$work"/load-* | sort | uniq -c | tr -s ' \n' ' ')"
check "there was load all the time" test "$(made)" -gt 200
check "no request failed while the replicas were restarted" same "$(failed_requests)" ""
