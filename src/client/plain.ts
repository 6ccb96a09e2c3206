/**
 * A value that was received, made of ordinary objects, so that it equals a literal. No member gets at prototypes: one
 * named `__proto__` is a member like the others.
 */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== null) return value
  const object: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') {
      const own = { value: plain(member), enumerable: true, configurable: true, writable: true }
      Object.defineProperty(object, name, own)
    } else object[name] = plain(member)
  }
  return object
}
