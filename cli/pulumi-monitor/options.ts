import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import resource, {
  type RegisterResourceRequest,
  type TransformResourceOptions,
} from "@pulumi/pulumi/proto/resource_pb.js";

/** The options of a resource that differ from their defaults. */
export interface PlannedOptions {
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
  readonly additionalSecretOutputs?: readonly string[];
  readonly hideDiffs?: readonly string[];
  /** URNs, or the fields that differ from the resource's own: `{ name: "old" }`. */
  readonly aliases?: readonly (string | Readonly<Record<string, string | boolean>>)[];
  readonly deletedWith?: string;
  readonly replaceWith?: readonly string[];
  readonly import?: string;
  readonly version?: string;
  /** The URNs of the providers that a component passes to its children, by package. */
  readonly providers?: Readonly<Record<string, string>>;
  readonly customTimeouts?: Readonly<Record<string, string>>;
  /** The names of the hooks, by event. */
  readonly hooks?: Readonly<Record<string, readonly string[]>>;
  /** The engine replaces the resource when this value changes: the epoch of a certificate. */
  readonly replacementTrigger?: string;
}

/** Converts a registration's options into the form that transforms read and write. */
export function transformOptionsOf(request: RegisterResourceRequest): TransformResourceOptions {
  const options = new resource.TransformResourceOptions();
  options.setDependsOnList(request.getDependenciesList());
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setVersion(request.getVersion());
  options.setAliasesList(request.getAliasesList());
  options.setProvider(request.getProvider());
  options.setCustomTimeouts(request.getCustomtimeouts());
  options.setPluginDownloadUrl(request.getPlugindownloadurl());
  options.setDeletedWith(request.getDeletedwith());
  options.setReplaceWithList(request.getReplaceWithList());
  options.setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  options.setHooks(request.getHooks());
  options.setImport(request.getImportid());
  options.setHideDiffList(request.getHidediffsList());
  options.setReplacementTrigger(request.getReplacementTrigger());
  for (const [name, provider] of request.getProvidersMap().entries())
    options.getProvidersMap().set(name, provider);

  const protect = request.getProtect();
  if (request.hasProtect() && protect !== undefined) options.setProtect(protect);
  const retainOnDelete = request.getRetainondelete();
  if (request.hasRetainondelete() && retainOnDelete !== undefined) options.setRetainOnDelete(retainOnDelete);
  if (request.getDeletebeforereplacedefined())
    options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  return options;
}

/** The options that a resource inherits from its parent unless it sets them. */
type Inherited = Pick<PlannedOptions, "protect" | "retainOnDelete">;

export function describeOptions(options: TransformResourceOptions, inherited: Inherited): PlannedOptions {
  const timeouts = options.getCustomTimeouts()?.toObject();
  return present({
    protect: options.hasProtect() ? options.getProtect() : inherited.protect,
    retainOnDelete: options.hasRetainOnDelete() ? options.getRetainOnDelete() : inherited.retainOnDelete,
    deleteBeforeReplace: options.hasDeleteBeforeReplace() ? options.getDeleteBeforeReplace() : undefined,
    ignoreChanges: options.getIgnoreChangesList(),
    replaceOnChanges: options.getReplaceOnChangesList(),
    additionalSecretOutputs: options.getAdditionalSecretOutputsList(),
    hideDiffs: options.getHideDiffList(),
    aliases: options.getAliasesList().map(describeAlias),
    deletedWith: options.getDeletedWith(),
    replaceWith: options.getReplaceWithList(),
    import: options.getImport(),
    version: options.getVersion(),
    providers: Object.fromEntries(
      [...options.getProvidersMap().entries()].map(([name, reference]) => [name, providerUrn(reference)]),
    ),
    customTimeouts: present({
      create: timeouts?.create,
      update: timeouts?.update,
      delete: timeouts?.pb_delete,
      read: timeouts?.read,
    }),
    hooks: describeHooks(options),
    replacementTrigger: describeTrigger(options),
  });
}

function describeAlias(alias: Alias): string | Record<string, string | boolean> {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  return present({
    name: spec.getName(),
    type: spec.getType(),
    project: spec.getProject(),
    stack: spec.getStack(),
    parent: spec.getParenturn(),
    noParent: spec.getNoparent(),
  });
}

function describeHooks(options: TransformResourceOptions): Record<string, readonly string[]> {
  const hooks = options.getHooks()?.toObject();
  if (!hooks) return {};
  return Object.fromEntries(
    Object.entries(hooks)
      .filter(([, names]) => names.length > 0)
      .map(([moment, names]) => [moment.replace(/List$/, ""), names]),
  );
}

function describeTrigger(options: TransformResourceOptions): string | undefined {
  const trigger: unknown = options.getReplacementTrigger()?.toJavaScript();
  return trigger === undefined || trigger === null ? undefined : JSON.stringify(trigger);
}

/** Extracts the provider's URN from a reference, which consists of URN and ID. */
export function providerUrn(reference: string): string {
  return reference.split("::").slice(0, 4).join("::");
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Omits undefined, false and empty fields. */
function present<T extends object>(fields: T): Present<T> {
  const said = Object.entries(fields).filter(([, value]) => {
    if (value === undefined || value === false || value === "") return false;
    return typeof value !== "object" || value === null || Object.keys(value).length > 0;
  });
  return Object.fromEntries(said) as Present<T>; // the same fields without the filtered ones
}
