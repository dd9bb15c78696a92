#!/usr/bin/env bash
# Gets the real servers of the end-to-end tier: from Debian what Debian has, the rest from npm.
# Safe to run again; does nothing where all is there.
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
