import { formatIp, type IpAddress, type NetClient, type NetSet } from '../../net/index.ts'
import { hmpFamily } from '../hmp-command.ts'

type Networks = Pick<NetSet, 'list' | 'hubs' | 'hubOf' | 'users'>

const topic = hmpFamily<{ networks: Networks }>()

/** The network of the guest. */
export const networkTopics = {
  network: topic({
    args: '',
    params: '',
    help: 'show the network state',
    run({ parts: { networks }, print }) {
      for (const hub of networks.hubs()) {
        print(`hub ${hub.id}\n`)
        for (const port of hub.ports()) {
          print(` \\ ${port.name}`)
          print(port.peer === undefined ? '\n' : `: ${clientText(port.peer)}`)
        }
      }
      for (const client of networks.list()) {
        if (networks.hubOf(client) !== undefined) continue
        if (client.peer !== undefined && client.type !== 'nic') continue // told with its card
        print(clientText(client))
        if (client.peer !== undefined) print(` \\ ${clientText(client.peer)}`)
      }
    },
  }),
  usernet: topic({
    args: '',
    params: '',
    help: 'show user network stack connection states',
    run({ parts: { networks }, print }) {
      for (const { client, user } of networks.users()) {
        print(`Hub ${networks.hubOf(client)?.id ?? -1} (${client.name}):\n`)
        print('  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\n')
        for (const line of connectionLines(user)) print(`${line}\n`)
      }
    },
  }),
}

function clientText({ name, type, info, taps }: NetClient): string {
  const filters = taps.map((tap) => `  - ${tap.name}: ${tap.info()}\n`)
  return `${name}: index=0,type=${type},${info()}\n${filters.length > 0 ? 'filters:\n' : ''}${filters.join('')}`
}

type User = ReturnType<Networks['users']>[number]['user']

/** States by the names that QEMU's have. */
const stateNames: Readonly<Record<string, string>> = {
  ...{ opening: 'SYN_SENT', 'syn-sent': 'SYN_SENT', 'syn-received': 'SYN_RCVD', established: 'ESTABLISHED' },
  ...{ 'fin-wait-1': 'FIN_WAIT_1', 'fin-wait-2': 'FIN_WAIT_2', closing: 'CLOSING', 'time-wait': 'TIME_WAIT' },
  ...{ 'close-wait': 'CLOSE_WAIT', 'last-ack': 'LAST_ACK', closed: 'CLOSED' },
}

function* connectionLines({ forwards, tcp, udp }: User): Iterable<string> {
  for (const { rule, port, guest } of forwards.filter(({ rule: { protocol } }) => protocol === 'tcp'))
    yield line('TCP[HOST_FORWARD]', [rule.hostAddress, port], [guest, rule.guestPort], 0, 0)
  for (const { ends, connection, waiting } of tcp.list())
    yield line(
      `TCP[${stateNames[connection.state]}]`,
      [ends.guest, ends.guestPort],
      [ends.peer, ends.peerPort],
      waiting,
      connection.unsent,
    )
  for (const { rule, port, guest } of forwards.filter(({ rule: { protocol } }) => protocol === 'udp'))
    yield line('UDP[HOST_FORWARD]', [rule.hostAddress, port], [guest, rule.guestPort], 0, 0)
  for (const { guest, guestPort, peer, peerPort, secondsLeft } of udp.list())
    yield line(`UDP[${secondsLeft} sec]`, [guest, guestPort], [peer, peerPort], 0, 0)
}

/** Sockets here have no number that could be told. */
const descriptor = -1

function line(
  state: string,
  [source, sourcePort]: readonly [IpAddress, number],
  [destination, destinationPort]: readonly [IpAddress, number],
  received: number,
  sent: number,
): string {
  const from = source === 0 ? '*' : formatIp(source)
  return (
    `  ${state.padEnd(18)} ${String(descriptor).padStart(2)} ${from.padStart(15)} ${String(sourcePort).padStart(5)} ` +
    `${formatIp(destination).padStart(15)} ${String(destinationPort).padStart(5)} ` +
    `${String(received).padStart(5)} ${String(sent).padStart(5)}`
  )
}
