# Footnote without torch: the page, the API, MCP, the Slack bot, tracing.
#
#   docker build --tag footnote .
#   docker run --rm --publish 127.0.0.1:7860:7860 --env FOOTNOTE_OPEN=on \
#     --env FOOTNOTE_PUBLIC_URL=http://127.0.0.1:7860 --volume footnote:/data footnote
#
# compose.yaml has the same with a folder of documents, Chroma, Ollama and Slack.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/footnote
# What Footnote needs is installed before Footnote is copied: these take minutes, and change seldom.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; extras = [line for name in ('mcp', 'slack', 'tracing') for line in project['optional-dependencies'][name]]; print(*project['dependencies'], *extras, sep='\n')" > requirements.txt \
    && /opt/footnote/bin/pip install --constraint constraints.txt --requirement requirements.txt
COPY README.md LICENSE ./
COPY index ./index
COPY rag ./rag
COPY ui ./ui
COPY prompts ./prompts
COPY seeds ./seeds
RUN /opt/footnote/bin/pip install --no-deps .

FROM python:3.11-slim
# A number, so that Kubernetes can tell that it is not root.
RUN groupadd --gid 10001 footnote \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin footnote \
    && install --directory --owner=10001 --group=10001 /data /documents
COPY --from=build /opt/footnote /opt/footnote
# Only /data and /tmp are written to. Documents in /documents are named `documents/…`, for the home is /data.
ENV PATH=/opt/footnote/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    FOOTNOTE_HOME=/data \
    XDG_CACHE_HOME=/tmp/cache \
    HF_HOME=/tmp/cache/huggingface \
    GRADIO_TEMP_DIR=/tmp/gradio
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client as http; connection = http.HTTPConnection('127.0.0.1', 7860, timeout=4); connection.request('GET', '/api/health/live'); raise SystemExit(connection.getresponse().status != 200)"]
# No shell in between: SIGTERM reaches the server, which lets answers on their way be finished.
ENTRYPOINT ["footnote"]
CMD ["serve", "--host", "0.0.0.0"]
