import type { Returned } from '../../commands/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

type Status = Returned<'x-query-virtio-status'>
type Features = Status['guest-features']

/** Virtio devices, as their drivers use them. */
export const virtioTopics = {
  virtio: topic({
    args: '',
    params: '',
    help: 'List all available virtio devices',
    async run({ qmp, print }) {
      const devices = await qmp('x-query-virtio')
      if (devices.length === 0) print('No VirtIO devices\n')
      for (const { path, name } of devices) print(`${path} [${name}]\n`)
    },
  }),
  'virtio-status': topic({
    args: 'path:s',
    params: 'path',
    help: 'Display status of a given virtio device',
    run: async ({ qmp, print }, { path }) =>
      print(statusText(path, await qmp('x-query-virtio-status', { path })).join('\n')),
  }),
  'virtio-queue-status': topic({
    args: 'path:s,queue:i',
    params: 'path queue',
    help: 'Display status of a given virtio queue',
    async run({ qmp, print }, { path, queue: wanted }) {
      const queue = await qmp('x-query-virtio-queue-status', { path, queue: word(wanted) })
      const { 'last-avail-idx': last, 'shadow-avail-idx': shadow } = queue
      const row = (name: string, value: unknown): string => `  ${`${name}:`.padEnd(22)}${String(value)}\n`
      const ringRow = (name: string, value: unknown): string => `    ${`${name}:`.padEnd(14)}${String(value)}\n`
      print(`${path}:\n${row('device_name', queue.name)}${row('queue_index', queue['queue-index'])}`)
      print(row('inuse', queue.inuse) + row('used_idx', queue['used-idx']))
      print(row('signalled_used', queue['signalled-used']))
      print(row('signalled_used_valid', queue['signalled-used-valid']))
      if (last !== undefined) print(row('last_avail_idx', last))
      if (shadow !== undefined) print(row('shadow_avail_idx', shadow))
      print(`  VRing:\n${ringRow('num', queue['vring-num'])}${ringRow('num_default', queue['vring-num-default'])}`)
      print(ringRow('align', queue['vring-align']) + ringRow('desc', address(queue['vring-desc'])))
      print(ringRow('avail', address(queue['vring-avail'])) + ringRow('used', address(queue['vring-used'])))
    },
  }),
  'virtio-vhost-queue-status': topic({
    args: 'path:s,queue:i',
    params: 'path queue',
    help: 'Display status of a given vhost queue',
    async run({ qmp }, { path, queue }) {
      await qmp('x-query-virtio-vhost-queue-status', { path, queue: word(queue) })
    },
  }),
  'virtio-queue-element': topic({
    args: 'path:s,queue:i,index:i?',
    params: 'path queue [index]',
    help: 'Display element of a given virtio queue',
    async run({ qmp, print }, { path, queue, index }) {
      const which = { path, queue: word(queue), ...(index !== undefined && { index: word(index) }) }
      const element = await qmp('x-query-virtio-queue-element', which)
      const { avail, used } = element
      print(`${path}:\n  device_name: ${element.name}\n  index:   ${element.index}\n  desc:\n    descs:\n`)
      const lines = element.descs.map(
        ({ addr, len, flags }) =>
          `        addr 0x${hex(addr)} len ${len}${flags.length === 0 ? '' : ` (${flags.join(', ')})`}`,
      )
      print(`${lines.join(',\n')}\n`)
      print(`  avail:\n    flags: ${avail.flags}\n    idx:   ${avail.idx}\n    ring:  ${avail.ring}\n`)
      print(`  used:\n    flags: ${used.flags}\n    idx:   ${used.idx}\n`)
    },
  }),
}

function statusText(path: string, status: Status): string[] {
  const row = (name: string, value: unknown): string => `  ${`${name}:`.padEnd(25)}${String(value)}`
  const { statuses, 'unknown-statuses': unknown } = status.status
  return [
    `${path}:`,
    row('device_name', `${status.name} `),
    row('device_id', status['device-id']),
    row('vhost_started', status['vhost-started']),
    row('bus_name', status['bus-name'] || '(null)'),
    row('broken', status.broken),
    row('disabled', status.disabled),
    row('disable_legacy_check', status['disable-legacy-check']),
    row('started', status.started),
    row('use_started', status['use-started']),
    row('start_on_kick', status['start-on-kick']),
    row('use_guest_notifier_mask', status['use-guest-notifier-mask']),
    row('vm_running', status['vm-running']),
    row('num_vqs', status['num-vqs']),
    row('queue_sel', status['queue-sel']),
    row('isr', status.isr),
    row('endianness', status['device-endian']),
    '  status:',
    listed(statuses),
    ...(unknown === undefined ? [] : [`  unknown-statuses(0x${hex(unknown, 16)})`]),
    '  Guest features:',
    ...featuresText(status['guest-features']),
    '  Host features:',
    ...featuresText(status['host-features']),
    '  Backend features:',
    ...featuresText(status['backend-features']),
    '',
  ]
}

function featuresText(features: Features): string[] {
  const { transports, 'dev-features': own, 'unknown-dev-features': unknown } = features
  return [
    listed(transports),
    ...(own === undefined || own.length === 0 ? [] : [listed(own)]),
    ...(unknown === undefined ? [] : [`  unknown-features(0x${hex(unknown, 16)})`]),
  ]
}

function listed(texts: readonly string[]): string {
  return texts.map((text) => `\t${text}`).join(',\n')
}

function address(value: number | bigint): string {
  return `0x${hex(value, 16)}`
}

function hex(value: number | bigint, digits = 0): string {
  return value.toString(16).padStart(digits, '0')
}

/** QEMU takes 16 bits of a number. */
function word(value: number | bigint): number {
  return Number(BigInt.asUintN(16, BigInt(value)))
}
