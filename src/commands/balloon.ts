import { example, family, int64, nothing, req, struct } from '../qapi/index.ts'

const command = family<{
  balloon: {
    /** How much memory the guest has. @throws {QmpError} DeviceNotActive, if no balloon is in it */
    readonly actual: number
    /** Asks the guest to have so many bytes. @throws {QmpError} DeviceNotActive, if no balloon is in it */
    request(bytes: number | bigint): void
  }
}>()

const noBalloon = '{ "error": { "class": "DeviceNotActive", "desc": "No balloon device has been activated" } }'

/** The memory that a balloon in the guest takes and gives back. */
export const balloonCommands = {
  'query-balloon': command({
    since: '0.14',
    doc: 'Show how much memory the guest has, beside what its balloon takes.',
    args: {},
    returns: struct('BalloonInfo', { actual: req(int64, 'bytes') }),
    errors: ['DeviceNotActive, if the machine has no balloon, or the guest does not use it'],
    examples: [example('no balloon', `-> { "execute": "query-balloon" }\n<- ${noBalloon}`)],
    run: ({ balloon }) => ({ actual: balloon.actual }),
  }),

  balloon: command({
    since: '0.14',
    doc: 'Ask the guest to have so much memory: its balloon takes or gives back what is between that and what it has.',
    args: { value: req(int64, 'bytes') },
    returns: nothing,
    errors: ['DeviceNotActive, if the machine has no balloon, or the guest does not use it'],
    examples: [
      example('no balloon', `-> { "execute": "balloon", "arguments": { "value": 536870912 } }\n<- ${noBalloon}`),
    ],
    run({ balloon }, { value }) {
      balloon.request(value)
      return {}
    },
  }),
}
