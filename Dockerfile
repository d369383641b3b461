# One image for every process of the full engine; docker-compose.yml says which is which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PKIPORTAL_HOME=/var/lib/pkiportal
WORKDIR /srv/pkiportal

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY manage.py LICENSE ./
COPY pki pki
COPY smime smime
COPY tenants tenants
COPY mail mail
COPY pkiportal pkiportal
COPY templates templates
COPY static static

# Collecting needs settings but no secrets: those it makes for itself are thrown away in the same layer.
RUN PKIPORTAL_ROLE=migrate SECRET_KEY=unused python manage.py collectstatic --no-input \
    && useradd --system --uid 10001 --home-dir /var/lib/pkiportal --create-home pkiportal

USER pkiportal
EXPOSE 8000
