// Secrets out of texts that people see.

const SHORTEST_SECRET = 3
const REDACTED = '***'

/** Keys whose values are secrets whatever the option table says of them: unknown keys may hold one, too. */
const SECRET_KEY = /password|passwd|secret|token|jaas|credential|ssl\.keystore\.key|private/i

export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key)
}

/**
 * `text` with every secret replaced, also as it stands in JSON and in a URL. Texts of one or two characters are not
 * looked for: they would be found everywhere and hide nothing.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let redacted = text
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue
    for (const spelling of spellings(secret)) redacted = redacted.replaceAll(spelling, REDACTED)
  }
  return redacted
}

function spellings(secret: string): Set<string> {
  return new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
}
