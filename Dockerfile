# Galaxy Explorer in a container, for the CPU; docs/hosting.md has the commands that build and run it.
FROM python:3.11-slim

# Wheels without CUDA save 4 GB. torchvision is the release that goes with torch; requirements.txt has the lowest versions.
ARG TORCH=2.14.1
ARG TORCHVISION=0.29.1
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu \
    "torch==${TORCH}" "torchvision==${TORCHVISION}"

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py LICENSE ./
COPY .streamlit/config.toml .streamlit/
COPY weights weights
COPY galaxy_explorer galaxy_explorer

# /data: your pictures; /cache: thumbnails and predictions. Hugging Face Spaces run a container as user 1000.
RUN useradd --uid 1000 --no-log-init --home-dir /cache explorer \
    && mkdir -p /cache /data \
    && chown explorer /cache /data \
    && python -m compileall -q app.py galaxy_explorer
USER 1000
VOLUME ["/cache", "/data"]

ENV XDG_CACHE_HOME=/cache \
    PYTHONUNBUFFERED=1 \
    GALAXY_EXPLORER_OPEN_FOLDERS=0 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost
EXPOSE 8501
# In shell form, which reads the variables.
# hadolint ignore=DL3025
HEALTHCHECK --start-period=60s --timeout=10s CMD python -c "import urllib.request as r; r.urlopen(\
'http://localhost:${STREAMLIT_SERVER_PORT}${STREAMLIT_SERVER_BASE_URL_PATH:+/$STREAMLIT_SERVER_BASE_URL_PATH}/_stcore/health', timeout=5)"

ENTRYPOINT ["python", "-m", "galaxy_explorer"]
CMD ["app"]
