# The server of both catalogues. Nothing of the build but /app reaches the image that runs.
FROM python:3.13-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/app UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --root-user-action=ignore uv
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --extra redis --no-install-project --no-build
COPY README.md LICENSE ./
COPY runtime runtime
COPY generated generated
COPY codegen codegen
COPY sandbox sandbox
RUN uv sync --frozen --no-dev --extra redis --no-editable

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin toolpress
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TOOLPRESS_HOST=0.0.0.0 TOOLPRESS_PORT=8000
USER 10001
EXPOSE 8000
# http.client, since urllib would ask a proxy of the environment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os; from http.client import HTTPConnection; probe = HTTPConnection('127.0.0.1', os.environ['TOOLPRESS_PORT'], timeout=2); probe.request('GET', '/readyz'); exit(probe.getresponse().status != 200)"]
ENTRYPOINT ["toolpress"]
CMD ["serve", "mihu", "zihin"]
