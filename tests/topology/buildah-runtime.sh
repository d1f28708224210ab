#!/usr/bin/env bash
# Builds the runtime image from docker/Dockerfile around a binary that exists already, and runs it.
#   buildah-runtime.sh BINARY
# No registry and no container engine: the base image is a Debian root made from Debian's packages, which
# tests/setup keeps in tests/.engines; buildah works on plain directories (vfs) in a chroot. Needs root, or sudo without a password.
set -euo pipefail
if [[ $(id -u) != 0 ]]; then exec sudo -n -- "$0" "$@"; fi
binary=$(realpath "${1:?usage: buildah-runtime.sh BINARY}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/topology/check.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/tamis-image.XXXXXX")
export BUILDAH_ISOLATION=chroot
container=

buildah() { command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }
cleanup() {
  if [[ -n $container ]]; then buildah rm "$container" >/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

base() {
  local tar=tests/.engines/debian-bookworm.tar
  [[ -s $tar ]] || { echo "buildah-runtime.sh: $tar is missing: tests/setup makes it" >&2 && exit 69; }
  mkdir "$work/base"
  ln "$tar" "$work/base/root.tar" 2>/dev/null || cp "$tar" "$work/base/root.tar"
  printf 'FROM scratch\nADD root.tar /\n' | buildah build -q -t base -f - "$work/base" >/dev/null
}

image() {
  mkdir "$work/context"
  cp LICENSE "$work/context/"
  cp "$binary" "$work/context/tamis"
  buildah build -q --format docker --target runtime-prebuilt --build-arg BASE=localhost/base --build-arg BINARY=tamis \
    -t tamis -f docker/Dockerfile "$work/context" >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log" >&2 && return 1; }
}

inside() { buildah run "$container" -- "$@"; }
configured() { buildah inspect --type image --format "{{$1}}" tamis; }
helps() { inside tamis --help | grep -q 'serve'; }
writes_data() { inside touch /data/probe; }
# Nothing listens in a container that was not started: the check must say so.
unhealthy() { ! inside tamis health 2>/dev/null; }

base
image
container=$(buildah from tamis)
check "the binary runs in the image" helps
check "it runs as an ordinary user" same "$(inside id -un)" tamis
check "that user may write to /data" writes_data
check "and not to the rest" fails inside touch /usr/local/bin/probe
check "root certificates are there" inside test -s /etc/ssl/certs/ca-certificates.crt
check "the image listens on all addresses" same "$(inside printenv TAMIS_LISTEN)" 0.0.0.0:8080
check "a stopped server is not healthy" unhealthy
check "the image carries a health check" same "$(configured .Docker.Config.Healthcheck.Test)" "[CMD tamis health]"
check "and a volume" same "$(configured .Docker.Config.Volumes)" "map[/data:{}]"
report image
