/**
 * For tests of programs that manage machines, and of guests: a machine for the length of a function or of a test, which
 * leaves a picture of its screen where the test fails; a guest that is booted once and then restored.
 */
export { type FailureOptions, type FixtureContext, machineFixture, machineFor, type TestLike } from './machine-for.ts'
export { type Preparation, startPrepared } from './prepared-machine.ts'
export { withMachine } from './with-machine.ts'
