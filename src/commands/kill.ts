import { example, family, nothing } from '../qapi/index.ts'

const command = family<{ abruptEnd: { kill(): void } }>()

/** Ends that managers have to cope with. */
export const killCommands = {
  '__org.vmon_kill': command({
    since: '7.2',
    doc: "End the machine as a crash would, for tests of its clients: every connection to a monitor breaks at once, no SHUTDOWN is sent, and there is no reply. A process that runs the machine alone ends with status 1, and leaves its pid file and the files of its sockets behind. Images are closed all the same. vmon's own: QEMU does not have it.",
    args: {},
    returns: nothing,
    examples: [
      example(
        'the connection ends without a reply',
        `
        -> { "execute": "__org.vmon_kill" }`,
      ),
    ],
    preconfig: true,
    run({ abruptEnd }) {
      abruptEnd.kill()
      return {}
    },
  }),
}
