# syntax=docker/dockerfile:1

# The shop as one static program in an empty image: no shell, no package manager, an ordinary user.
#
#   docker build --tag quintet .
#   docker run --rm quintet version
#
# docker-compose.yml runs it with PostgreSQL. docs/configuration.md lists its environment variables.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
# The history comes along, because the version that the program reports is read from it.
COPY . .
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly GOCACHE=/go/build
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/build \
    go build -trimpath -ldflags '-s -w' -o /out/usr/bin/server ./cmd/server
# What the program needs around it: roots to check a database's certificate by, and two folders that it may write to.
RUN mkdir -p /out/etc/ssl/certs /out/data && install -d -m 1777 /out/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ && chown 65532:65532 /out/data

FROM scratch
COPY --from=build /out /
USER 65532:65532
# A SQLite file, its key and uploaded files go here unless configured otherwise.
WORKDIR /data
VOLUME /data
ENV QUINTET_ENV=production QUINTET_ADDR=0.0.0.0:8000 QUINTET_MEDIA_DIR=/data/media
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/usr/bin/server", "healthcheck"]
ENTRYPOINT ["/usr/bin/server"]
