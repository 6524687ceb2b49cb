#!/bin/sh
# Writes .env for compose.yaml with fresh passwords, readable for its owner alone. Never replaces one.
#
#   sh deploy/make-env.sh https://track.example.com
set -eu

if [ "$#" -ne 1 ]; then
  echo "usage: sh deploy/make-env.sh PUBLIC_URL    (where browsers will reach the service)" >&2
  exit 2
fi
case $1 in
  http://?* | https://?*) ;;
  *) echo "PUBLIC_URL must begin with http:// or https://" >&2; exit 2 ;;
esac
if [ -e .env ]; then
  echo ".env exists already and is left as it is" >&2
  exit 1
fi

# Hexadecimal: passwords go into URLs, where other characters would have to be escaped.
secret() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
# noclobber: two runs at once cannot write one file.
set -C
cat >.env <<END
# For compose.yaml; written by deploy/make-env.sh. Keep it out of version control and in your backup:
# without TRACKER_SECRET_KEYS the publishable keys of your pages cannot be printed again.
TRACKER_PUBLIC_URL=$1
TRACKER_SECRET_KEYS=$(secret)
MARIADB_PASSWORD=$(secret)
MARIADB_ROOT_PASSWORD=$(secret)
MONGO_PASSWORD=$(secret)
MONGO_ROOT_PASSWORD=$(secret)
MONGO_REPLICA_KEY=$(secret)
REDIS_PASSWORD=$(secret)
END
echo "Wrote .env. Next: docker compose up --build --detach"
