#!/usr/bin/env bash
# Builds the platform's own images from their Dockerfiles without Docker, and keeps them as OCI archives in
# ${TRELLIS_CACHE:-~/.cache/trellis}/images. Archives that exist are not built again:
#
#   images.sh [jobs|postgres|recovery|...]...         these three, or those named (bases too); prints name and archive
#   images.sh --afresh <image> <checkout> <archive>   builds again from this checkout, and reuses only the base
#
# The Dockerfiles name bases in registries. They are replaced by what this machine can make: Debian in the release of the
# jobs image, from Debian's archive, with this machine's Node or Debian's PostgreSQL. Needs root.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${TRELLIS_CHECKOUT:-$(cd "$here/../.." && pwd)} # whose sources the images are made of
cache=${TRELLIS_CACHE:-$HOME/.cache/trellis}
images=$cache/images
release=trixie
postgresql=17 # the major version that this release has
names=(jobs postgres recovery)
declare -A bases_of=([jobs]=node [postgres]=postgresql [recovery]="postgres jobs")

# The cache between builds is deleted when it has grown to this, in MiB.
kept_limit=6000

# The same sources make the same image, byte by byte, so every file gets this time.
export SOURCE_DATE_EPOCH=1

drafts=$(mktemp -d "${TMPDIR:-/tmp}/trellis-images.XXXXXX")
store=$images/store

buildah_in_store() {
  local driver=()
  # An overlay cannot be mounted on another one, as in a container.
  [ "$(stat --file-system --format=%T "$images")" != overlayfs ] || driver=(--storage-driver vfs)
  buildah --root "$store" --runroot "$drafts/run" "${driver[@]}" "$@" >&2
}

clean_up() {
  umount --recursive "$store/overlay" 2>/dev/null || true
  [ "$store" = "$images/store" ] || rm -rf "$store"
  rm -rf "$drafts"
}
trap clean_up EXIT

# The package sources of this machine, for the release of the images.
sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$release" '$1 == "Debian" { sub(/^[a-z]+/, release, $3); print "deb", $2, $3, $4 }' | sort -u
}

npm_folder() { dirname "$(dirname "$(readlink -f "$(command -v npm)")")"; }

# An image's key is a digest of everything that it is made from.
key() { # image
  case $1 in
    debian) { declare -f make_base; sources; uname -m; } ;;
    node) { key debian; declare -f make_node; node --version; npm --version 2>/dev/null; } ;;
    jobs) { key node; declare -f make_jobs; contents .dockerignore .npmrc package.json package-lock.json tsconfig.json jobs policy/ts-node; } ;;
    postgresql) { key debian; declare -f make_postgresql; } ;;
    postgres) { key postgresql; declare -f make_postgres; contents components/data/postgres/images/member; } ;;
    recovery) { key postgres; key jobs; declare -f make_recovery; contents components/data/postgres/images/recovery; } ;;
  esac | sha256sum | cut -c1-16
}

# Digests of what a build sees.
contents() { # path...
  (cd "$root" && find "$@" -name node_modules -prune -o -type f -print0 | sort --zero-terminated | xargs -0 sha256sum)
}

