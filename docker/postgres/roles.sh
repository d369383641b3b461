#!/bin/sh
# Roles and database of the portal. The PostgreSQL image runs this once, as superuser, on an empty volume; by hand:
#   PGHOST=… POSTGRES_USER=postgres PKIPORTAL_OWNER_PASSWORD=… PKIPORTAL_APP_PASSWORD=… docker/postgres/roles.sh
# The owner migrates. The application role owns nothing and cannot bypass row-level security, so the walls hold it;
# `migrate` grants it what it needs on every table.
set -eu

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    -v owner="${PKIPORTAL_OWNER:-pkiportal_owner}" -v owner_password="$PKIPORTAL_OWNER_PASSWORD" \
    -v app="${PKIPORTAL_APP:-pkiportal_app}" -v app_password="$PKIPORTAL_APP_PASSWORD" \
    -v database="${PKIPORTAL_DATABASE:-pkiportal}" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
CREATE ROLE :"app" LOGIN PASSWORD :'app_password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
CREATE DATABASE :"database" OWNER :"owner" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
\connect :"database"
ALTER SCHEMA public OWNER TO :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL
