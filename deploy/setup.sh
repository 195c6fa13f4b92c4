#!/usr/bin/env bash
# Makes a Debian 12 machine ready to build Starling.
#
# Installs the Debian packages that are missing and fetches MuJoCo and the task
# models into a cache folder outside the tree:
#   ${STARLING_CACHE:-${XDG_CACHE_HOME:-~/.cache}/starling}
# Every download is checked against a pinned SHA-256. Writes nowhere else. When
# nothing is missing it takes well under two seconds and uses no network.
#
# Usage: deploy/setup.sh [--robot]  MUJOCO_DIR=/path/to/mujoco deploy/setup.sh
#   --robot  also what building for robots and testing it takes: compilers for
#            other processors, emulators of them, ONNX Runtime
set -euo pipefail

case "$*" in
  '' | --robot) ;;
  *) echo "setup: error: unknown option \"$*\"; usage: deploy/setup.sh [--robot]" >&2; exit 2 ;;
esac

packages=(
  bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto
  bazel-skylib g++ gnuplot-nox libabsl-dev libbenchmark-dev libboost-dev
  libcli11-dev libcpp-httplib-dev libegl-dev libegl-mesa0 libeigen3-dev
  libgl1-mesa-dri libgmock-dev libgoogle-glog-dev libgrpc++-dev libgrpc-dev
  libgtest-dev libonnx-dev libopencv-dev libprotobuf-dev librandom123-dev
  libsqlite3-dev libssl-dev openjdk-17-jdk-headless pkg-config
  prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc unzip zip
)
robot_packages=(
  clang g++-aarch64-linux-gnu gcc-arm-none-eabi libnewlib-arm-none-eabi
  python3-jsonschema python3-numpy qemu-system-arm qemu-user
)
# Unpacked beside the system, which need not know their architecture.
aarch64_packages=(
  libabsl-dev libgflags-dev libgoogle-glog-dev liblzma-dev libprotobuf-dev
  libssl-dev libunwind-dev zlib1g-dev
)
mujoco_version=3.17.0
mujoco_sha256=d66928d86a2d1b601bbaa4dc11db50214d17d5301bb8afd84721313b67ff0874
gymnasium_version=1.4.0
gymnasium_sha256=1cb947c59e7c72d8eabb2c2274c00cd20948e69f8452a9ef4092223be24fdf0e
onnxruntime_version=1.32.0
onnxruntime_sha256=5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d

cache=${STARLING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/starling}

