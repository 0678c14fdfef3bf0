import type { Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import resource, {
  type ReadResourceRequest,
  type RegisterResourceRequest,
  type TransformResourceOptions,
} from "@pulumi/pulumi/proto/resource_pb.js";
import struct, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { hexFor, World } from "./identities";
import { answerInvoke } from "./invokes";
import { describeOptions, type PlannedOptions, providerUrn, transformOptionsOf } from "./options";
import { answerFor } from "./outputs";
import { TransformCaller } from "./transforms";
import { STACK_TYPE, urnOf } from "./urn";
import { decodeProperties, isRecord, markSecret, type Properties } from "./wire";

/** A resource as the engine would store it after the program ran. */
export interface PlannedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** A component only groups resources, a provider manages custom ones, and a read one exists and is not managed. */
  readonly kind: "component" | "custom" | "provider" | "read";
  readonly id?: string;
  readonly parent?: string;
  readonly inputs: Properties;
  /** For a component, the outputs that it registered with `registerOutputs`. */
  readonly outputs: Properties;
  /** Property paths of secrets in the inputs and in the outputs. */
  readonly secretInputs: readonly string[];
  readonly secretOutputs: readonly string[];
  /** The resources that must exist first: from `dependsOn` and from the resource's inputs. */
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** The URN of the resource's provider: an explicit one or the default of its package. */
  readonly provider?: string;
  readonly options: PlannedOptions;
}

interface DeploymentArgs {
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

type Wire = Record<string, unknown>;

/** The state of one evaluation: the registered resources and the stack's outputs. */
export class Deployment {
  readonly #args: DeploymentArgs;
  readonly #world = new World();
  readonly #transforms = new TransformCaller();
  readonly #stackTransforms: Callback[] = [];
  readonly #componentTransforms = new Map<string, readonly Callback[]>();
  readonly #resources = new Map<string, PlannedResource>();
  readonly #state = new Map<string, Struct>();

  constructor(args: DeploymentArgs) {
    this.#args = args;
  }

  get resources(): readonly PlannedResource[] {
    return [...this.#resources.values()];
  }

  get stack(): PlannedResource | undefined {
    return this.resources.find(({ type }) => type === STACK_TYPE);
  }

  addStackTransform(transform: Callback): void {
    this.#stackTransforms.push(transform);
  }

  async register(request: RegisterResourceRequest) {
    const type = request.getType();
    const name = request.getName();
    const parent = request.getParent() || this.stack?.urn;
    const custom = request.getCustom();
    const urn = this.#claimUrn(type, name, parent);
    const own = request.getTransformsList();
    if (!custom && own.length > 0) this.#componentTransforms.set(urn, own);

    const { inputs, options } = await this.#transformed(request, parent, own);
    const decoded = decodeProperties(inputs);
    const answer = custom
      ? answerFor({ type, name, urn, inputs: decoded.properties }, this.#world)
      : { id: "", outputs: {} };
    const secrets = [...(answer.secrets ?? []), ...options.getAdditionalSecretOutputsList()];
    const outputs = custom ? withSecrets(answered(inputs, answer.outputs ?? {}), secrets) : {};
    const provider = custom ? this.#providerOf(type, options.getProvider(), options.getVersion()) : undefined;
    const produced = decodeProperties(outputs);

    this.#add({
      urn,
      type,
      name,
      kind: custom ? (type.startsWith("pulumi:providers:") ? "provider" : "custom") : "component",
      ...(custom && { id: answer.id }),
      ...(parent && { parent }),
      inputs: decoded.properties,
      outputs: produced.properties,
      secretInputs: decoded.secrets,
      secretOutputs: produced.secrets,
      dependencies: options.getDependsOnList(),
      propertyDependencies: Object.fromEntries(
        [...request.getPropertydependenciesMap().entries()]
          .map(([property, on]) => [property, on.getUrnsList()] as const)
          .filter(([, urns]) => urns.length > 0),
      ),
      ...(provider && { provider }),
      options: describeOptions(options, this.#resources.get(parent ?? "")?.options ?? {}),
    });
    const object = struct.Struct.fromJavaScript(javaScript(outputs));
    this.#state.set(urn, object);
    return { urn, id: answer.id, object };
  }

  /** Reads an existing resource. A plan cannot query the provider, so the outputs are those of a simulated resource. */
  read(request: ReadResourceRequest) {
    const type = request.getType();
    const name = request.getName();
    const parent = request.getParent() || this.stack?.urn;
    const urn = this.#claimUrn(type, name, parent);
    const inputs = wireOf(request.getProperties());
    const decoded = decodeProperties(inputs);
    const answer = answerFor({ type, name, urn, inputs: decoded.properties }, this.#world);
    const secrets = [...(answer.secrets ?? []), ...request.getAdditionalsecretoutputsList()];
    const outputs = withSecrets(answered(inputs, answer.outputs ?? {}), secrets);
    const produced = decodeProperties(outputs);
    const provider = this.#providerOf(type, request.getProvider(), request.getVersion());
    this.#add({
      urn,
      type,
      name,
      kind: "read",
      id: request.getId(),
      ...(parent && { parent }),
      inputs: decoded.properties,
      outputs: produced.properties,
      secretInputs: decoded.secrets,
      secretOutputs: produced.secrets,
      dependencies: request.getDependenciesList(),
      propertyDependencies: {},
      ...(provider && { provider }),
      options: {},
    });
    const object = struct.Struct.fromJavaScript(javaScript(outputs));
    this.#state.set(urn, object);
    return { urn, object };
  }

