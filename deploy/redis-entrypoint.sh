#!/bin/sh
# Starts Redis with a password that stands in no command line, where every user of the machine could read it.
set -eu

here=$(dirname "$0")
folder=${RUN_FOLDER:-/run/redis}
umask 077
rm -f "$folder/redis.conf"
printf 'include %s\nrequirepass "%s"\n' "$here/redis.conf" "${REDIS_PASSWORD:?is not set}" >"$folder/redis.conf"

exec redis-server "$folder/redis.conf" "$@"
