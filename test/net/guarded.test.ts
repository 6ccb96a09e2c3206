/** What is beyond QEMU in user networks: policies, and guests that run as soon as somebody comes. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type MachineOptions, type NetworkPolicy, type RunningMachine, startMachine } from '../../src/index.ts'
import { arp, tcp, udp } from './guest-frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-guarded-'))
after(() => rmSync(folder, { recursive: true }))
const still = { accel: 'none', memory: 16, noDefaults: true } as const
const guest = '10.0.2.15'
const synchronise = 2

const policy: NetworkPolicy = {
  default: 'deny',
  rules: [{ action: 'redirect', protocol: 'udp', address: '192.0.2.0/24', port: '1000-1999', to: '127.0.0.1:9' }],
}

/** A machine on whose network `n` a test speaks in the guest's place. */
async function spokenFor(network: NonNullable<MachineOptions['netdevs']>[number]) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const connection = once(server, 'connection')
  const machine = await startMachine({
    ...still,
    netdevs: [
      network,
      `socket,id=line,connect=127.0.0.1:${port}`,
      ...['n', 'line'].map((name) => ({ type: 'hubport', hubid: 1, id: `port-${name}`, netdev: name })),
    ],
  })
  const [line] = (await connection) as [Socket]
  const say = (frame: Buffer): void => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(frame.length)
    line.write(Buffer.concat([length, frame]))
  }
  return {
    ...{ machine, qmp: machine.qmp, say },
    async [Symbol.asyncDispose]() {
      await machine.close()
      line.destroy()
      server.close()
    },
  }
}

test('each decision is an event, by whichever way the policy was given', async () => {
  const file = join(folder, 'policy.json')
  writeFileSync(file, JSON.stringify(policy))
  const ways = [
    `user,id=n,policy=${file}`,
    { type: 'user', id: 'n', policy },
    JSON.stringify({ type: 'user', id: 'n', policy }),
  ]
  for (const way of ways) {
    await using spoken = await spokenFor(way)
    const { qmp, say } = spoken
    const events = qmp.events({ names: ['__org.vmon_NETDEV_POLICY'] })[Symbol.asyncIterator]()
    say(arp('10.0.2.2'))
    say(tcp(guest, '192.0.2.1', 1080, synchronise))
    say(udp(guest, '192.0.2.1', 4000, 1080, Buffer.from('hello')))
    const told = [(await events.next()).value!.data, (await events.next()).value!.data]
    const where = { 'netdev-id': 'n', address: '192.0.2.1', port: 1080, suppressed: 0 }
    assert.deepEqual(told, [
      { ...where, action: 'deny', protocol: 'tcp' },
      { ...where, action: 'redirect', protocol: 'udp', rule: 0, to: '127.0.0.1:9' },
    ])
    await events.return?.()
  }
})

test('a back end comes with its policy while the machine runs, by either monitor; one that is wrong does not', async () => {
  await using machine = await startMachine({ ...still, netdevs: [] })
  const { qmp } = machine
  await qmp.execute('netdev_add', { type: 'user', id: 'a', policy })
  const wrong = join(folder, 'wrong.json')
  writeFileSync(wrong, '{ "default": "deny", "rules": [{ "action": "allow", "port": "x" }] }')
  const add = (text: string) => qmp.execute('human-monitor-command', { 'command-line': `netdev_add ${text}` })
  assert.equal(await add('user,id=b,policy={"default":"deny",,"rules":[]}'), '')
  const complaint = `policy '${wrong}': rules[0].port: 'x' is no port, and no range as 8000-8999`
  assert.equal(await add(`user,id=c,policy=${wrong}`), `Error: ${complaint}\r\n`)
  await assert.rejects(qmp.execute('netdev_add', { type: 'user', id: 'c', policy: wrong }), { message: complaint })
  await assert.rejects(
    qmp.execute('netdev_add', {
      type: 'user',
      id: 'c',
      policy: { default: 'deny', rules: [{ action: 'allow', port: true }] } as never,
    }),
    { message: "Invalid parameter type for 'port', expected: NetworkPolicyPorts" },
  )
  const network = await qmp.execute('human-monitor-command', { 'command-line': 'info network' })
  assert.deepEqual(network.match(/^\w+/gm), ['a', 'b'])
  await assert.rejects(startMachine({ ...still, netdevs: [`user,id=n,policy=${wrong}`] }), (error: Error) =>
    error.message.includes(`netdevs user,id=n,policy=${wrong}: ${complaint}`),
  )
})

