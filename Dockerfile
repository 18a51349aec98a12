# For the CPU. The steps are README's: "Install", then "Screen a folder" as what the container does.
#   docker build -t av-nicking .
#   docker run --rm -v "$PWD":/data av-nicking /data/photographs --output /data/out
FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /av-nicking
COPY . .
# Wheels of torch for the CPU: a tenth of the download.
RUN make install PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
ENV PATH=/av-nicking/.venv/bin:$PATH
ENTRYPOINT ["av-nicking", "screen"]
