// An API key that is read in Lockbox, kept, and read again: by age, and where a service refuses it. Copy this file; it needs nothing but Node.js 18.

/** The secret of one key. One reading at a time; a secret that is only old is used on meanwhile, and kept where reading fails. */
export class KeyReader {
  #read;
  #maxAge;
  #rest;
  #secret;
  #reading;
  #nextReading = 0;
  #uselessUntil = 0;

  /** read: answers the secret; maxAge: milliseconds, at most a quarter of the key's overlap; rest: milliseconds until the next try. */
  constructor(read, { maxAge, rest = 5_000 }) {
    this.#read = read;
    this.#maxAge = maxAge;
    this.#rest = rest;
  }

  /** The secret to use now. Rejects as long as none could be read. */
  async secret() {
    if (this.#secret === undefined) await this.#readAgain();
    else if (performance.now() >= this.#nextReading) this.#readAgain();
    return this.#secret;
  }

  /** A service answered 401 to `secret`: what to use now, which is the same where there is nothing newer yet. */
  async refused(secret) {
    if (this.#secret !== secret || performance.now() < this.#uselessUntil) return this.#secret;
    // One that was under way at the refusal may have come too early.
    if (this.#reading) await this.#reading;
    if (this.#secret === secret) {
      await this.#readAgain();
      if (this.#secret === secret) this.#uselessUntil = performance.now() + this.#rest;
    }
    return this.#secret;
  }

  /** What `send` answers (a Response) to the secret; after a 401, what it answers to a newer one, where there is one. */
  async call(send) {
    const secret = await this.secret();
    const answer = await send(secret);
    if (answer.status !== 401) return answer;
    const newer = await this.refused(secret);
    return newer === secret ? answer : send(newer);
  }

  #readAgain() {
    this.#reading ??= this.#once().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #once() {
    const at = performance.now();
    try {
      this.#secret = await this.#read();
      this.#nextReading = at + this.#maxAge;
    } catch (failure) {
      this.#nextReading = performance.now() + this.#rest;
      if (this.#secret === undefined) throw failure;
    }
  }
}

/** Reads an entry of a secret's current version, as the machine's own account. */
export function lockboxEntry(
  secretId,
  entry,
  { metadata = "http://169.254.169.254", payload = "https://payload.lockbox.api.cloud.yandex.net" } = {},
) {
  return async () => {
    const token = `${metadata}/computeMetadata/v1/instance/service-accounts/default/token`;
    const { access_token } = await get(token, { "Metadata-Flavor": "Google" });
    // Without a version: what a rotation delivers becomes the current one.
    const secret = `${payload}/lockbox/v1/secrets/${secretId}/payload`;
    const { entries } = await get(secret, { Authorization: `Bearer ${access_token}` });
    const found = entries.find((it) => it.key === entry);
    if (!found) throw new Error(`the secret has no entry ${entry}`);
    return found.textValue;
  };
}

async function get(url, headers) {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}
