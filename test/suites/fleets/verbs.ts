import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A verb of virsh's, and what shows that it has done its work. */
export interface Verb {
  readonly words: readonly string[]
  /** What it says, at the latest after a minute of asking. */
  readonly says?: RegExp
  /** Looks at what has come of it. */
  readonly effect?: () => Promise<void>
}

/** What management programs do to a domain that runs, in an order in which each finds what it needs. */
export function verbsFor(domain: string, folder: string): readonly Verb[] {
  const file = (name: string): string => join(folder, name)
  const verb = (text: string, more: Omit<Verb, 'words'> = {}): Verb => {
    const [name, ...rest] = text.split(' ')
    return { words: [name!, domain, ...rest], ...more }
  }
  const state = (name: RegExp): Verb => verb('domstate', { says: name })
  return [
    state(/^running/),
    verb('suspend'),
    state(/^paused/),
    verb('resume'),
    state(/^running/),
    verb(`screenshot ${file('screen')}`, { effect: () => begins(file('screen'), /^(P6|\x89PNG)/) }),
    verb('send-key KEY_A'),
    verb('setmem 40M --live'),
    verb('dommemstat', { says: /actual \d+/ }),
    verb('domstats', { says: /balloon\.current=\d+[\s\S]*block\.0\.rd\.reqs=\d+/ }),
    verb('domblkinfo hda', { says: /Capacity: +104857600/ }),
    verb('domblkstat hdc', { says: /rd_bytes \d{5,}/ }),
    verb('domif-setlink 52:54:00:00:00:01 down'),
    verb('domif-getlink 52:54:00:00:00:01', { says: /down/ }),
    verb('domif-setlink 52:54:00:00:00:01 up'),
    verb('blkdeviotune hda --total-iops-sec 100'),
    verb('blkdeviotune hda', { says: /total_iops_sec : 100/ }),
    verb('blockresize hda 200M', { effect: () => sized(file('disk.qcow2'), 200 << 20) }),
    verb('change-media hdc --eject --force'),
    verb(`change-media hdc ${file('cd.iso')} --insert`),
    verb('vncdisplay', { says: /^127\.0\.0\.1:\d+/ }),
    verb('ttyconsole', { says: /^\/dev\/pts\// }),
    { words: ['qemu-monitor-command', domain, '--hmp', 'info status'], says: /VM status: running/ },
    verb('inject-nmi'),
    verb('reset'),
    verb(`attach-disk ${file('other.qcow2')} vdb --subdriver qcow2`),
    verb('domblklist', { says: /vdb .*other\.qcow2/ }),
    verb('detach-disk vdb'),
    verb(`attach-device ${file('card.xml')} --live`),
    verb('domiflist', { says: /52:54:00:11:22:33/ }),
    verb(`detach-device ${file('card.xml')} --live`),
    verb(
      `snapshot-create-as before --disk-only --diskspec hda,file=${file('overlay.qcow2')} --diskspec hdc,snapshot=no --diskspec vdb,snapshot=no`,
      { effect: () => backed(file('overlay.qcow2'), 'disk.qcow2') },
    ),
    verb('blockcommit hda --active --pivot --wait', { says: /pivoted/ }),
    verb('domblklist', { says: /hda .*disk\.qcow2/ }),
    verb(`blockcopy hda ${file('copy.qcow2')} --pivot --wait --transient-job --format qcow2`, { says: /pivoted/ }),
    verb('domblklist', { says: /hda .*copy\.qcow2/ }),
    verb(
      `snapshot-create-as again --disk-only --no-metadata --diskspec hda,file=${file('above.qcow2')} --diskspec hdc,snapshot=no --diskspec vdb,snapshot=no`,
    ),
    verb('blockpull hda --wait', { says: /complete/i }),
    { words: ['snapshot-delete', domain, 'before', '--metadata'] },
    verb(`dump ${file('core')} --memory-only`, { effect: () => begins(file('core'), /^\x7fELF/) }),
    verb(`save ${file('saved')}`, { effect: () => begins(file('saved'), /^LibvirtQemudSave/) }),
    { words: ['restore', file('saved')] },
    state(/^running/),
    verb('managedsave'),
    { words: ['start', domain] },
    state(/^running/),
    verb('shutdown'),
    verb('destroy'),
    state(/^shut off/),
  ]
}

async function begins(path: string, magic: RegExp): Promise<void> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    assert.match(buffer.subarray(0, bytesRead).toString('latin1'), magic, path)
  } finally {
    await handle.close()
  }
}

async function imageInfo(path: string): Promise<{ 'virtual-size': number; 'backing-filename'?: string }> {
  const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', path])
  return JSON.parse(stdout) as { 'virtual-size': number }
}

async function sized(path: string, bytes: number): Promise<void> {
  assert.equal((await imageInfo(path))['virtual-size'], bytes, path)
}

async function backed(path: string, below: string): Promise<void> {
  const name = (await imageInfo(path))['backing-filename']
  assert.ok(name?.endsWith(below), `${path} is backed by ${name}`)
}
