import { z } from "zod";
import {
  branchName,
  certificates,
  domainName,
  gitUrl,
  modelName,
  origins,
  projectFolder,
  serverAddress,
  slackChannel,
} from "../values";
import { says, wholeNumber } from "./kinds";

const processes = (which: string, many: string) =>
  wholeNumber(1, 9)
    .optional()
    .meta(
      says(
        `Number of ${which}. Each needs at least 4 of the sessions in \`postgres.databases.airflow_db.connections\`.`,
        many,
      ),
    );

const airflowBlock = z.strictObject({
  host: domainName.optional().meta(says("Host name of Airflow's web interface.", "`airflow.<domain>`")),
  replicas: z
    .strictObject({
      apiServer: processes("API servers", "1, in prod 2"),
      scheduler: processes("schedulers", "1, in prod 2"),
      dagProcessor: processes("DAG processors", "1"),
      triggerer: processes("triggerers", "1, in prod 2"),
    })
    .prefault({}),
  slackChannel: slackChannel
    .optional()
    .meta(
      says("Slack channel for task failures; needs the secret `trellis:slackToken`.", "no notifications"),
    ),
});

export const airflow = z
  .union(
    [
      airflowBlock,
      z
        .boolean()
        .meta(
          says(
            "`false` in place of the block: no Airflow, namespace, database or bucket of it. A database or bucket that the settings name stays. DataSurface needs Airflow.",
            "true",
          ),
        ),
    ],
    { error: "a block of settings, or false for no Airflow" },
  )
  .transform((given) => (given === true ? airflowBlock.parse({}) : given))
  .prefault({});

const rainBlock = z.strictObject({
  origins: origins
    .default([])
    .meta(says("Origins whose pages may read the API from a browser (CORS).", "none")),
});

export const rain = z
  .union(
    [
      rainBlock,
      z
        .boolean()
        .meta(
          says(
            "`false` in place of the block: no Rain Tracker, and no namespace, database or bucket of it. A database or bucket that the settings name stays.",
            "true",
          ),
        ),
    ],
    { error: "a block of settings, or false for no Rain Tracker" },
  )
  .transform((given) => (given === true ? rainBlock.parse({}) : given))
  .prefault({});

const datasurfaceBlock = z.strictObject({
  model: projectFolder.meta(says("Folder of this project with `model.yaml` and the assignments.")),
  repository: z
    .strictObject({
      url: gitUrl.meta(
        says(
          "Git repository from which the jobs read the model, so that a change of the model needs no deployment.",
          "none: `pulumi up` deploys the model",
        ),
      ),
      branch: branchName.default("main").meta(says("Branch of that repository.")),
    })
    .optional(),
  platforms: z
    .array(modelName, "a list of strings, for example `[YellowLive, YellowForensic]`")
    .min(1)
    .max(20)
    .optional()
    .meta(says("Platforms of the model that this stack runs.", "all")),
  logins: z
    .record(
      modelName,
      z.strictObject({
        hosts: z
          .array(serverAddress, "a list of servers, for example `[db.example.com:5432]`")
          .min(1)
          .max(20)
          .meta(
            says(
              "The only servers that this login is sent to, with the port (5432 if none is given). A model that pairs it with another server is refused, and the jobs can connect to no other.",
            ),
          ),
        tls: z
          .enum(["verify-full", "disable"])
          .default("verify-full")
          .meta(
            says(
              "`verify-full`: the server must prove its host name with a certificate of `authority`. `disable`: no encryption, only for hosts in the cluster (`.svc.cluster.local`) or on loopback.",
            ),
          ),
        authority: certificates
          .optional()
          .meta(
            says(
              "CA certificates (PEM) of these servers; needed for `tls: verify-full`. All connections of the jobs trust them.",
              "none",
            ),
          ),
        user: z
          .string()
          .min(1)
          .max(63)
          .meta(
            says(
              "User of a source database outside the platform, by the name of its credential in the model. Its password is the secret `trellis:sourcePassword_<name>`. The platform's own databases need no entry.",
              "none",
            ),
          ),
      }),
    )
    .default({}),
  datasetsAtOnce: wholeNumber(1, 16)
    .default(1)
    .meta(
      says(
        "How many datasets of a store one ingestion run reads at once, all in one snapshot. More shorten batches of several large datasets; each beyond the first takes one more session of `datasurface_merge` and of the source for every run.",
      ),
    ),
  simulator: z
    .strictObject({
      replicas: wholeNumber(0, 10)
        .default(0)
        .meta(
          says(
            "Number of simulator pods, which change random customers and addresses in customer_db. 0 stops them.",
          ),
        ),
      changesPerSecond: z
        .number("a number above 0, for example 0.5")
        .positive()
        .max(1000)
        .optional()
        .meta(says("Changes per second of each simulator pod.", "one change every 10 to 25 seconds")),
    })
    .prefault({}),
});

export const datasurface = z.union(
  [
    datasurfaceBlock,
    z
      .literal(false)
      .meta(
        says(
          "`false` in place of the block: no DataSurface, nor its namespace and the database `datasurface_merge`. Without this setting both exist, empty.",
          "none",
        ),
      ),
  ],
  {
    error: "a block of settings, or false for no DataSurface",
  },
);
