// Prints, as JSON, what the schema of Hetzner's Terraform provider says about each attribute of its resources. Pulumi's
// provider is a bridge to it, so what forces a replacement there does so here.
package main

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hetznercloud/terraform-provider-hcloud/hcloud"
)

type attribute struct {
	Replaces bool `json:"replaces,omitempty"`
	Computed bool `json:"computed,omitempty"`
	Required bool `json:"required,omitempty"`
	Optional bool `json:"optional,omitempty"`
}

func main() {
	ctx := context.Background()
	all := map[string]map[string]attribute{}
	// Resources on the older of the provider's two frameworks.
	for name, r := range hcloud.Provider().ResourcesMap {
		found := map[string]attribute{}
		for key, s := range r.Schema {
			found[key] = attribute{s.ForceNew, s.Computed, s.Required, s.Optional}
		}
		all[name] = found
	}
	for _, make := range hcloud.NewPluginProvider().Resources(ctx) {
		r := make()
		var meta resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "hcloud"}, &meta)
		var schema resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		found := map[string]attribute{}
		for key, a := range schema.Schema.Attributes {
			found[key] = attribute{replaces(ctx, a), a.IsComputed(), a.IsRequired(), a.IsOptional()}
		}
		for key, b := range schema.Schema.Blocks {
			found[key] = attribute{Optional: true, Replaces: replaces(ctx, b)}
		}
		all[meta.TypeName] = found
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	_ = out.Encode(all)
}

// A modifier of plans tells what it does by its description alone.
func replaces(ctx context.Context, a any) bool {
	v := reflect.ValueOf(a)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	f := v.FieldByName("PlanModifiers")
	if !f.IsValid() {
		return false
	}
	for i := 0; i < f.Len(); i++ {
		d := f.Index(i).MethodByName("Description").Call([]reflect.Value{reflect.ValueOf(ctx)})[0].String()
		if strings.Contains(d, "destroy and recreate") {
			return true
		}
	}
	return false
}