  registerOutputs(urn: string, outputs: Struct | undefined): void {
    const known = this.#resources.get(urn);
    if (!known) throw new Error(`outputs were registered for ${urn}, which is not a resource`);
    const { properties, secrets } = decodeProperties(wireOf(outputs));
    this.#resources.set(urn, { ...known, outputs: properties, secretOutputs: secrets });
  }

  invoke(token: string, args: Struct | undefined): Struct {
    const { properties } = decodeProperties(wireOf(args));
    if (token === "pulumi:pulumi:getResource") return this.#getResource(String(properties.urn));
    return struct.Struct.fromJavaScript(javaScript(answerInvoke(token, properties)));
  }

  close(): void {
    this.#transforms.close();
  }

  #getResource(urn: string): Struct {
    const state = this.#state.get(urn);
    if (!state) throw new Error(`there is no resource ${urn}`);
    const answer = struct.Struct.fromJavaScript({ urn, id: this.#resources.get(urn)?.id ?? "" });
    const value = new struct.Value();
    value.setStructValue(state);
    answer.getFieldsMap().set("state", value);
    return answer;
  }

  #claimUrn(type: string, name: string, parent: string | undefined): string {
    if (parent && !this.#resources.has(parent)) throw new Error(`the parent ${parent} is not a resource`);
    const urn = urnOf(this.#args, type, name, parent);
    if (this.#resources.has(urn)) {
      throw new Error(`Duplicate resource URN '${urn}'; try giving it a unique name`);
    }
    return urn;
  }

  #add(planned: PlannedResource): void {
    // `register` awaited transforms after it claimed the URN, so another resource may have the same URN by now.
    if (this.#resources.has(planned.urn)) {
      throw new Error(`Duplicate resource URN '${planned.urn}'; try giving it a unique name`);
    }
    this.#resources.set(planned.urn, planned);
  }

  /** Applies transforms from the inside out: the resource's own, then its ancestors', then the stack's. */
  async #transformed(request: RegisterResourceRequest, parent: string | undefined, own: readonly Callback[]) {
    let properties = request.getObject() ?? new struct.Struct();
    let options: TransformResourceOptions = transformOptionsOf(request);
    const inherited: Callback[] = [];
    for (let urn = parent; urn; urn = this.#resources.get(urn)?.parent) {
      inherited.push(...(this.#componentTransforms.get(urn) ?? []));
    }
    for (const transform of [...own, ...inherited, ...this.#stackTransforms]) {
      const question = new resource.TransformRequest();
      question.setType(request.getType());
      question.setName(request.getName());
      question.setCustom(request.getCustom());
      question.setParent(request.getParent());
      question.setProperties(properties);
      question.setOptions(options);
      const answer = await this.#transforms.apply(transform, question);
      properties = answer.getProperties() ?? properties;
      options = answer.getOptions() ?? options;
    }
    return { inputs: wireOf(properties), options };
  }

  /** The URN of the explicit provider or of the package's default provider, which is created at first use. */
  #providerOf(type: string, reference: string, version: string): string | undefined {
    if (reference) return providerUrn(reference);
    const [pkg = "", module] = type.split(":");
    if (pkg === "pulumi" || (pkg === "pulumi-nodejs" && module === "dynamic")) return undefined;
    const name = ["default", ...(version ? [version.replaceAll(/[.+-]/g, "_")] : [])].join("_");
    const providerType = `pulumi:providers:${pkg}`;
    const urn = urnOf(this.#args, providerType, name, undefined);
    if (!this.#resources.has(urn)) {
      const { config, secretKeys } = this.#args;
      const settings = Object.keys(config).filter((key) => key.startsWith(`${pkg}:`));
      const property = (key: string) => key.slice(pkg.length + 1);
      this.#resources.set(urn, {
        urn,
        type: providerType,
        name,
        kind: "provider",
        id: hexFor(urn, 16),
        inputs: Object.fromEntries(settings.map((key) => [property(key), config[key] ?? null])),
        outputs: {},
        secretInputs: settings.filter((key) => secretKeys.includes(key)).map(property),
        secretOutputs: [],
        dependencies: [],
        propertyDependencies: {},
        options: version ? { version } : {},
      });
    }
    return urn;
  }
}

function wireOf(properties: Struct | undefined): Wire {
  return properties?.toJavaScript() ?? {};
}

/** The inputs, completed with the outputs that only the provider could add. */
function answered(inputs: Wire, answer: Properties): Wire {
  const complete: Wire = { ...answer, ...inputs };
  for (const [key, value] of Object.entries(answer)) {
    const sent = inputs[key];
    if (isRecord(sent) && isRecord(value)) complete[key] = { ...value, ...sent };
  }
  return complete;
}

function withSecrets(outputs: Wire, names: readonly string[]): Wire {
  const marked = { ...outputs };
  for (const name of names) if (name in marked) marked[name] = markSecret(marked[name]);
  return marked;
}

// Safe: the protobuf types have neither readonly nor unknown, and these values come from JSON.
function javaScript(value: Wire | Properties): { [key: string]: struct.JavaScriptValue } {
  return value as { [key: string]: struct.JavaScriptValue };
}
