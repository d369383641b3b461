#!/bin/sh
# Prints an .env file for docker-compose.yml with fresh secrets. Keep it: the master keys open every key in the database.
#   ./docker/make-env.sh > .env      (PUBLISH_BASE_URL=https://pki.example.org ./docker/make-env.sh > .env)
set -eu
umask 077

word() { openssl rand -hex 24; }
key() { openssl rand -base64 32; }

cat <<ENV
POSTGRES_PASSWORD=$(word)
OWNER_PASSWORD=$(word)
APP_PASSWORD=$(word)
SECRET_KEY=$(key)
PEOPLE_MASTER_KEY=$(key)
AUTHORITY_MASTER_KEY=$(key)
PUBLISH_BASE_URL=${PUBLISH_BASE_URL:-http://localhost:8000}
ALLOWED_HOSTS=${ALLOWED_HOSTS:-localhost}
CSRF_TRUSTED_ORIGINS=${CSRF_TRUSTED_ORIGINS:-}
HTTPS=${HTTPS:-1}
ENV
