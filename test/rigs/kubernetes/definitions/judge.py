"""Judges custom objects by the schemas of their definitions, as strict validation of the API server does.

Reads {"schemas": {"<apiVersion> <kind>": schema}, "objects": [...]} from stdin and prints a JSON list of sentences.
"""

import json
import sys

import jsonschema

EMBEDDED = ("apiVersion", "kind", "metadata")


def strict(schema, root=False):
    """The schema as JSON schema knows it, where a field that it does not name is an error."""
    if not isinstance(schema, dict):
        return schema
    schema = dict(schema)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema.pop("type", None)
        schema.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    for key in ("anyOf", "allOf", "oneOf"):  # they only constrain what the rest of the schema names
        if key in schema:
            schema[key] = [dict(each) for each in schema[key]]
    if "items" in schema:
        schema["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = strict(schema["additionalProperties"])
    if "properties" in schema:
        schema["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
        if root:
            schema["properties"].update({name: {} for name in EMBEDDED})
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    if schema.get("nullable") and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


given = json.load(sys.stdin)
validators = {
    name: jsonschema.Draft202012Validator(strict(schema, root=True)) for name, schema in given["schemas"].items()
}
sentences = []
for thing in given["objects"]:
    name = f'{thing["apiVersion"]} {thing["kind"]}'
    title = f'{thing["kind"]} {thing["metadata"].get("namespace", "")}/{thing["metadata"]["name"]}'
    if name not in validators:
        sentences.append(f"{title}: no schema of {name} is recorded")
        continue
    for error in validators[name].iter_errors(thing):
        sentences.append(f"{title}: {error.json_path}: {error.message[:300]}")
json.dump(sentences, sys.stdout)
