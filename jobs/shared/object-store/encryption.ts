import { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import { JobError } from "../command-line";

/** Encrypts a stream with age as it arrives. */
export async function* encrypted(
  source: AsyncIterable<Uint8Array>,
  recipient: string,
): AsyncGenerator<Buffer> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  yield* buffers(await encrypter.encrypt(ReadableStream.from(source) as BytesStream));
}

/** The content was encrypted for another key. */
export class OtherKey extends JobError {}

interface DecryptedArgs {
  /** What is read, for messages. */
  readonly what: string;
  /** The private key. */
  readonly identity: string;
  /** The variable that gives the private key, for messages. */
  readonly variable: string;
}

/** Decrypts a stream as it arrives. Fails where any byte was changed or is missing. */
export async function* decrypted(
  source: AsyncIterable<Buffer>,
  { what, identity, variable }: DecryptedArgs,
): AsyncGenerator<Buffer, void, undefined> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  let failure: unknown;
  const stored = watched(source, (error) => {
    failure = error;
  });
  try {
    yield* buffers(await decrypter.decrypt(ReadableStream.from(stored) as BytesStream));
  } catch (error) {
    if (failure) throw failure; // an error of the bucket itself
    if (error instanceof Error && error.message.startsWith("no identity matched")) {
      throw new OtherKey(
        `${what} is encrypted for another key than the one that is given (${variable}), or its header was changed`,
      );
    }
    throw new JobError(`${what} is damaged: it was changed or cut after it was encrypted`);
  }
}

/** The stream type of the age library, which uses the DOM's name for the same class in Node. */
type BytesStream = Parameters<Decrypter["decrypt"]>[0] & ReadableStream<Uint8Array>;

async function* buffers(stream: unknown): AsyncGenerator<Buffer> {
  // Safe: in Node, every web stream is this class, which is async iterable.
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

async function* watched(
  source: AsyncIterable<Buffer>,
  onError: (error: unknown) => void,
): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    onError(error);
    throw error;
  }
}
