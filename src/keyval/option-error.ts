/**
 * An option string is wrong. The message is QEMU's text; where QEMU adds a hint, it follows on lines of its own.
 */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}
