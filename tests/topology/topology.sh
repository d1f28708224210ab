#!/usr/bin/env bash
# The compose file's topology with the same programs as plain processes: two Tamis replicas on one PostgreSQL and one
# S3 store, docker/nginx.conf in front. Drives the main job through nginx with curl, then restarts both replicas under load.
#   topology.sh BINARY
set -euo pipefail
binary=$(realpath "${1:?usage: topology.sh BINARY}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/topology/check.sh
source tests/topology/replicas.sh
source tests/topology/requests.sh
module=seed/modules/header-guard.wasm
digest=sha256:$(sha256sum "$module" | cut -d' ' -f1)
release=/api/v1/filters/alice/header-guard/releases/1.0.0

trap stop_everything EXIT
trap 'exit 130' INT TERM
start_stores
start_replica 1 && start_replica 2
check "two replicas migrate one empty database at the same time" all_ready
start_front
check "the image's health check agrees that a replica is ready" healthy 1

tamis user create alice >"$work/alice.out"
tamis user create carl --role curator >"$work/carl.out"
alice=$(tamis token create --user alice)
carl=$(tamis token create --user carl)

check "an upload through nginx makes a release" answers 201 "$alice" PUT "$front$release" -T "$module"
check "the release names the module's digest" same "$(field .digest)" "$digest"
check "the same bytes again change nothing" answers 200 "$alice" PUT "$two$release" -T "$module"
check "the other replica has the report" answers 200 "$alice" GET "$two$release/report"
check "which passes" fails same "$(field .verdict)" fail
check "a draft is absent for strangers" answers 404 "" GET "$front$release/module"

ask='{"namespace":"alice","filter":"header-guard","version":"1.0.0","action":"publish","note":"first release"}'
check "one replica takes the request for publication" accepted "$alice" POST "$one/api/v1/reviews" --json "$ask"
review=/api/v1/reviews/$(field .id)
check "its checks pass" eventually 30 review_state "$two$review" in_review
vote=$(jq -c '{decision: "approve", digest, revision}' "$work/body")
check "the other one takes the curator's vote" accepted "$carl" POST "$two$review/votes" --json "$vote"
check "both agree that it is approved" review_state "$one$review" approved
check "the author makes it live" accepted "$alice" POST "$one$review/release" --json '{}'
check "anyone finds it in the catalog" answers 200 "" GET "$front/api/v1/catalog?q=header-guard"
check "under its digest" same "$(field '.items[] | select(.namespace == "alice") | .digest')" "$digest"
for base in "$front" "$one" "$two"; do
  check "$base serves exactly the bytes by digest" same "$(served "$base/modules/sha256/${digest#sha256:}.wasm")" "$digest"
  check "$base serves exactly the bytes by version" same "$(served "$base$release/module")" "$digest"
done

check "nginx lets a large body through, Tamis judges it" problem "$alice" PUT "$front/api/v1/filters/alice/large/releases/1.0.0" \
  -T <(large_module)
check "metrics stay inside" answers 404 "" GET "$front/metrics"
check "and are served inside" answers 200 "" GET "$one/metrics"
check "every answer names its request" named "$front/api/v1/catalog"

source tests/topology/envoy-demo.sh
source tests/topology/rolling-restart.sh
check "the audit log is intact" tamis audit verify
check "the store and the database agree" tamis fsck
report topology
