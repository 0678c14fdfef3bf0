#!/usr/bin/env bash
# Builds the programs that Debian does not have from their Go modules, into ${TRELLIS_CACHE:-~/.cache/trellis}/bin:
#
#   build.sh [program...]     all of them, or those named
#
# A program is kept as bin/<program>-<version>/<program>, with a link bin/<program>. Programs that exist are not built
# again. The go.mod beside each module is the only place for its version. Cold: 15 to 25 minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${TRELLIS_CACHE:-$HOME/.cache/trellis}/bin

# program -> module folder, the package in it, and where that is ours the module whose version it has
declare -A recipe=(
  [pulumi]="pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
  [etcd]="etcd go.etcd.io/etcd/server/v3"
  [etcdctl]="etcd go.etcd.io/etcd/etcdctl/v3"
  [etcdutl]="etcd go.etcd.io/etcd/etcdutl/v3"
  [kube-apiserver]="kubernetes k8s.io/kubernetes/cmd/kube-apiserver"
  [kubectl]="kubernetes k8s.io/kubernetes/cmd/kubectl"
  [kube-controller-manager]="kubernetes k8s.io/kubernetes/cmd/kube-controller-manager"
  [kube-scheduler]="kubernetes k8s.io/kubernetes/cmd/kube-scheduler"
  [kubelet]="kubernetes k8s.io/kubernetes/cmd/kubelet"
  [kube-proxy]="kubernetes k8s.io/kubernetes/cmd/kube-proxy"
  [coredns]="add-ons ./coredns github.com/coredns/coredns"
  [kwok]="add-ons sigs.k8s.io/kwok/cmd/kwok"
  [kube-router]="network-policies ./kube-router github.com/cloudnativelabs/kube-router/v2"
  [traefik]="traefik ./cmd/traefik github.com/traefik/traefik/v3"
  [cert-manager]="cert-manager ./controller github.com/cert-manager/cert-manager"
  [pebble]="pebble github.com/letsencrypt/pebble/v2/cmd/pebble"
  [pebble-challtestsrv]="pebble github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv"
  [actionlint]="actionlint github.com/rhysd/actionlint/cmd/actionlint"
  [gitleaks]="gitleaks github.com/zricethezav/gitleaks/v8"
  [kube-score]="kube-score github.com/zegl/kube-score/cmd/kube-score"
  [minio]="minio github.com/minio/minio"
  [statsd_exporter]="statsd github.com/prometheus/statsd_exporter"
  [alertmanager]="alertmanager github.com/prometheus/alertmanager/cmd/alertmanager"
  [amtool]="alertmanager github.com/prometheus/alertmanager/cmd/amtool"
  [victoria-logs]="victorialogs github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs"
  [otelcol]="collector ./otelcol go.opentelemetry.io/collector/otelcol"
  [vlagent]="victorialogs github.com/VictoriaMetrics/VictoriaLogs/app/vlagent"
)
order=(
  etcd etcdctl etcdutl pulumi kube-apiserver kubectl actionlint gitleaks kube-score minio statsd_exporter
  alertmanager amtool victoria-logs vlagent otelcol
  kube-controller-manager kube-scheduler kubelet kube-proxy coredns kwok kube-router
  pebble pebble-challtestsrv cert-manager traefik
)

# Linker flags of a module's programs: they set the versions that the programs report.
stamp() { # module version
  case $1 in
    pulumi) echo "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$2" ;;
    kubernetes)
      local minor=${2#*.}
      echo "-X k8s.io/component-base/version.gitVersion=v$2 -X k8s.io/component-base/version.gitMajor=${2%%.*}" \
        "-X k8s.io/component-base/version.gitMinor=${minor%%.*} -X k8s.io/client-go/pkg/version.gitVersion=v$2"
      ;;
    traefik) echo "-X github.com/traefik/traefik/v3/pkg/version.Version=$2" ;;
  esac
}

# Where Go keeps the source of a module.
source_of_module() { # folder of the go.mod that requires it, module
  (cd "$here/$1" && go mod download "$2" && go list -m -f '{{.Dir}}' "$2")
}

