# One image for every process: `serve` (the default), `worker`, `db upgrade` and the operator's commands.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/trackerctl
# Dependencies first: their layer stays until the lock changes. Wheels only, so nothing is compiled here or later.
COPY pyproject.toml requirements.lock ./
COPY deploy/runtime_requirements.py deploy/
RUN python deploy/runtime_requirements.py --build > build.txt \
 && python -m pip install --require-hashes --only-binary :all: --requirement build.txt \
 && python deploy/runtime_requirements.py > runtime.txt \
 && python -m pip --python /opt/trackerctl/bin/python install --require-hashes --only-binary :all: --requirement runtime.txt
COPY README.md LICENSE ./
COPY migrations migrations/
COPY jsbundle/dist jsbundle/dist/
COPY tracker tracker/
COPY cli cli/
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && python -m pip --python /opt/trackerctl/bin/python install --no-deps dist/*.whl \
 && python -m pip --python /opt/trackerctl/bin/python check

FROM python:3.12-slim
LABEL org.opencontainers.image.title="trackerctl" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH="/opt/trackerctl/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/trackerctl /opt/trackerctl
# An empty folder that the user cannot write to: a .env mounted into it is read, nothing else is there.
WORKDIR /etc/trackerctl
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["trackerctl"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
