import type { Option } from './option-table.ts'

/** Options of QEMU's protocol for tests of devices. */
export const qtestOptions: readonly Option[] = [
  {
    names: ['qtest'],
    argument: 'DEV',
    group: 'host',
    help: "where a test of devices speaks QEMU's qtest protocol; with -accel qtest it has the machine for itself",
    complete: ['unix:', 'stdio', 'tcp:'],
    apply: ({ draft }, text) => draft.qtest.device(text),
  },
  {
    names: ['qtest-log'],
    argument: 'FILE|none',
    group: 'host',
    help: 'where what is said by that protocol is logged; standard error, if nothing is said',
    complete: 'file',
    apply: ({ draft }, text) => draft.qtest.log(text),
  },
]