say() { echo "setup: $*" >&2; }
die() { say "error: $*"; exit 3; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Prints those of its arguments that are not installed. dpkg-query fails when it
# has never heard of one of them; its lines about the others are good.
missing_packages() {
  { dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true; } |
    awk -v want="$*" '
      $2 == "installed" { have[$1] = 1 }
      END { n = split(want, w, " ")
            for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }'
}

install_packages() {
  local missing log
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null ||
    die "these packages are missing and there is no apt-get: $missing(Starling builds on Debian 12)"
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    die "these packages are missing; as root, run: apt-get install --no-install-recommends $missing"
  fi
  say "installing Debian packages (a minute or two): $missing"
  mkdir -p "$cache"
  log=$cache/apt.log
  as_root apt-get -qq update >"$log" 2>&1 || say "warning: apt-get update failed; trying with the old lists"
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends $missing >>"$log" 2>&1 ||
    die "apt-get could not install: $missing(no network, or no such package; its messages are in $log)"
}

# fetch NAME VERSION SHA256 FOLDER COMMAND..: downloads a wheel, checks it, and
# gives it to COMMAND WHEEL OUT, which fills OUT; OUT then becomes FOLDER.
fetch() {
  local name=$1 version=$2 sha256=$3 folder=$4 wheel got work
  shift 4
  [ -e "$folder" ] && return 0
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  say "fetching $name $version"
  mkdir -p "$(dirname "$folder")" || die "cannot write $(dirname "$folder"): set STARLING_CACHE to a folder that you own"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  python3 -m pip download -q --disable-pip-version-check --no-deps \
    --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 -d "$work" "$name==$version" \
    >"$work/pip.log" 2>&1 ||
    die "cannot download $name $version: no network, or the package index does not answer ($(tail -n 1 "$work/pip.log" | cut -c 1-160)); try again when it does"
  wheel=$(ls "$work"/*.whl)
  got=$(sha256sum "$wheel" | cut -d ' ' -f 1)
  [ "$got" = "$sha256" ] ||
    die "$name $version has SHA-256 $got, expected $sha256: the download is damaged or was replaced; run again, and do not use it if this repeats"
  mkdir "$work/out"
  "$@" "$wheel" "$work/out" || die "cannot unpack $name $version into $cache: is the disk full?"
  mv -T "$work/out" "$folder" 2>/dev/null || [ -e "$folder" ] ||
    die "cannot write $folder: is the disk full?"
  rm -rf "$work"
}

unpack_mujoco() {
  unzip -qo "$1" 'mujoco/libmujoco.so.*' 'mujoco/include/mujoco/*.h' \
    'mujoco-*.dist-info/*' -d "$2/.wheel" &&
    mkdir "$2/lib" && mv "$2"/.wheel/mujoco/libmujoco.so.* "$2/lib/" &&
    ln -s "libmujoco.so.$mujoco_version" "$2/lib/libmujoco.so" &&
    mv "$2/.wheel/mujoco/include" "$2/include" &&
    mv "$2"/.wheel/mujoco-*.dist-info "$2/licence" && rm -r "$2/.wheel"
}

unpack_gymnasium() {
  unzip -qoj "$1" 'gymnasium/envs/mujoco/assets/*.xml' \
    'gymnasium-*.dist-info/licenses/LICENSE' -d "$2"
}

unpack_onnxruntime() {
  unzip -qo "$1" -d "$2"
}

# Static libraries of 64-bit ARM, for programs that a robot runs.
fetch_aarch64() {
  local folder=$cache/aarch64-debian12 work log=$cache/apt.log package
  [ -e "$folder" ] && return 0
  say "fetching libraries for aarch64"
  local arm=(-qq -o APT::Architectures::=amd64 -o APT::Architectures::=arm64)
  as_root apt-get "${arm[@]}" update >>"$log" 2>&1 ||
    say "warning: apt-get update failed; trying with the old lists"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  (cd "$work" && apt-get "${arm[@]}" download \
    "${aarch64_packages[@]/%/:arm64}" >>"$log" 2>&1) ||
    die "cannot download libraries for aarch64 (messages are in $log)"
  for package in "$work"/*.deb; do
    dpkg -x "$package" "$work/out" ||
      die "cannot unpack $package: is the disk full?"
  done
  mkdir -p "$work/made/lib"
  mv "$work"/out/usr/lib/aarch64-linux-gnu/*.a "$work/made/lib"
  mv "$work/out/usr/include/aarch64-linux-gnu" "$work/made/include"
  mv -T "$work/made" "$folder" 2>/dev/null || [ -e "$folder" ] ||
    die "cannot write $folder: is the disk full?"
  rm -rf "$work"
}

[ "$*" != --robot ] || packages+=("${robot_packages[@]}")
install_packages "${packages[@]}"
mkdir -p "$cache" || die "cannot write $cache: set STARLING_CACHE to a folder that you own"
if [ -n "${MUJOCO_DIR:-}" ]; then
  [ -e "$MUJOCO_DIR/include/mujoco/mujoco.h" ] ||
    die "MUJOCO_DIR=$MUJOCO_DIR holds no include/mujoco/mujoco.h: unset it, or point it to an unpacked release"
else
  fetch mujoco "$mujoco_version" "$mujoco_sha256" \
    "$cache/mujoco-$mujoco_version" unpack_mujoco
fi
fetch gymnasium "$gymnasium_version" "$gymnasium_sha256" \
  "$cache/models/gymnasium-$gymnasium_version" unpack_gymnasium
if [ "$*" = --robot ]; then
  fetch onnxruntime "$onnxruntime_version" "$onnxruntime_sha256" \
    "$cache/onnxruntime-$onnxruntime_version" unpack_onnxruntime
  fetch_aarch64
fi
