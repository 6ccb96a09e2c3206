import { bool, example, family, list, opt, req, str, struct } from '../qapi/index.ts'

/** An image that two machines go on from. */
export interface ForkedImage {
  readonly device: string
  readonly backing: string
  readonly own: string
  readonly fork: string
}

export interface ForkRequest {
  readonly folder?: string
  readonly name?: string
  readonly uuid?: string
  readonly macs?: Readonly<Record<string, string>>
  readonly rtcBase?: string
  readonly qmp?: string
  readonly paused?: boolean
}

const command = family<{
  forks: { forkAndKeep(request: ForkRequest): Promise<{ readonly images: readonly ForkedImage[] }> }
}>()

const Image = struct('ForkedImage', {
  device: req(str, 'the drive, or the node, that has it'),
  backing: req(str, 'what both machines show where they have written nothing: nobody writes it any more'),
  own: req(str, 'what this machine writes from now on'),
  fork: req(str, 'what the second one writes'),
})

const Mac = struct('ForkedMac', {
  card: req(str, 'id of the network card, or of what is behind it'),
  mac: req(str, 'its address'),
})

/** Machines that go on from where this one stands. */
export const forkCommands = {
  '__org.vmon_fork': command({
    since: '7.2',
    doc: "Start a second machine, which goes on from where this one stands, while this one goes on, too. It runs in the same process and ends with this machine at the latest; `quit` to its own monitor ends it before. Its character devices have nothing behind them (see chardev-change), its user network leads no ports in, and it has no display, log or capture. vmon's own: QEMU does not have it.",
    args: {
      qmp: req(str, 'where its QMP is served, as -qmp has it: unix:PATH,server=on,wait=off'),
      folder: opt(
        str,
        'where the images go that both write from now on: needed if there is an image that can be written',
      ),
      name: opt(str, "its name; this machine's without it"),
      uuid: opt(str, 'its UUID; the guest has read the one of this machine, and reads this one when it starts again'),
      macs: opt(
        list(Mac),
        "addresses of network cards; the guest's driver goes on with the old one until it starts again, or the guest does",
      ),
      'rtc-base': opt(
        str,
        "what the guest's clock shows from now on, as base of -rtc: utc, localtime or a date; else it goes on",
      ),
      paused: opt(bool, 'whether it waits for cont; else it runs if this machine does'),
    },
    returns: struct('ForkInfo', { images: req(list(Image), 'the images that can be written') }),
    emits: ['STOP', 'RESUME'],
    errors: [
      'if the machine is in a run state from which no other can go on, or has what two cannot have: a network that leads elsewhere, devices that are not those from its start',
      'if there is no such network card, or it cannot have such an address',
      'if a folder is needed, or an image or the socket cannot be made',
    ],
    examples: [
      example(
        'no such UUID',
        `
        -> { "execute": "__org.vmon_fork", "arguments": { "qmp": "unix:second.sock,server=on,wait=off", "uuid": "x" } }
        <- { "error": { "class": "GenericError", "desc": "uuid x: failed to parse UUID string: wrong format" } }`,
      ),
    ],
    async run({ forks }, { macs, 'rtc-base': rtcBase, ...request }) {
      const { images } = await forks.forkAndKeep({
        ...request,
        ...(macs !== undefined && { macs: Object.fromEntries(macs.map(({ card, mac }) => [card, mac])) }),
        ...(rtcBase !== undefined && { rtcBase }),
      })
      return { images: [...images] }
    },
  }),
}
