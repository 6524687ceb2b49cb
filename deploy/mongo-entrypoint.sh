#!/bin/bash
# Starts mongod as a replica set with authentication. Members know each other by a key, which mongod takes from a file
# that nobody else may read; a mounted secret is readable for all, so it is written here, into memory.
set -euo pipefail

folder=${KEY_FOLDER:-/run/mongodb}
umask 077
rm -f "$folder/key"
printf '%s' "${MONGO_REPLICA_KEY:?is not set}" >"$folder/key"
chmod 400 "$folder/key"
unset MONGO_REPLICA_KEY

exec docker-entrypoint.sh mongod --replSet rs0 --keyFile "$folder/key" --bind_ip_all
