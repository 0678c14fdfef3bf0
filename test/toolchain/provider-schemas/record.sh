#!/usr/bin/env bash
# Records the schema of Hetzner's Terraform provider, of the version in go.mod, for the stand-in of hcloud:
#
#   test/toolchain/provider-schemas/record.sh
#
# It builds the provider (some minutes), so tests read the record. Run it when `@pulumi/hcloud` changes, with the version of
# terraform-provider-hcloud that it bridges.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
record=$here/../../rigs/engine/stand-ins/hcloud-schema.json
cd "$here"
go run . >"$record.new"
mv "$record.new" "$record"
