/**
 * Tells tools/test.ts which test files passed: each file's process appends its name and the seconds that it took to the
 * file that VMON_PASSED_FILES names. The runner's own reports name the place where a test was declared, which may be
 * another file.
 */
import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'

const list = process.env['VMON_PASSED_FILES']
const file = process.argv[1]

if (list !== undefined && file?.endsWith('.test.js') === true) {
  process.on('exit', (code) => {
    if (code === 0) appendFileSync(list, `${relative(process.cwd(), file)} ${(performance.now() / 1000).toFixed(1)}\n`)
  })
}
