# One image for every process of the suite; the command decides which one runs.

FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/igny8
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1
COPY requirements/bootstrap.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
 && python -m venv --without-pip .venv
COPY requirements/runtime.txt requirements/
RUN uv pip install --python .venv/bin/python --require-hashes --only-binary :all: --compile-bytecode \
    -r requirements/runtime.txt

# What builds the stubs stays behind in this stage.
FROM build AS stubs
COPY requirements/build.txt requirements/
RUN uv pip install --python .venv/bin/python --require-hashes --only-binary :all: -r requirements/build.txt
COPY protos protos
RUN .venv/bin/python protos/build.py

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin igny8 \
 && install -d -o igny8 -g igny8 -m 700 /var/lib/igny8
WORKDIR /srv/igny8
ENV PATH=/srv/igny8/.venv/bin:$PATH PYTHONPATH=/srv/igny8:/srv/igny8/gen \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LOG_FORMAT=json \
    IGNY8_DATA_DIR=/var/lib/igny8
COPY --from=build /srv/igny8/.venv .venv
COPY --from=stubs /srv/igny8/gen gen
COPY pyproject.toml .
COPY chassis chassis
COPY gateway gateway
COPY services services
COPY suite suite
COPY examples/prices.yaml examples/
RUN python -m compileall -q chassis gateway services suite gen \
 && printf '%s\n' '#!/srv/igny8/.venv/bin/python' 'from suite.cli import main' 'main()' >.venv/bin/igny8 \
 && chmod 755 .venv/bin/igny8
USER igny8
CMD ["igny8", "--help"]
