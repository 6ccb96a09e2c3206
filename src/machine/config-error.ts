import { BlockError } from '../block/index.ts'
import { OptionError } from '../keyval/index.ts'
import { TransportError } from '../transport/index.ts'
import type { Asked } from './config.ts'

/**
 * A machine cannot be what it was asked to be. Its texts are QEMU's, where QEMU has some.
 *
 * A report is one message: it names the option first, if there is one to name (`-m 5x: Parameter 'size' expects ...`),
 * and may have hints on further lines. The error's message is all its reports.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly reports: readonly string[]

  constructor(reports: readonly string[], cause?: unknown) {
    super(reports.join('\n'), cause === undefined ? undefined : { cause })
    this.reports = reports
  }

  /** The option at `origin` (as it was written) is wrong; without one, the text says enough. */
  static at(origin: string | undefined, text: string, cause?: unknown): ConfigError {
    return new ConfigError([report(origin, text)], cause)
  }

  /** What was asked for failed: why (nothing, if QEMU does not say), and what comes of it. */
  static failure({ origin, consequence = '' }: Asked, text: string, cause?: unknown): ConfigError {
    const texts = [text, consequence].filter((each) => each !== '')
    return new ConfigError(
      texts.map((each) => report(origin, each)),
      cause,
    )
  }
}

/** Says who wanted what could not be opened. */
export function startupError(asked: Asked, cause: unknown): ConfigError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const hint = hintOf(cause)
  return ConfigError.failure(asked, hint === undefined ? text : `${text}\n${hint}`, cause)
}

function hintOf(cause: unknown): string | undefined {
  if (cause instanceof BlockError) return cause.context.hint
  return cause instanceof TransportError ? cause.hint : undefined
}

function report(origin: string | undefined, text: string): string {
  return origin === undefined ? text : `${origin}: ${text}`
}

/** Runs what QEMU complains about without naming an option. */
export function meant<T>(read: () => T): T {
  return inWordsOf(undefined, read)
}

/** Runs what QEMU complains about in the words of an option, as it was written. */
export function inWordsOf<T>(origin: string | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OptionError || error instanceof BlockError) throw ConfigError.at(origin, error.message, error)
    throw error
  }
}
