/**
 * Checks file sizes and names (design rule 1): kebab-case names, 350 lines as the soft limit (reported), 500 as the hard one.
 * A file over the hard limit needs a line with its reason in `reasons`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const softLimit = 350
const hardLimit = 500
const reasons: Record<string, string> = {}

const failures: string[] = []
const counts: number[] = []
for (const folder of ['src', 'guests', 'tools', 'test', 'web']) {
  if (!existsSync(folder)) continue
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.bench|\.d)?\.tsx?$/.test(entry.name))
      failures.push(`${path}: file names are kebab-case`)
    const lines = readFileSync(path, 'utf8').split('\n').length - 1
    if (folder === 'src' && !path.endsWith('.test.ts')) counts.push(lines)
    if (lines > hardLimit && reasons[path] === undefined)
      failures.push(`${path}: ${lines} lines; over ${hardLimit} needs a reason`)
    else if (lines > softLimit && reasons[path] === undefined)
      console.log(`sizes: note: ${path} has ${lines} lines (soft limit ${softLimit})`)
  }
}
counts.sort((a, b) => a - b)
for (const failure of failures) console.error(failure)
console.log(
  `sizes: ${counts.length} source files, median ${counts[counts.length >> 1] ?? 0} lines, ${failures.length} failures`,
)
process.exitCode = failures.length === 0 ? 0 : 1
