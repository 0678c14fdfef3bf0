import { z } from "zod";
import { domainName, httpsUrl, imageReference, origins } from "../values";
import { says, wholeNumber } from "./kinds";

const DAY = "a day such as 2031-12-31";

const agents = z.strictObject({
  image: imageReference
    .optional()
    .meta(
      says(
        "Image of agents of your own: port 8001, `GET /health`, paths below `/ai`, and the variables of [GardenOS](gardenos.md#images-of-your-own).",
        "the agents of the jobs image",
      ),
    ),
  modelUrl: z
    .string()
    .max(500)
    .regex(/^https:\/\/[a-z0-9.-]+(:443)?(\/[\w.~-]+)*$/, {
      error: "an https address without credentials, on port 443, such as https://api.example.com/v1",
    })
    .meta({
      title: "https address",
      ...says(
        "Base URL of an OpenAI-compatible API. Its key is the secret `trellis:agentsModelKey`.",
        "required in `agents`",
      ),
    }),
  model: z
    .string()
    .regex(/^[\w./:-]{1,200}$/, { error: "a model's name, such as meta-llama/Llama-3.3-70B-Instruct" })
    .meta({ title: "model's name", ...says("Model of that API.", "required in `agents`") }),
  leadAnalysis: wholeNumber(0, 10).default(3).meta(says("Agents that analyse leads, at most.")),
  followUp: wholeNumber(0, 10).default(2).meta(says("Agents that propose follow-ups, at most.")),
  mostWorkers: wholeNumber(1, 5)
    .default(1)
    .meta(
      says(
        "Pods in which agents work, at most; each has `leadAnalysis` and `followUp` agents. Above 1, an autoscaler follows the tasks that wait, which needs [an adapter](gardenos.md#more-agents-while-tasks-wait). Each pod needs 3 sessions of PostgreSQL.",
      ),
    ),
  dailyBudget: wholeNumber(0, 1_000_000_000)
    .default(1_000_000)
    .meta(
      says("Tokens that each workspace may use in a day. Agents stop before they pass it; 0 stops them all."),
    ),
  dryRun: z
    .boolean()
    .default(false)
    .meta(says("Whether agents write nothing to the CRM: they log what they would have written.")),
  keepTasksDays: wholeNumber(0, 36_500)
    .default(90)
    .meta(
      says(
        "Days that finished tasks, with their results, and the records of requests to the model are kept; 0 keeps them for ever. Lower it to hold less about persons.",
      ),
    ),
  keepAuditDays: wholeNumber(0, 36_500)
    .default(365)
    .meta(
      says(
        "Days that the decisions of agents and the tokens of each day are kept; 0 keeps them for ever. They contain ids and no content.",
      ),
    ),
});

export const gardenos = z.strictObject({
  host: domainName.optional().meta(says("Host name of the CRM's services.", "`crm.<domain>`")),
  siteUrl: httpsUrl
    .optional()
    .meta(says("Address of the web front end, to which links in e-mails lead.", "`https://<domain>`")),
  origins: origins
    .default([])
    .meta(
      says(
        "Further origins whose pages may call the services from a browser (CORS).",
        "none besides `siteUrl`",
      ),
    ),
  signup: z
    .boolean()
    .default(false)
    .meta(
      says("Whether anybody may create an account. With false, accounts are created with the service key."),
    ),
  mostReplicas: wholeNumber(1, 10)
    .optional()
    .meta(
      says(
        "Pods of the auth and of the REST service under load, at most. Each pod needs sessions of PostgreSQL: lower it where a preview refuses them.",
        "2 in dev, else 10",
      ),
    ),
  loginsPerMinute: wholeNumber(1, 10_000)
    .default(30)
    .meta(
      says(
        "Logins, renewed sessions and other requests that check a password or a code: at most so many of one source address to one path in a minute, few of them at once. Raise it where many users share an address.",
      ),
    ),
  keysUntil: z.iso
    .date({ error: DAY })
    .default("2031-12-31")
    .meta({
      title: "day",
      ...says("Last day of the anonymous and the service key. A change signs new keys."),
    }),
  keysEpoch: wholeNumber(1, 1_000_000)
    .default(1)
    .meta(
      says(
        "Increment to sign with a new JWT secret. Tokens of the previous one are valid until the next increment.",
      ),
    ),
  api: imageReference
    .optional()
    .meta(
      says(
        "Image of an API of your own: port 8000, `GET /health`, paths below `/api/v1`, and the variables of [GardenOS](gardenos.md#images-of-your-own).",
        "none",
      ),
    ),
  agents: agents.optional(),
});
