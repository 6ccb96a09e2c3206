import { type Expectation, passes } from '../expectation.ts'
import { emulatorExceptions, emulatorTests } from './emulator-tests.ts'
import { imageExceptions, imageTests } from './image-tests.ts'

/** One of QEMU's iotests, in one format of images. */
export interface Case {
  /** Its path among the tests: `061`, `tests/reopen-file`. */
  readonly test: string
  readonly format: string
  /** Whether it is about `qemu-img` alone, or starts a machine. */
  readonly family: 'image' | 'emulator'
  readonly expected: Expectation
}

/** The tests by the format that they are run in, their names one after the other. */
export type TestsByFormat = Readonly<Record<string, string>>

/** What is not expected to pass. */
export type Exceptions = Readonly<Record<string, Expectation>>

function casesOf(family: Case['family'], tests: TestsByFormat, exceptions: Exceptions): Case[] {
  return Object.entries(tests).flatMap(([format, names]) =>
    names.split(/\s+/).map((name) => ({
      test: /^\d/.test(name) ? name : `tests/${name}`,
      format,
      family,
      expected: exceptions[name] ?? passes,
    })),
  )
}

/** All that QEMU would run for raw or qcow2 images in files, and those for other formats that vmon has. */
export const cases: readonly Case[] = [
  ...casesOf('image', imageTests, imageExceptions),
  ...casesOf('emulator', emulatorTests, emulatorExceptions),
].sort((a, b) => (a.test < b.test ? -1 : 1))
