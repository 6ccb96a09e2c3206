import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

/** Names of kinds of channels, by their numbers. */
const channelNames: Readonly<Record<number, string>> = { 1: 'main', 2: 'display', 3: 'inputs', 4: 'cursor' }

/** Who looks at the screen by SPICE. */
export const spiceTopics = {
  spice: topic({
    args: '',
    params: '',
    help: 'show the spice server status',
    async run({ qmp, print }) {
      const info = await qmp('query-spice')
      if (!info.enabled) {
        print('Server: disabled\n')
        return
      }
      print('Server:\n')
      if (info.port !== undefined) print(`     address: ${info.host}:${info.port}\n`)
      if (info['tls-port'] !== undefined) print(`     address: ${info.host}:${info['tls-port']} [tls]\n`)
      print(`    migrated: ${info.migrated}\n`)
      print(`        auth: ${info.auth}\n`)
      print(`    compiled: ${info['compiled-version']}\n`)
      print(`  mouse-mode: ${info['mouse-mode']}\n`)
      const channels = info.channels ?? []
      if (channels.length === 0) print('Channels: none\n')
      for (const channel of channels) {
        print('Channel:\n')
        print(`     address: ${channel.host}:${channel.port}${channel.tls ? ' [tls]' : ''}\n`)
        print(`     session: ${channel['connection-id']}\n`)
        print(`     channel: ${channel['channel-type']}:${channel['channel-id']}\n`)
        print(`     channel name: ${channelNames[Number(channel['channel-type'])] ?? 'unknown'}\n`)
      }
    },
  }),
}
