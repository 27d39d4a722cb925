#!/usr/bin/env bash
# Makes stand-ins for the images that the stack pulls, on a machine that can reach Debian's packages and npm but no image registry: a minimal Debian
# tagged with the names that the Dockerfile and the compose file use. For tests of the stack only.   infra/compose/base-images.sh [folder]
# Needs root, debootstrap, Docker, and this machine's own Node 20 or newer with npm.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${1:-$(mktemp -d)}
base=$work/debian
mkdir -p "$work"
[ -e "$base/usr/bin/env" ] || debootstrap --variant=minbase bookworm "$base" >"$work/debootstrap.log"

has() { docker image inspect "$1" >/dev/null 2>&1; }

has debian:bookworm-slim || tar -C "$base" --exclude='./var/cache/apt/archives/*.deb' --exclude=./usr/share/doc -c . | docker import - debian:bookworm-slim >/dev/null

if ! has node:24-bookworm-slim; then
  layer=$work/node
  mkdir -p "$layer/usr/bin" "$layer/usr/lib/node_modules" "$layer/etc/ssl/certs" "$layer/root" "$layer/usr/local/etc"
  cp "$(readlink -f "$(command -v node)")" "$layer/usr/bin/node"
  cp -a "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$layer/usr/lib/node_modules/npm"
  ln -sfn ../lib/node_modules/npm/bin/npm-cli.js "$layer/usr/bin/npm"
  # Where this machine's npm takes its packages from, the image's does too.
  cp -L /etc/ssl/certs/ca-certificates.crt "$layer/etc/ssl/certs/"
  for file in "$HOME/.npmrc:/root/.npmrc" /usr/local/etc/npmrc:/usr/local/etc/npmrc; do
    [ ! -e "${file%%:*}" ] || cp "${file%%:*}" "$layer${file#*:}"
  done
  printf 'FROM debian:bookworm-slim\nCOPY . /\nENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n' >"$layer/Dockerfile"
  docker build -q -t node:24-bookworm-slim "$layer" >/dev/null
fi

if ! has nats:2.15-alpine; then
  layer=$work/nats
  mkdir -p "$layer/usr/local/bin"
  node "$root/tools/bootstrap/main.mjs" --quiet
  cp "$(node -p 'require(process.argv[1]).natsServer' "$root/.cache/setup.json")" "$layer/usr/local/bin/nats-server"
  printf 'FROM debian:bookworm-slim\nCOPY . /\nENTRYPOINT ["nats-server"]\n' >"$layer/Dockerfile"
  docker build -q -t nats:2.15-alpine "$layer" >/dev/null
fi
docker images
