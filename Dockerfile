# The demo's services, for docker-compose.yml: one image, one command each.
FROM rust:1.89-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN cargo build --release --locked -p api -p mailer

FROM debian:bookworm-slim
# Certificates of the authorities, for a Sentry that speaks TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home spanfall
COPY --from=build /src/target/release/api /src/target/release/mailer /usr/local/bin/
USER spanfall
CMD ["api"]