# Where a program is built: in the folder with its go.mod, or in a copy of its source that needs an addition.
source_of() { # program module draft
  case $1 in
    alertmanager) # embeds its web interface, which its module lacks: no test opens it
      local sources
      sources=$(source_of_module "$2" github.com/prometheus/alertmanager)
      cp -r "$sources" "$3/source" && chmod -R u+w "$3/source"
      mkdir -p "$3"/source/ui/app/dist/{elm,mantine}
      touch "$3"/source/ui/app/dist/{elm,mantine}/index.html
      echo "$3/source"
      ;;
    traefik) traefik_source "$(source_of_module "$2" github.com/traefik/traefik/v3)" "$3/source" ;;
    *) echo "$here/$2" ;;
  esac
}

# Traefik as it can be built from its published module: that lacks a module of its own, in which open source has nothing,
# and two of those that it requires are not published everywhere. One is a fork of what checks passwords of the middlewares
# basicAuth and digestAuth, which we do not use: an older commit of it serves. The other are the clients of DNS providers
# for its own ACME, which we do not use either, and which are most of what there is to compile.
traefik_source() { # module's folder, copy
  cp -r "$1" "$2" && chmod -R u+w "$2"
  mkdir -p "$2/pkg/config/dynamic/ext"
  printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.22\n' >"$2/pkg/config/dynamic/ext/go.mod"
  printf 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n' >"$2/pkg/config/dynamic/ext/ext.go"
  sed -i -e '/"github.com\/go-acme\/lego\/v[0-9]*\/providers\/dns"$/d' \
    -e 's/dns\.NewDNSChallengeProviderByName(p\.DNSChallenge\.Provider)/nil, errors.New("built without DNS providers")/' \
    "$2/pkg/provider/acme/provider.go"
  (cd "$2" && go mod edit -replace github.com/abbot/go-http-auth=github.com/containous/go-http-auth@v0.4.1-0.20200324110947-a37a7636d23e &&
    GOFLAGS=-mod=mod go list -deps ./cmd/traefik >/dev/null)
  echo "$2"
}

# Files that a program needs beside itself.
accompany() { # program module folder
  case $1 in
    kwok) # how simulated nodes and pods live: without these it does nothing
      local sources
      sources=$(source_of_module "$2" sigs.k8s.io/kwok)/kustomize/stage
      for stage in "$sources"/{node/fast,node/heartbeat-with-lease,pod/fast}/*.yaml; do
        case $stage in */kustomization.yaml) ;; *) echo --- && cat "$stage" ;; esac
      done >"$3/stages.yaml"
      ;;
    # the definitions of their custom objects
    traefik)
      cat "$(source_of_module "$2" github.com/traefik/traefik/v3)"/docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml >"$3/definitions.yaml"
      ;;
    cert-manager)
      cat "$(source_of_module "$2" github.com/cert-manager/cert-manager)"/deploy/crds/*cert-manager.io_*.yaml >"$3/definitions.yaml"
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
  local program=$1 module package versioned version home draft
  [ -n "${recipe[$program]:-}" ] || { echo "toolchain: $program is none of ${order[*]}" >&2; return 1; }
  read -r module package versioned <<<"${recipe[$program]}"
  versioned=${versioned:-$package}
  version=$(pinned "$module" "$versioned")
  [ -n "$version" ] || { echo "toolchain: $module/go.mod does not require the module of $versioned" >&2; return 1; }
  home=$bin/$program-$version
  if [ ! -x "$home/$program" ]; then
    echo "toolchain: building $program $version"
    local began=$SECONDS folder
    draft=$(mktemp -d "$bin/.draft.XXXXXX")
    # A download that stalls or breaks is repeated; what has arrived stays in Go's own cache.
    local attempt=1
    until folder=$(source_of "$program" "$module" "$draft") && (cd "$folder" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath \
      -ldflags "-s -w $(stamp "$module" "$version")" -o "$draft/$program" "$package"); do
      [ $((attempt++)) -lt 3 ] || { rm -rf "$draft"; echo "toolchain: cannot build $program $version" >&2; return 1; }
      echo "toolchain: trying $program again" >&2
    done
    rm -rf "$draft/source"
    accompany "$program" "$module" "$draft"
    rm -rf "$home" && mv "$draft" "$home"
    chmod 755 "$home"
    echo "toolchain: built $program $version in $((SECONDS - began)) s"
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
