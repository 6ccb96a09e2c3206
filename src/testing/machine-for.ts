import { type RunningMachine, startMachine } from '../embedding/index.ts'
import { checkMembers, type MachineOptions, type MachineSurroundings, type MemberKinds } from '../machine/index.ts'
import { defaultFailures, keepFailure } from './test-failures.ts'

/** What of a test is needed: what node:test hands to it. */
export interface TestLike {
  readonly name: string
  readonly fullName?: string
  /** Whether it has passed, once it has ended. */
  readonly passed?: boolean
  after(end: () => Promise<void>): void
  /** Has `end` called when a test in this one ends, however deep. */
  afterEach?(end: (inner: object) => void): void
  diagnostic?(message: string): void
}

export interface FailureOptions {
  /** The folder for what failed tests leave, `vmon-failures` if absent; false for nothing. It is made when it is needed. */
  readonly failures?: string | false
  readonly surroundings?: MachineSurroundings
}

const kinds: MemberKinds<FailureOptions> = { failures: 'path or false', surroundings: 'object' }

/**
 * Starts a machine for a test of node:test, and ends it with that test. If the test fails, or one in it that begins later,
 * a picture of the screen is left as `NAME.png` in `vmon-failures`, and its text and what came over serial ports as
 * `NAME.txt`; with a number behind NAME where there are such files already.
 *
 * ```ts
 * test('boots', async (t) => {
 *   const vm = await machineFor(t, { fda: 'boot.img', boot: 'a' })
 *   await vm.screen.waitFor('Hello')
 * })
 * ```
 *
 * @throws {TypeError} if `test` is not a test's context
 * @throws {ConfigError} as `startMachine`, and for an unknown failure option
 * @throws {BoardError} as `startMachine`
 */
export async function machineFor(
  test: TestLike,
  options: MachineOptions = {},
  how: FailureOptions = {},
): Promise<RunningMachine> {
  if (typeof (test as TestLike | undefined)?.after !== 'function')
    throw new TypeError("machineFor takes the test's context first: machineFor(t, options)")
  checkMembers('failure options', how, kinds)
  const { failures = defaultFailures, surroundings = {} } = how
  const machine = await startMachine(options, surroundings)
  let failedInside = false // Node 20 lets a test fail for those in it only when it has ended
  test.afterEach?.((inner: { readonly passed?: boolean }) => {
    if (inner.passed === false) failedInside = true
  })
  test.after(async () => {
    const failed = test.passed === false || failedInside
    await ended(machine, failed && failures !== false ? failures : undefined, test.fullName ?? test.name, (text) =>
      test.diagnostic?.(text),
    )
  })
  return machine
}

/** What of a test's context is needed by a fixture: what Vitest hands to it. */
export interface FixtureContext {
  readonly task: { readonly name: string; readonly result?: { readonly state: string } | undefined }
}

/**
 * A machine as a fixture of Vitest: started when a test asks for it, ended with that test. If the test fails, files are left
 * as by `machineFor`.
 *
 * ```ts
 * const test = base.extend({ vm: machineFixture({ fda: 'boot.img', boot: 'a' }) })
 * test('boots', async ({ vm }) => {
 *   await vm.screen.waitFor('Hello')
 * })
 * ```
 */
export function machineFixture(
  options: MachineOptions = {},
  how: FailureOptions = {},
): (context: FixtureContext, use: (machine: RunningMachine) => Promise<void>) => Promise<void> {
  checkMembers('failure options', how, kinds)
  const { failures = defaultFailures, surroundings = {} } = how
  // (Vitest reads from the source what of the context is wanted: it has to be taken apart here.)
  return async ({ task }, use) => {
    const machine = await startMachine(options, surroundings)
    let failed = true // where `use` throws, as some runners let it
    try {
      await use(machine)
      failed = task.result?.state === 'fail'
    } finally {
      const folder = failed && failures !== false ? failures : undefined
      await ended(machine, folder, task.name, (text) => console.warn(text))
    }
  }
}

/** Ends a test's machine. @param folder where to leave what it shows, if the test has failed */
async function ended(
  machine: RunningMachine,
  folder: string | undefined,
  test: string,
  tell: (text: string) => void,
): Promise<void> {
  try {
    if (folder !== undefined) tell(`the machine's screen: ${await keepFailure(machine, folder, test)}`)
  } catch (error) {
    tell(`the machine's screen cannot be kept: ${(error as Error).message}`) // the test's own failure is the one to tell
  } finally {
    await machine.close()
  }
}
