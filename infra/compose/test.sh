#!/usr/bin/env bash
# Plays the compose stack through: up, write, four engines, reads, the master's container killed, engines replaced one by one, down.
#   infra/compose/test.sh            needs Docker, docker-compose or docker compose, redis-cli and curl; takes about five minutes
# On a machine without an image registry run infra/compose/base-images.sh first. Everything it makes is removed at the end (KEEP=1 keeps it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export COMPOSE_PROJECT_NAME=weirtest WEIR_IMAGE=${WEIR_IMAGE:-weir:test} WEIR_PORT=${WEIR_PORT:-26379} WEIR_ADMIN_PORT=${WEIR_ADMIN_PORT:-28379}
if docker compose version >/dev/null 2>&1; then compose() { docker compose "$@"; }; else compose() { docker-compose "$@"; }; fi
say() { printf '%s %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*"; compose ps || true; compose logs --tail 30 || true; exit 1; }
end() { [ -n "${KEEP:-}" ] || compose --profile nats3 --profile monitoring down -v --remove-orphans >/dev/null 2>&1 || true; }
trap end EXIT

cli() { timeout 20 redis-cli -p "$WEIR_PORT" "$@"; }
token() { compose exec -T admin cat /credentials/operate-token; }
topology() { curl -sf -H "Authorization: Bearer $(token)" "http://127.0.0.1:$WEIR_ADMIN_PORT/api/v1/topology"; }
# Waits at most $1 seconds for the command behind it.
within() {
  local until=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $until ] || return 1; sleep 0.5; done
}
address() { docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }
role() { timeout 5 redis-cli -h "$(address "$1")" role | head -1; }
# The containers of engines that play the role $1.
playing() { for one in $(compose ps -q engine); do [ "$(role "$one")" != "$1" ] || echo "$one"; done; }
online() { [ "$(topology | grep -o '"state":"online"' | wc -l)" -ge "$1" ]; }
answers() { [ "$(cli ping)" = PONG ]; }
accepts() { [ "$(cli set probe "$RANDOM")" = OK ]; }
# Writes $2 keys from number $1; each one has to be acknowledged.
write() { for i in $(seq "$1" $(($1 + $2 - 1))); do echo "SET key:$i value-$i"; done | cli | grep -vx OK && fail "a write was refused" || true; }
check() {
  local wrong
  wrong=$(for i in $(seq 1 "$1"); do echo "GET key:$i"; done | cli | tr -d '"' | paste -d' ' - <(seq -f 'value-%g' 1 "$1") | awk '$1 != $2' | wc -l)
  [ "$wrong" = 0 ] || fail "$wrong of $1 keys are missing or wrong"
  say "all $1 acknowledged keys are there"
}

say "build"; [ -n "${NO_BUILD:-}" ] || docker build --network host -q -f ../image/Dockerfile -t "$WEIR_IMAGE" ../.. >/dev/null
say "up"; compose up -d --no-build >/dev/null 2>&1 || fail "up"
within 120 answers || fail "nobody answers on $WEIR_PORT"
within 60 accepts || fail "no write is taken"
write 1 500; check 500

say "four engines"; compose up -d --no-build --scale engine=4 --no-recreate >/dev/null 2>&1 || fail "scale"
within 120 online 4 || fail "four engines are not online: $(topology)"
[ "$(playing master | wc -l)" = 1 ] || fail "there is not one master"
[ "$(playing slave | wc -l)" = 3 ] || fail "there are not three slaves"
before=0; for one in $(playing slave); do n=$(redis-cli -h "$(address "$one")" info stats | tr -d '\r' | sed -n 's/^keyspace_hits://p'); before=$((before + n)); done
check 500
after=0; for one in $(playing slave); do n=$(redis-cli -h "$(address "$one")" info stats | tr -d '\r' | sed -n 's/^keyspace_hits://p'); after=$((after + n)); done
[ "$after" -gt "$before" ] || fail "slaves answered no read"
say "slaves answered $((after - before)) reads"

say "kill -9 the master's container"
master=$(playing master); docker kill "$master" >/dev/null
started=$(date +%s%N); within 60 accepts || fail "no write is taken after the master's death"
say "the next write was taken $((($(date +%s%N) - started) / 1000000)) ms after the kill"
write 501 500; check 1000
docker start "$master" >/dev/null; within 60 online 4 || fail "the former master does not follow"
[ "$(role "$master")" = slave ] || fail "the former master is no slave"

say "replace the engines one by one, slaves first"
for one in $(playing slave) $(playing master); do
  docker stop -t 30 "$one" >/dev/null; docker start "$one" >/dev/null
  within 60 accepts || fail "no write is taken"
  within 90 online 4 || fail "a replaced engine does not come back"
done
write 1001 200; check 1200

say "NATS is restarted"
docker restart -t 30 "$(compose ps -q nats)" >/dev/null; within 60 accepts || fail "no write after NATS came back"
check 1200
curl -sf "http://127.0.0.1:$WEIR_ADMIN_PORT/readyz" >/dev/null || fail "the admin app is not ready"
for one in $(compose ps -q); do
  [ "$(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}' "$one")" = '1000:1000 true' ] || [ "$(docker inspect -f '{{.State.Running}}' "$one")" = false ] || fail "a part runs as root or may write its root"
done
compose logs 2>/dev/null | grep -F "$(token)" && fail "a token stands in a log" || true
say "down"; compose down >/dev/null 2>&1
compose up -d --no-build >/dev/null 2>&1; within 120 answers || fail "nobody answers after down and up"; check 1200
say "PASSED"
