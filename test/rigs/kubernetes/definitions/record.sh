#!/usr/bin/env bash
# Records the schemas of the custom objects that the program declares, from the Go modules of the pinned releases, into
# schemas.json.gz beside this script. Run it again after an update of a pin; it needs Go, python3 and a module proxy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${TRELLIS_CACHE:-$HOME/.cache/trellis}/venv-kubernetes-validate/bin/python

# The operator's release is the one in the chart of versions.ts; helm-controller's is the one in K3s.
definitions=(
  "github.com/prometheus-operator/prometheus-operator@v0.94.1 example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"
  "github.com/prometheus-operator/prometheus-operator@v0.94.1 example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"
  "github.com/prometheus-operator/prometheus-operator@v0.94.1 example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml"
  "github.com/k3s-io/helm-controller@v0.17.7 pkg/crds/yaml/generated/helm.cattle.io_helmcharts.yaml"
  "github.com/k3s-io/helm-controller@v0.17.7 pkg/crds/yaml/generated/helm.cattle.io_helmchartconfigs.yaml"
  "github.com/cert-manager/cert-manager@v1.21.2 deploy/crds/cert-manager.io_clusterissuers.yaml"
  "github.com/traefik/traefik/v3@v3.7.13 docs/content/reference/dynamic-configuration/traefik.io_middlewares.yaml"
  "github.com/traefik/traefik/v3@v3.7.13 docs/content/reference/dynamic-configuration/traefik.io_serverstransports.yaml"
  "github.com/rancher/system-upgrade-controller@v0.19.2 pkg/crds/yaml/generated/upgrade.cattle.io_plans.yaml"
)
cd "$work"
for definition in "${definitions[@]}"; do
  read -r module path <<<"$definition"
  folder=$(go mod download -json "$module" | "$python" -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  echo "$module $folder/$path"
done >list

"$python" - "$here/schemas.json.gz" <<'PYTHON'
import gzip, json, sys, yaml

def without_prose(schema):
    if isinstance(schema, list):
        return [without_prose(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may be called description too; prose is a string.
    return {
        key: without_prose(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }

schemas = {}
for line in open("list"):
    module, path = line.split()
    spec = yaml.safe_load(open(path))["spec"]
    for version in spec["versions"]:
        if version["served"]:
            name = f'{spec["group"]}/{version["name"]} {spec["names"]["kind"]}'
            schema = without_prose(version["schema"]["openAPIV3Schema"])
            schemas[name] = {"module": module, "schema": schema}
with open(sys.argv[1], "wb") as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
    packed.write(json.dumps(schemas, sort_keys=True).encode())
print("\n".join(sorted(schemas)))
PYTHON
