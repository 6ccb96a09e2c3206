/** When a password stops being taken: in seconds since 1970; undefined for never. */
export type Expiry = number | undefined

/** What clients have to know, and until when. Without a password nobody is let in. */
export class ViewerPassword {
  #text: string | undefined
  #expiry: Expiry

  /** @param text - undefined if none is set yet */
  constructor(text?: string) {
    this.#text = text
  }

  set(text: string): void {
    this.#text = text
  }

  expire(at: Expiry): void {
    this.#expiry = at
  }

  /** The password, as long as it is taken. @param now - milliseconds since 1970 */
  valid(now = Date.now()): string | undefined {
    const over = this.#expiry !== undefined && this.#expiry < Math.floor(now / 1000)
    return over ? undefined : this.#text
  }
}

/** Reads what expire_password takes: `now`, `never`, seconds from now (`+60`), or a time; what is no number is 0. */
export function expiryOf(text: string, now = Date.now()): Expiry {
  if (text === 'never') return undefined
  if (text === 'now') return 0
  const seconds = leadingNumber(text.startsWith('+') ? text.slice(1) : text)
  return text.startsWith('+') ? Math.floor(now / 1000) + seconds : seconds
}

/** As strtoull() reads it, in 64 bits with a sign, which is what time_t takes it for. */
function leadingNumber(text: string): number {
  const number = BigInt(/^\s*\+?(-?\d+)/.exec(text)?.[1] ?? 0)
  const greatest = 2n ** 64n - 1n
  return Number(BigInt.asIntN(64, number > greatest || number < -greatest ? greatest : number))
}
