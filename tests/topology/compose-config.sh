#!/usr/bin/env bash
# The compose file, its variables and nginx.conf, as far as they can be judged without a container engine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/topology/check.sh
PATH=$PATH:/usr/sbin
dir=$(mktemp -d "${TMPDIR:-/tmp}/tamis-compose.XXXXXX")
trap 'rm -rf "$dir"' EXIT
docker/new-env >"$dir/env"

# An empty environment: a variable of the caller's must not fill a hole in the .env file.
compose() { env -i PATH="$PATH" HOME="$dir" docker-compose -f docker/compose.yaml --env-file "$@"; }
names() { sed -n 's/^\([A-Z0-9_]*\)=.*/\1/p' "$1" | sort; }
services() { compose "$dir/env" config --services 2>/dev/null | sort | tr '\n' ' '; }
mounted() { compose "$dir/env" config | sed -n 's/^ *- \(\/[^:]*\):.*:ro$/\1/p' | grep -v '/envoy.yaml$'; }

refuses_without() {
  grep -v "^$1=" "$dir/env" >"$dir/without"
  ! compose "$dir/without" config >"$dir/out" 2>&1 && grep -q 'set in docker/.env' "$dir/out"
}

# A variable that Tamis does not know is as good as none, and nothing says so.
unknown() { comm -23 <(grep -o '\bTAMIS_[A-Z0-9_]*' docker/compose.yaml docker/Dockerfile -h | grep -v -x TAMIS_PORT | sort -u) <(grep -rhoP 'env = "\KTAMIS_[A-Z0-9_]*' service/src | sort -u); }

tracked() { git ls-files --error-unmatch "$1" >/dev/null; }

nginx_accepts() {
  sed 's/server tamis-1:/server 127.0.0.1:/; s/server tamis-2:/server 127.0.0.2:/' docker/nginx.conf >"$dir/nginx.conf"
  nginx -t -q -p "$dir" -c "$dir/nginx.conf"
}

check "the compose file is valid with the variables that new-env writes" compose "$dir/env" config -q
check "it describes two replicas, a database, a store and a front" same "$(services)" "envoy garage nginx postgres tamis-1 tamis-2 "
for variable in $(names "$dir/env" | grep -v -e '^TAMIS_PORT$' -e '^COMPOSE_'); do
  check "nothing starts while $variable is unset" refuses_without "$variable"
done
check ".env.example names the variables that new-env fills" same "$(names docker/.env.example)" "$(names "$dir/env")"
check ".env.example holds no secret" fails grep -E '(PASSWORD|SECRET|KEY)=.' docker/.env.example
check "Tamis knows each of its variables" same "$(unknown)" ""
check "two runs of new-env share no secret" same "$(cat "$dir/env" <(docker/new-env) | grep -E 'PASSWORD|SECRET|KEY' | sort -u | wc -l)" 10
for file in $(mounted); do
  check "the mounted ${file##*/} is in the repository" tracked "$file"
done
check "nginx accepts its configuration" nginx_accepts
report compose
