import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The version of this package. */
export function packageVersion(): string {
  const path = createRequire(import.meta.url).resolve('vmon/package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
