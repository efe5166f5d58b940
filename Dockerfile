# ci-reporter in an image: `make pyz && docker build -t ci-reporter .`, then
# `docker run --rm --volume "$PWD:/work" --user "$(id -u)" ci-reporter gate https://shop.example/health`

# No program runs in the image itself, so that it can be built for any platform on any other.
FROM --platform=$BUILDPLATFORM python:3.13-slim AS files
RUN install -d -o 65532 -g 65532 /work

FROM python:3.13-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ci-reporter" \
      org.opencontainers.image.description="Record what a CI step did, push it, and decide whether a deploy may go green." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --chmod=0755 dist/ci-reporter.pyz /usr/local/bin/ci-reporter
COPY --from=files --chown=65532:65532 /work /work
WORKDIR /work
# A number: `runAsNonRoot` of Kubernetes refuses a name.
USER 65532:65532
# It runs a command and ends; there is nothing to ask.
HEALTHCHECK NONE
ENTRYPOINT ["ci-reporter"]
CMD ["--help"]
