import { example, family, req, str, struct } from '../qapi/index.ts'

const command = family<{
  humanMonitor: {
    /**
     * What a topic of `info` prints; lines end in `\n`.
     *
     * @throws what the topic complains of
     */
    topic(name: string): Promise<string>
  }
}>()

const HumanReadableText = struct('HumanReadableText', {
  'human-readable-text': req(str, 'what is to be shown'),
})

/** A command that gives what a topic of the human monitor's `info` prints, as text. */
function text(topic: string, since: string, doc: string, examples: readonly [said: string] | readonly [] = []) {
  const name = `x-query-${topic}`
  return command({
    since,
    doc,
    args: {},
    returns: HumanReadableText,
    features: ['unstable'],
    examples: examples.map((said) => example('the text', `-> { "execute": "${name}" }\n<- ${said}`)),
    run: async ({ humanMonitor }) => ({ 'human-readable-text': await humanMonitor.topic(topic) }),
  })
}

/** Whatever QEMU tells as text alone. */
export const humanTextCommands = {
  'x-query-irq': text('irq', '6.2', 'Show how often each interrupt was raised, controller by controller.'),
  'x-query-jit': text('jit', '6.2', 'Show how much code was made of the code of the guest.'),
  'x-query-numa': text('numa', '6.2', 'Show the NUMA nodes. There are none.', [
    '{ "return": { "human-readable-text": "0 nodes\\n" } }',
  ]),
  'x-query-opcount': text('opcount', '6.2', 'Show how often each operation was used. They are not counted.', [
    '{ "return": { "human-readable-text": "[TCG profiler not compiled]\\n" } }',
  ]),
  'x-query-profile': text('profile', '6.2', 'Show where time was spent. That is not measured.', [
    '{ "error": { "class": "GenericError", "desc": "Internal profiler not compiled" } }',
  ]),
  'x-query-ramblock': text('ramblock', '6.2', "Show the blocks that the machine's memory consists of."),
  'x-query-rdma': text('rdma', '6.2', 'Show the state of RDMA devices. There are none.', [
    '{ "return": { "human-readable-text": "" } }',
  ]),
  'x-query-roms': text('roms', '6.2', 'Show the images of firmware that the machine was started with.'),
  'x-query-usb': text('usb', '6.2', 'Show the USB devices. There is no bus for any.', [
    '{ "error": { "class": "GenericError", "desc": "USB support not enabled" } }',
  ]),
}
