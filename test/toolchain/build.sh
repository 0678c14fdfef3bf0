#!/usr/bin/env bash
# Builds the programs that Debian does not have from their Go modules, into ${TRELLIS_CACHE:-~/.cache/trellis}/bin:
#
#   build.sh [program...]     all of them, or those named
#
# A program is kept as bin/<program>-<version>/<program> with bin/<program> linked to it, and what is there is not built
# again. Versions stand in the go.mod beside each module, and nowhere else. Cold: 7 to 15 minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${TRELLIS_CACHE:-$HOME/.cache/trellis}/bin

# program -> module folder, and the package in it
declare -A recipe=(
  [pulumi]="pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
  [etcd]="etcd go.etcd.io/etcd/server/v3"
  [etcdctl]="etcd go.etcd.io/etcd/etcdctl/v3"
  [etcdutl]="etcd go.etcd.io/etcd/etcdutl/v3"
  [kube-apiserver]="kubernetes k8s.io/kubernetes/cmd/kube-apiserver"
  [kubectl]="kubernetes k8s.io/kubernetes/cmd/kubectl"
  [actionlint]="actionlint github.com/rhysd/actionlint/cmd/actionlint"
  [minio]="minio github.com/minio/minio"
)
order=(etcd etcdctl etcdutl pulumi kube-apiserver kubectl actionlint minio)

# What a module's programs ask their linker for: they report these versions, and readers of them fail without.
stamp() { # module version
  case $1 in
    pulumi) echo "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$2" ;;
    kubernetes)
      local minor=${2#*.}
      echo "-X k8s.io/component-base/version.gitVersion=v$2 -X k8s.io/component-base/version.gitMajor=${2%%.*}" \
        "-X k8s.io/component-base/version.gitMinor=${minor%%.*} -X k8s.io/client-go/pkg/version.gitVersion=v$2"
      ;;
  esac
}

# The version that a module's go.mod requires of the module that holds the package.
pinned() { # module package
  awk -v package="$2" '
    $1 == "require" { $1 = ""; $0 = $0 }
    $2 ~ /^v[0-9]/ && index(package "/", $1 "/") == 1 { sub(/^v/, "", $2); print $2; exit }
  ' "$here/$1/go.mod"
}

build() { # program
  local program=$1 module package version home draft
  [ -n "${recipe[$program]:-}" ] || { echo "toolchain: $program is none of ${order[*]}" >&2; return 1; }
  read -r module package <<<"${recipe[$program]}"
  version=$(pinned "$module" "$package")
  [ -n "$version" ] || { echo "toolchain: $module/go.mod does not require the module of $package" >&2; return 1; }
  home=$bin/$program-$version
  if [ ! -x "$home/$program" ]; then
    echo "toolchain: building $program $version"
    draft=$(mktemp -d "$bin/.draft.XXXXXX")
    # A download that stalls or breaks is tried again; what has arrived stays in Go's own cache.
    local attempt=1
    until (cd "$here/$module" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath \
      -ldflags "-s -w $(stamp "$module" "$version")" -o "$draft/$program" "$package"); do
      [ $((attempt++)) -lt 3 ] || { rm -rf "$draft"; echo "toolchain: cannot build $program $version" >&2; return 1; }
      echo "toolchain: trying $program again" >&2
    done
    rm -rf "$home" && mv "$draft" "$home"
    chmod 755 "$home"
  fi
  ln -sfn "$program-$version/$program" "$bin/$program"
  echo "toolchain: $program $version"
}

[ $# -gt 0 ] || set -- "${order[@]}"
mkdir -p "$bin"
exec 9>"$bin/.lock"
flock 9 # one build at a time: two would compile the same packages twice
rm -rf "$bin"/.draft.* # left by a build that was cut
for program; do build "$program"; done
