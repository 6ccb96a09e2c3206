import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

const path = 'test/bench/figures.json'

/** A table of a bench, as it was printed. */
export interface KeptTable {
  readonly title: string
  readonly peer: string
  /** Where and when it was measured. */
  readonly host: Host
  readonly rows: readonly KeptRow[]
}

interface Host {
  readonly cpu: string
  readonly cpus: number
  readonly node: string
  /** Processes that wanted to run, in the minute before. */
  readonly load: number
  readonly date: string
}

export interface KeptRow {
  readonly name: string
  readonly ours: string
  readonly peer?: string
  readonly ratio?: string
  readonly target?: string
  readonly verdict?: string
}

export interface Figures {
  readonly tables: readonly KeptTable[]
}

export function keptFigures(): Figures {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Figures) : { tables: [] }
}

/** Where this run measures; to be asked before it does. */
export function thisHost(): Host {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cpus: processors.length,
    node: process.versions.node,
    load: loadavg()[0]!,
    date: new Date().toISOString().slice(0, 10),
  }
}

/** Keeps tables for the documentation, in place of those of the same titles. */
export function keepTables(tables: readonly KeptTable[]): void {
  const fresh = new Map(tables.map((table) => [table.title, table]))
  const old = keptFigures().tables.map((table) => {
    const replaced = fresh.get(table.title) ?? table
    fresh.delete(table.title)
    return replaced
  })
  writeFileSync(path, `${JSON.stringify({ tables: [...old, ...fresh.values()] }, undefined, 2)}\n`)
}
