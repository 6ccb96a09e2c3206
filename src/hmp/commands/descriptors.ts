import { hmpFamily } from '../hmp-command.ts'

const command = hmpFamily<object>()

/** Descriptors that are passed to the monitor. */
export const descriptorCommands = {
  getfd: command({
    args: 'fdname:s',
    params: 'getfd name',
    help: 'receive a file descriptor via SCM rights and assign it a name',
    async run({ qmp }, { fdname }) {
      await qmp('getfd', { fdname })
    },
  }),

  closefd: command({
    args: 'fdname:s',
    params: 'closefd name',
    help: 'close a file descriptor previously passed via SCM rights',
    async run({ qmp }, { fdname }) {
      await qmp('closefd', { fdname })
    },
  }),
}
