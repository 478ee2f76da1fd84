# Dear Rep's processes: one image, the command says which. Packages come from the lock, each checked against its hash.
FROM python:3.13-slim AS packages
COPY requirements.txt /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.13-slim
# For the pictures that shared links show, and for flyers.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-core fonts-wqy-zenhei \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/dearrep --create-home dearrep
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY shared shared
COPY web web
COPY worker worker
COPY templates templates
COPY campaigns campaigns
USER dearrep
EXPOSE 8000
CMD ["python", "-m", "shared.cli.main", "--help"]
