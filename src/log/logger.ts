export type Fields = Readonly<Record<string, unknown>>

/** Receives what is logged: the item (`qmp`, `firmware`, `guest_errors`, ...: the names of `-d`), the message, its fields. */
export type Sink = (item: string, message: string, fields: Fields | undefined) => void

export interface Logger {
  /** Whether anybody listens to `item`: ask before building costly fields. */
  enabled(item: string): boolean
  log(item: string, message: string, fields?: Fields): void
}

export const silent: Logger = { enabled: () => false, log: () => undefined }

/** A logger that passes the named items to `sink`. */
export function createLogger(items: Iterable<string>, sink: Sink): Logger {
  const on = new Set(items)
  return {
    enabled: (item) => on.has(item),
    log(item, message, fields) {
      if (on.has(item)) sink(item, message, fields)
    },
  }
}
