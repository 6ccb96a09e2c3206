/** `vmon mcp`, driven by the public SDK's client: a guest is installed, rebooted, typed to, saved, restored, forked. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { demoFloppy } from '../../guests/demo.ts'
import { installerFloppy } from '../../guests/installer.ts'
import { createDisk } from '../../src/block/index.ts'
import { vmon } from '../oracle/programs.ts'
import { missingSdk, type Progress, type SdkClient, startClient, type ToolAnswer } from './sdk-client.ts'

const timeout = 300

describe('an MCP client', { skip: missingSdk, timeout: 600_000 }, () => {
  let outside = ''
  let folder = ''
  let client: SdkClient
  let pid = 0

  before(async () => {
    outside = await realpath(await mkdtemp(join(tmpdir(), 'vmon-mcp-')))
    folder = join(outside, 'own')
    await mkdir(folder)
    await writeFile(join(folder, 'installer.img'), installerFloppy())
    await writeFile(join(folder, 'demo.img'), demoFloppy())
    await writeFile(join(outside, 'secret.img'), 'nobody reads this'.padEnd(512))
    const started = await startClient([...vmon.command, 'mcp', '--folder', folder, '--machines', '2'])
    client = started.client
    pid = started.pid
  })
  after(async () => {
    await client?.close()
    await rm(outside, { recursive: true })
  })

  const call = (name: string, args: object = {}): Promise<ToolAnswer> => client.callTool({ name, arguments: args })

  /** What a tool says; it must not complain. */
  async function said(name: string, args: object = {}): Promise<string> {
    const { content, isError } = await call(name, args)
    assert.notEqual(isError, true, content[0]?.text)
    return content.map(({ text }) => text).join('\n')
  }

  /** What a tool complains of. */
  async function complaint(name: string, args: object = {}): Promise<string> {
    const { content, isError } = await call(name, args)
    assert.equal(isError, true, content[0]?.text)
    return content[0]!.text!
  }

  it('finds tools with schemas, and what a model should know', async () => {
    const { tools } = await client.listTools()
    assert.ok(tools.some(({ name }) => name === 'machine_start'))
    for (const { name, description, inputSchema } of tools) {
      assert.ok(description, name)
      assert.equal(inputSchema.type, 'object', name)
    }
    assert.equal(client.getServerVersion()?.name, 'vmon')
    assert.match(client.getInstructions() ?? '', /machine_start/)
    await client.ping()
  })

  it('installs a guest from a floppy, takes the floppy out and boots what was installed', async () => {
    await said('disk_create', { file: 'disk.qcow2', size: 16 << 20 })
    const disks = [{ file: 'disk.qcow2' }, { file: 'installer.img', interface: 'floppy', 'read-only': true }]
    await said('machine_start', { name: 'guest', memory: 16, disks, boot: 'floppy' })
    await said('wait_for', { text: 'Install on the hard disk?', timeout })
    await said('press_keys', { keys: ['y'] })
    await said('wait_for', { pattern: '^Installed\\..*key\\.$', timeout })
    await said('disk_eject', { drive: 'floppy0' })
    assert.match(await said('disk_list'), /floppy0: empty/)
    await said('press_keys', { keys: ['ret'] })
    await said('wait_for', { event: 'RESET', timeout })
    assert.match(await said('wait_for', { text: 'Type, and I type it too', timeout }), /^Hello from a PC/m)
  })

  it('types to it, hears it over the serial port, and sees it', async () => {
    await said('type_text', { text: 'Is anybody there?' })
    assert.match(await said('wait_for', { text: 'anybody there?', timeout }), /Is anybody there\?/)
    await said('serial_write', { text: 'by wire' })
    assert.equal(await said('wait_for', { text: 'by wire', on: 'serial', timeout }), 'by wire')
    assert.match(await said('serial_read'), /Hello from a PC.*by wire$/s)
    assert.equal(await said('serial_read'), '')
    await said('mouse', { dx: 5, dy: -3, button: 'left' })
    const { content } = await call('screen_picture')
    assert.equal(content[0]!.mimeType, 'image/png')
    assert.deepEqual([...Buffer.from(content[0]!.data!, 'base64').subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
  })

  it('keeps it, inside its images and in a file, and has it go on from there', async () => {
    await said('snapshot', { action: 'save', name: 'before' })
    assert.match(await said('snapshot', { action: 'list' }), /before/)
    await said('machine_power', { action: 'pause' })
    await said('machine_save', { file: 'guest.state' })
    await said('machine_save', { file: 'guest.state' })
    const taken = /is there already, and is no state of a machine/
    assert.match(await complaint('machine_save', { file: 'disk.qcow2' }), taken)
    assert.match(await complaint('machine_save', { file: 'demo.img' }), taken)
    await said('machine_power', { action: 'resume' })
    await said('type_text', { text: 'forget this' })
    await said('wait_for', { text: 'forget this', timeout })
    await said('snapshot', { action: 'restore', name: 'before' })
    const text = await said('screen_text')
    assert.match(text, /Is anybody there\?/)
    assert.doesNotMatch(text, /forget this/)
    await said('machine_end', { machine: 'guest' })
    const disks = [{ file: 'disk.qcow2' }, { file: 'demo.img', interface: 'floppy', 'read-only': true }]
    await said('machine_start', { name: 'guest', memory: 16, disks, boot: 'floppy', state: 'guest.state' })
    assert.match(await said('wait_for', { text: 'Is anybody there?', timeout }), /by wire/)
  })

  it('forks it, and no more often than it may', async () => {
    await said('machine_fork', { name: 'second' })
    await said('type_text', { machine: 'second', text: 'only here' })
    await said('wait_for', { machine: 'second', text: 'only here', timeout })
    assert.doesNotMatch(await said('screen_text', { machine: 'guest' }), /only here/)
    assert.match(await complaint('machine_fork', { machine: 'guest' }), /2 machines already/)
    assert.match(await complaint('screen_text'), /which machine\? there are: guest, second/)
    assert.match(await said('machine_list'), /"name": "second"/)
    await said('machine_end', { machine: 'second' })
    const overlay = (await readdir(join(folder, 'forks'))).find((name) => name.endsWith('.fork.qcow2'))
    const disks = [{ file: `forks/${overlay}` }]
    await said('machine_start', { name: 'third', memory: 16, disks, paused: true })
    assert.match(await said('disk_list', { machine: 'third' }), /fork\.qcow2 \(qcow2\)/)
    await said('machine_end', { machine: 'third' })
  })

  it('reads the same as resources', async () => {
    const { resources } = await client.listResources()
    const uris = resources.map(({ uri }) => uri)
    assert.deepEqual(
      uris,
      ['screen.txt', 'screen.png', 'serial0.txt'].map((name) => `vmon://machines/guest/${name}`),
    )
    const { contents } = await client.readResource({ uri: uris[0]! })
    assert.match(contents[0]!.text!, /anybody there/)
    await assert.rejects(client.readResource({ uri: 'vmon://machines/nobody/screen.txt' }), /there is no resource/)
  })

  it('gives a wait up, and hears meanwhile that it goes on', async () => {
    const steps: Progress[] = []
    const controller = new AbortController()
    const onprogress = (progress: Progress): void => {
      steps.push(progress)
      controller.abort()
    }
    const waiting = client.callTool({ name: 'wait_for', arguments: { text: 'never', timeout } }, undefined, {
      signal: controller.signal,
      onprogress,
    })
    await assert.rejects(waiting)
    assert.equal(steps[0]?.message, 'waiting')
    assert.match(await complaint('wait_for', { text: 'never', timeout: 0.1 }), /within 0\.1 s; the screen says:\n/)
    assert.match(await complaint('wait_for', { event: 'NEVER', timeout: 0.1 }), /the last events: /)
  })

  it('may run the commands that only ask, and those that its user has allowed', async () => {
    assert.equal(JSON.parse(await said('qmp', { command: 'query-status' })).status, 'running')
    const named = await complaint('qmp', { command: 'eject', arguments: { device: 'nosuch' } })
    assert.match(named, /not started with --allow-qmp eject/)
    const picture = { filename: '/tmp/x.png' }
    assert.match(await complaint('qmp', { command: 'screendump', arguments: picture }), /is not allowed/)
  })

  it('reaches no file outside the folder, by no name, link or backing file', async () => {
    const outsideIt = /is not below the folder/
    const cdrom = (file: string): object => ({ memory: 16, disks: [{ file, interface: 'cdrom' }] })
    assert.match(await complaint('machine_start', cdrom('../secret.img')), outsideIt)
    assert.match(await complaint('machine_start', cdrom(join(outside, 'secret.img'))), outsideIt)
    await symlink(join(outside, 'secret.img'), join(folder, 'link.img'))
    await symlink(join(outside, 'new.img'), join(folder, 'dangling.img'))
    assert.match(await complaint('disk_info', { file: 'link.img' }), outsideIt)
    assert.match(await complaint('disk_create', { file: 'dangling.img', size: 512 }), outsideIt)
    assert.match(await complaint('machine_save', { machine: 'guest', file: '/dev/full' }), outsideIt)
    const backing = { filename: join(outside, 'secret.img'), format: 'raw' }
    await said('disk_create', { file: 'base.qcow2', size: 512 })
    await said('disk_create', { file: 'inside.qcow2', backing: 'base.qcow2' })
    assert.match(await said('disk_info', { file: 'inside.qcow2' }), /"backing-filename": ".*base\.qcow2"/)
    await said('disk_insert', { drive: 'ide1-cd0', file: 'inside.qcow2' })
    await said('disk_eject', { drive: 'ide1-cd0' })
    await createDisk(join(folder, 'overlay.qcow2'), { format: 'qcow2', size: 512, backing })
    await createDisk(join(folder, 'over-overlay.qcow2'), {
      format: 'qcow2',
      backing: { filename: 'overlay.qcow2', format: 'qcow2' },
    })
    assert.match(await complaint('disk_info', { file: 'overlay.qcow2' }), outsideIt)
    assert.match(await complaint('disk_insert', { drive: 'ide1-cd0', file: 'over-overlay.qcow2' }), outsideIt)
    assert.match(await said('disk_list'), /ide1-cd0: empty/)
    assert.match(await complaint('machine_start', { memory: 16, network: true }), /allows no network/)
    // A guest can make its disk look like a state.
    await copyFile(join(folder, 'guest.state'), join(folder, 'looks-like.state'))
    await said('disk_insert', { drive: 'ide1-cd0', file: 'looks-like.state' })
    assert.match(await complaint('machine_save', { file: 'looks-like.state' }), /lock/)
    await said('disk_eject', { drive: 'ide1-cd0' })
  })

  it('hears of what it got wrong, and ends the server with its machines by hanging up', async () => {
    assert.equal(await complaint('type_text', { machine: 'guest' }), "Parameter 'text' is missing")
    assert.equal(await complaint('screen_text', { nosuch: 1 }), "Parameter 'nosuch' is unexpected")
    await assert.rejects(client.callTool({ name: 'nosuch' }), /there is no tool nosuch/)
    await client.close()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the SDK ends it, and it has gone')
  })
})
