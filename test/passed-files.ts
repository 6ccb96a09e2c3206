/**
 * Tells tools/test.ts which test files passed: each file's process appends its name, the seconds that it took and those of
 * the processor that it and its children used, to the file that VMON_PASSED_FILES names. The runner's own reports name the place where a test was declared, which may be
 * another file.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const list = process.env['VMON_PASSED_FILES']
const file = process.argv[1]

if (list !== undefined && file?.endsWith('.test.js') === true) {
  process.on('exit', (code) => {
    if (code !== 0) return
    const seconds = (performance.now() / 1000).toFixed(1)
    appendFileSync(list, `${relative(process.cwd(), file)} ${seconds} ${processorSeconds().toFixed(1)}\n`)
  })
}

/** What this process and those of its children that have ended used of the processor, in user and system mode. */
function processorSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime, stime, cutime and cstime, in ticks of 10 ms (proc_pid_stat(5)).
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}
