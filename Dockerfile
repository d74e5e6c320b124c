FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock askama.toml ./
COPY benches benches
COPY src src
# What was downloaded and compiled stays for the next build; the binary has to leave the cache.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin latchkey \
    && install -D -t /out target/release/latchkey \
    && mkdir /data

# glibc, libgcc, CA certificates and time zones; no shell.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/latchkey /usr/local/bin/latchkey
# The database is here by default, so that a volume keeps it. A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /data /var/lib/latchkey
WORKDIR /var/lib/latchkey
ENV LATCHKEY_LISTEN=0.0.0.0:8080 LATCHKEY_MANAGEMENT_LISTEN=0.0.0.0:9090
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/latchkey"]
CMD ["serve"]
