# shellcheck shell=bash
# Sourced by topology.sh: requests as one-line assertions. The last answer is in $work/body and $work/head.
status=

# request TOKEN METHOD URL [curl arguments]: sets $status.
request() {
  local token=$1 method=$2 url=$3 auth=()
  shift 3
  if [[ -n $token ]]; then auth=(-H "Authorization: Bearer $token"); fi
  status=$(curl -s -m 60 -X "$method" -o "$work/body" -D "$work/head" -w '%{http_code}' "${auth[@]}" "$@" "$url") || true
}

answers() {
  local expected=$1
  shift
  request "$@"
  [[ $status == "$expected" ]] || { printf '        %s instead of %s: %s\n' "$status" "$expected" "$(head -c 600 "$work/body")" && return 1; }
}

accepted() {
  request "$@"
  [[ $status == 20[0-4] ]] || { printf '        %s: %s\n' "$status" "$(head -c 600 "$work/body")" && return 1; }
}

# A refusal in Tamis's own form, not in nginx's.
problem() {
  request "$@"
  [[ $status == 4?? && -n $(field .code) ]] || { printf '        %s: %s\n' "$status" "$(head -c 600 "$work/body")" && return 1; }
}

field() { jq -r "$1" "$work/body" 2>/dev/null || true; }
served() { printf 'sha256:%s' "$(curl -sf -m 60 "$1" | sha256sum | cut -d' ' -f1)"; }
named() { request "" GET "$1" && grep -qi '^x-request-id: .' "$work/head"; }

review_state() {
  request "$carl" GET "$1"
  same "$(field .state)" "$2"
}

# A well-formed module that is larger than nginx's default limit: a header and one 24 MiB custom section.
large_module() {
  printf '\0asm\1\0\0\0\0\204\200\200\014\3pad'
  head -c $((24 * 1024 * 1024)) /dev/zero
}
