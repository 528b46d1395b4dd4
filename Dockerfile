# The demo's services and its page, for docker-compose.yml: one image, one command each.
FROM node:22.21.1-bookworm-slim AS page
WORKDIR /src
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend .
RUN npm run build

FROM rust:1.89.0-slim-bookworm AS services
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN cargo build --release --locked -p api -p mailer -p page

FROM debian:12.12-slim
# CA certificates, for Sentry over TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home spanfall && install -d -o spanfall -m 700 /var/lib/spanfall
COPY --from=services /src/target/release/api /src/target/release/mailer /src/target/release/page /usr/local/bin/
COPY --from=page /src/dist /usr/share/spanfall/page
USER spanfall
CMD ["api"]