# Debian's smallest installation, with more, as an image.
make_base() { # archive command mmdebstrap's options...
  local archive=$1 command=$2 lines attempt=1
  shift 2
  mapfile -t lines < <(sources)
  [ ${#lines[@]} -gt 0 ] || { echo "images: apt knows no source of Debian's own packages on this machine" >&2; return 1; }
  until mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Retries "5"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$@" "$release" "$drafts/root.tar" "${lines[@]}" >&2; do
    [ $((attempt++)) -lt 3 ] || { echo "images: cannot install Debian $release" >&2; return 1; }
    echo "images: trying Debian $release again" >&2
  done
  buildah_in_store rm trellis-base 2>/dev/null || true # left by a build that was cut
  buildah_in_store from --name trellis-base scratch
  buildah_in_store add --quiet trellis-base "$drafts/root.tar" /
  buildah_in_store config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd "$command" trellis-base
  buildah_in_store commit --quiet --rm --timestamp "$SOURCE_DATE_EPOCH" trellis-base "oci-archive:$archive"
}

# shellcheck disable=SC2016 # mmdebstrap's own variables
make_node() { # archive
  # With the user that Node's official image has.
  make_base "$1" node --include=libstdc++6 \
    --customize-hook='chroot "$1" groupadd --gid 1000 node' \
    --customize-hook='chroot "$1" useradd --uid 1000 --gid node --shell /bin/bash --create-home node' \
    --customize-hook="copy-in $(readlink -f "$(command -v node)") /usr/local/bin" \
    --customize-hook='mkdir -p "$1/usr/local/lib/node_modules"' \
    --customize-hook="copy-in $(npm_folder) /usr/local/lib/node_modules" \
    --customize-hook='ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"' \
    --customize-hook='ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"'
}

# shellcheck disable=SC2016 # mmdebstrap's own variables
make_postgresql() { # archive
  # With the user that PostgreSQL's official image has, no cluster, and no key that everybody would share.
  make_base "$1" bash --include="postgresql-$postgresql" \
    --essential-hook='echo "postgres:x:999:" >> "$1/etc/group"' \
    --essential-hook='echo "postgres:x:999:999::/var/lib/postgresql:/bin/bash" >> "$1/etc/passwd"' \
    --essential-hook='mkdir -p "$1/etc/postgresql-common"' \
    --essential-hook='echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"' \
    --customize-hook='rm -f "$1"/etc/ssl/private/ssl-cert-snakeoil.key "$1"/etc/ssl/certs/ssl-cert-snakeoil.pem' \
    --customize-hook='find "$1/etc/ssl/certs" -xtype l -delete' \
    --customize-hook='rm -rf "$1"/var/log/*.log "$1"/var/log/apt "$1"/var/cache/ldconfig/aux-cache'
}

make_jobs() { # context archive
  local mounts=() user_config global_config
  # npm as it is set on this machine, for the stage that installs packages: registry, authorities, what is there already.
  user_config=$(npm config get userconfig 2>/dev/null)
  global_config=$(npm config get globalconfig 2>/dev/null)
  mount_in() { [ ! -e "$1" ] || mounts+=(--volume "$1:$2:$3"); }
  mount_in "$user_config" /root/.npmrc ro
  mount_in "$global_config" /usr/local/etc/npmrc ro
  mount_in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt ro
  mount_in "$(npm config get cache 2>/dev/null)" /root/.npm rw

  local build=(bud --layers --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" --file "$1/jobs/Dockerfile"
    --build-arg "NODE_IMAGE=oci-archive:$(archive_of node)")
  buildah_in_store "${build[@]}" "${mounts[@]}" --target build "$1"
  # The second build reuses that stage, so nothing that was mounted gets into the image.
  buildah_in_store "${build[@]}" --tag localhost/trellis-jobs "$1"
  buildah_in_store push --quiet localhost/trellis-jobs "oci-archive:$2:localhost/trellis-jobs:latest"
}

# In whichever version Debian has: the pins are for the PostgreSQL project's packages.
make_postgres() { # context archive
  buildah_in_store bud --layers --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" \
    --build-arg "POSTGRES_VERSION=$postgresql" --build-arg "POSTGRES_IMAGE=oci-archive:$(archive_of postgresql)" \
    --build-arg PACKAGE_ARCHIVE= --tag localhost/trellis-postgres "$1/components/data/postgres/images/member"
  buildah_in_store push --quiet localhost/trellis-postgres "oci-archive:$2:localhost/trellis-postgres:latest"
}

make_recovery() { # context archive
  buildah_in_store bud --layers --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" \
    --build-arg "POSTGRES_IMAGE=oci-archive:$(archive_of postgres)" --build-arg "JOBS_IMAGE=oci-archive:$(archive_of jobs)" \
    --tag localhost/trellis-recovery "$1/components/data/postgres/images/recovery"
  buildah_in_store push --quiet localhost/trellis-recovery "oci-archive:$2:localhost/trellis-recovery:latest"
}

archive_of() { echo "$images/$1-$(key "$1").tar"; }

bases() { # image: makes those that are not there
  local base
  for base in ${bases_of[$1]:-}; do image "$base" >/dev/null; done
}

image() { # name: makes it if it is not there, prints its archive
  local archive
  archive=$(archive_of "$1")
  if [ ! -e "$archive" ]; then
    bases "$1"
    echo "toolchain: building the image $1" >&2
    if [ "$(du --summarize --block-size=1M "$store" 2>/dev/null | cut -f1)" -gt "$kept_limit" ] 2>/dev/null; then
      buildah_in_store rmi --all --force
    fi
    if [ -n "${bases_of[$1]:-}" ]; then
      "make_$1" "$root" "$drafts/archive.tar"
    else
      "make_$1" "$drafts/archive.tar"
    fi
    # Earlier archives were made from other sources.
    find "$images" -maxdepth 1 -name "$1-*.tar" -mtime +3 -delete
    mv "$drafts/archive.tar" "$archive"
  fi
  printf '%s\t%s\n' "$1" "$archive"
}

main() {
  mkdir -p "$images"
  exec 9>"$images/.lock"
  flock 9 # two would build the same

  if [ "${1:-}" = --afresh ]; then
    bases "$2"
    rm -rf "$images"/.afresh.* # left by a build that was cut
    store=$(mktemp -d "$images/.afresh.XXXXXX")
    "make_$2" "$(cd "$3" && pwd)" "$4"
  else
    [ $# -gt 0 ] || set -- "${names[@]}"
    for name; do image "$name"; done
  fi
}

main "$@"
