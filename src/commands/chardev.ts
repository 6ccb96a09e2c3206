import { bool, example, family, list, req, str, struct } from '../qapi/index.ts'

const command = family<{
  chardevs: {
    list(): readonly { readonly label: string; readonly filename: string; readonly frontendOpen: boolean }[]
  }
}>()

const ChardevInfo = struct('ChardevInfo', {
  label: req(str, 'name of the character device'),
  filename: req(str, 'its back end, as -chardev would say it'),
  'frontend-open': req(bool, 'true if the guest, or the monitor, has opened it'),
})

/** Character devices. */
export const chardevCommands = {
  'query-chardev': command({
    since: '0.14',
    doc: 'Tell which character devices there are.',
    args: {},
    returns: list(ChardevInfo),
    examples: [
      example(
        'a machine with one serial port, and the monitor that is asked',
        `
        -> { "execute": "query-chardev" }
        <- { "return": [ { "frontend-open": true, "filename": "unix:qmp.sock,server=on", "label": "compat_monitor0" }, { "frontend-open": true, "filename": "null", "label": "serial0" } ] }`,
        { options: '-nodefaults -serial null' },
      ),
    ],
    preconfig: true,
    run({ chardevs }) {
      return chardevs
        .list()
        .map(({ label, filename, frontendOpen }) => ({ label, filename, 'frontend-open': frontendOpen }))
    },
  }),
}
