/**
 * Runs one of the long suites: QEMU's own tests, and what runs for minutes.
 *
 *     npm run suites                      lists them
 *     npm run suites -- NAME [ARGUMENTS]  runs one
 *
 * Ends with a line `N passed, N failed`: cases that ended as expected, and those that did not. The status is 1 if any did
 * not, and 130 after Ctrl-C.
 */
import { SuiteUsageError, type Tally } from './suite.ts'
import { suites } from './suites.ts'

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help') {
    for (const { name, usage, summary } of suites) console.log(`${`${name} ${usage}`.padEnd(28)}  ${summary}`)
    return 0
  }
  const suite = suites.find((candidate) => candidate.name === name)
  if (suite === undefined) {
    console.error(`There is no suite '${name}'; there are: ${suites.map(({ name }) => name).join(', ')}`)
    return 1
  }
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  let tally: Tally
  try {
    tally = await suite.run({ arguments: rest, signal: stop.signal, print: (line) => console.log(line) })
  } catch (error) {
    if (!(error instanceof SuiteUsageError)) throw error
    console.error(`${suite.name}: ${error.message}`)
    return 1
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
  if (stop.signal.aborted) console.log('Interrupted.')
  console.log(`${tally.passed} passed, ${tally.failed} failed`)
  if (stop.signal.aborted) return 130
  return tally.failed > 0 || tally.passed === 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
