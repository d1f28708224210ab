# shellcheck shell=bash disable=SC2154
# Sourced by topology.sh: the Envoy demo of docker/envoy as it stands, with the filter that was just published.
# Envoy fetches the module through nginx by its digest and must run it, not only load it.
envoy=${TAMIS_TEST_ENVOY:-$(tests/.venv/bin/python -c 'import envoy, os; print(os.path.join(os.path.dirname(envoy.__file__), "_bin", "envoy"))')}
proxy=http://127.0.0.1:$(free_port)

start_envoy() {
  docker/envoy/render alice/header-guard "$front" "${front#http://}" "${proxy#http://}" >"$work/envoy.yaml" || return
  "$envoy" -c "$work/envoy.yaml" --disable-hot-restart --concurrency 1 -l warning >"$work/envoy.log" 2>&1 </dev/null &
  envoy_pid=$!
}

through_envoy() { same "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "${@:2}" "$proxy/")" "$1"; }
too_long() { printf 'x-note: %09000d' 0; }

check "the demo's configuration is written for the published release" start_envoy
check "it pins the digest" grep -q "sha256: \"${digest#sha256:}\"" "$work/envoy.yaml"
check "Envoy pulls the module and serves" eventually 20 through_envoy 200
check "the filter refuses what it is there to refuse" fails through_envoy 200 -H "$(too_long)"
check "and Envoy goes on serving" through_envoy 200
