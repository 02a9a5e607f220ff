#!/bin/bash
# Runs once, on an empty volume: a database and a role for each service, the password from its secret.
# A role may make databases of its own: the restore of each backup is rehearsed in one.
set -eu

for service in intake alerts volunteers rollup; do
  # psql reads the secret itself: a password among a command's words would be seen by every process.
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v name="bulwark_$service" -v secret="/run/secrets/${service}_database_password" <<'SQL'
\set password `cat :secret`
CREATE ROLE :"name" LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
