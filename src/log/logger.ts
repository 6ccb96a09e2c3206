export type Fields = Readonly<Record<string, unknown>>

/** Receives what is logged: the item (`qmp`, `firmware`, `guest_errors`, ...: the names of `-d`), the message, its fields. */
export type Sink = (item: string, message: string, fields: Fields | undefined) => void

export interface Logger {
  /** Whether anybody listens to `item`: ask before building costly fields. */
  enabled(item: string): boolean
  log(item: string, message: string, fields?: Fields): void
}

/** Who may change what is logged while the program runs. */
export interface LogControl {
  /** What can be logged, and what each item is. */
  readonly items: Readonly<Record<string, string>>
  /** From now on these are logged, and no others. */
  select(items: readonly string[]): void
  /** From now on the log goes to this file. @returns what the user is told if it cannot */
  redirect(file: string): string | undefined
}

/** The items that the user has named, of which `all` is every one. @returns the first stranger, if there is one */
export function namedItems(
  names: readonly string[],
  known: Readonly<Record<string, string>>,
): { readonly items: readonly string[] } | { readonly stranger: string } {
  const stranger = names.find((name) => name !== 'all' && !Object.hasOwn(known, name))
  if (stranger !== undefined) return { stranger }
  return { items: names.includes('all') ? Object.keys(known) : names }
}

export const silent: Logger = { enabled: () => false, log: () => undefined }

/** A logger whose items can be chosen anew. */
export interface SelectableLogger extends Logger {
  select(items: Iterable<string>): void
}

/** A logger that passes the named items to `sink`. */
export function createLogger(items: Iterable<string>, sink: Sink): SelectableLogger {
  let on = new Set(items)
  return {
    select: (others) => {
      on = new Set(others)
    },
    enabled: (item) => on.has(item),
    log(item, message, fields) {
      if (on.has(item)) sink(item, message, fields)
    },
  }
}
