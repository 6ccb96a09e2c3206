import { createRequire } from 'node:module'

/**
 * The path of a module of a package that this one depends on. A bundler may have put this module into an application's
 * file, beside which the dependencies are not: they are looked for as the installed package vmon has them, too.
 *
 * @param name - as an import has it: `v86`, `v86-system/package.json`
 * @throws {Error} code `MODULE_NOT_FOUND`
 */
export function resolveInstalled(name: string): string {
  const here = createRequire(import.meta.url)
  try {
    return here.resolve(name)
  } catch (error) {
    try {
      return createRequire(here.resolve('vmon/package.json')).resolve(name)
    } catch {
      throw error
    }
  }
}