test('what each back end has carried is told, and what was lost', async () => {
  await using spoken = await spokenFor('user,id=n,hostfwd=tcp:127.0.0.1:0-:22')
  const { qmp, say } = spoken
  const told = () => qmp.execute('__org.vmon_query-netdevs')
  say(arp('10.0.2.2'))
  while ((await told())[0]?.['to-guest'].packets !== 1); // the gateway has answered
  assert.deepEqual(
    (await told()).map(({ id, type, peer, ...more }) => [
      id,
      type,
      peer,
      more['from-guest'].packets,
      more['to-guest'].packets,
    ]),
    [
      ['n', 'user', 'port-n', 1, 1],
      ['line', 'socket', 'port-line', 1, 1],
      ['port-n', 'hubport', 'n', 1, 1],
      ['port-line', 'hubport', 'line', 1, 1],
    ],
  )
  await qmp.execute('set_link', { name: 'line', up: false })
  say(arp('10.0.2.3'))
  const line = async () => (await told())[1]!
  while ((await line())['to-guest'].dropped === 0);
  assert.deepEqual((await line())['to-guest'], { packets: 1, bytes: arp('10.0.2.2').length, dropped: 1 })
  assert.equal((await line()).link, false)
  const [forward] = (await told())[0]!.hostfwd!
  assert.ok(forward!['host-port'] > 0)
  const ends = { 'host-address': '127.0.0.1', 'guest-address': '10.0.2.15', 'guest-port': 22 }
  assert.deepEqual(forward, { protocol: 'tcp', ...ends, 'host-port': forward!['host-port'] })
})

async function forwardedPort({ qmp }: RunningMachine, protocol: 'TCP' | 'UDP'): Promise<number> {
  const usernet = await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })
  return Number(new RegExp(`${protocol}\\[HOST_FORWARD\\] +-?\\d+ +127\\.0\\.0\\.1 +(\\d+)`).exec(usernet)?.[1])
}

const forwarded = (more: string) => [`user,id=n,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=udp:127.0.0.1:0-:53${more}`]

test('whoever comes to a forwarded port lets a guest run that is stopped, or has not been started', async () => {
  await using machine = await startMachine({ ...still, paused: true, netdevs: forwarded(',wake=on') })
  const { qmp } = machine
  const caller = connect(await forwardedPort(machine, 'TCP'), '127.0.0.1').on('error', () => undefined)
  await qmp.event('RESUME', { timeoutMs: 30_000 })
  await qmp.execute('stop')
  const resumed = qmp.event('RESUME', { timeoutMs: 30_000 })
  const socket = createSocket('udp4')
  socket.send('wake up', await forwardedPort(machine, 'UDP'), '127.0.0.1')
  await resumed
  assert.deepEqual(await qmp.execute('query-status'), { status: 'running', singlestep: false, running: true })
  socket.close()
  caller.destroy()
})

test('without wake=on it stays as it is', async () => {
  await using machine = await startMachine({ ...still, paused: true, netdevs: forwarded('') })
  const caller = connect(await forwardedPort(machine, 'TCP'), '127.0.0.1').on('error', () => undefined)
  await once(caller, 'connect')
  const usernet = () => machine.qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })
  while (!/TCP\[SYN_SENT\]/.test(await usernet())); // so the machine has heard of it
  assert.equal((await machine.qmp.execute('query-status')).status, 'prelaunch')
  caller.destroy()
})

test('whoever comes while a machine is started from a saved state waits until it has begun, and then lets it run', async () => {
  const savedState = join(folder, 'state')
  {
    await using saved = await startMachine(still)
    await saved.machine.save(savedState)
  }
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise((resolve) => free.close(resolve))
  const netdevs = [`user,id=n,hostfwd=tcp:127.0.0.1:${port}-:22,wake=on`]
  const starting = startMachine({ ...still, paused: true, netdevs }, { savedState })
  const caller = await firstCaller(port)
  await using machine = await starting
  await machine.machine.runControl.stop() // behind what lets it run
  assert.equal(machine.machine.runControl.state, 'paused', 'it has run')
  caller.destroy()
})

/** Connects as soon as somebody listens. */
async function firstCaller(port: number): Promise<Socket> {
  for (;;) {
    const caller = connect(port, '127.0.0.1')
    const connected = await new Promise((resolve) => {
      caller.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    if (connected === true) return caller.on('error', () => undefined)
  }
}

test('whoever comes while a machine is saved waits until that is done', async () => {
  await using running = await startMachine({ ...still, netdevs: forwarded(',wake=on') })
  const { board, runControl } = running.machine
  const states: string[] = []
  const saveDevices = board.saveDevices.bind(board)
  board.saveDevices = async () => {
    const devices = await saveDevices()
    void runControl.rouse()
    return devices
  }
  const readPages = board.readPages.bind(board)
  board.readPages = async (...where) => {
    await running.qmp.execute('query-status') // it would have run by now
    states.push(runControl.state)
    return await readPages(...where)
  }
  await running.machine.save(join(folder, 'torn'))
  assert.deepEqual([...new Set(states)], ['save-vm'])
  assert.equal(runControl.state, 'running')
})
