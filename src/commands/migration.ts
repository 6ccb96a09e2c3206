import { type MigrationControl, MigrationStatusName } from '../migration/index.ts'
import { bool, example, family, nothing, opt, req, str } from '../qapi/index.ts'
import { migrationInfo } from './migration-report.ts'
import { MigrationInfo } from './migration-types.ts'

const command = family<{ migrations: MigrationControl }>()

const progress = 'while a migration is on its way'

/** Sending the machine elsewhere, and taking one that comes. */
export const migrationCommands = {
  migrate: command({
    since: '0.14',
    doc: 'Send the machine elsewhere: to tcp:HOST:PORT, unix:PATH, exec:COMMAND (into its standard input), fd:NAME (see getfd) or file:PATH. The guest runs on until its last part goes. The reply says that this has begun: query-migrate and events tell how it goes. The stream is of a format of its own, which no QEMU takes.',
    args: {
      uri: req(str, 'where to'),
      blk: opt(
        bool,
        'whether the contents of the disks go, too: into images of the other side that are there and at least as long',
      ),
      inc: opt(
        bool,
        'as blk, but without what only the backing files hold: the images of the other side have the same',
      ),
      detach: opt(bool, 'makes no difference'),
      resume: opt(bool, 'whether one that was interrupted goes on: refused'),
    },
    returns: nothing,
    emits: ['MIGRATION', 'MIGRATION_PASS', 'STOP', 'RESUME'],
    errors: [
      progress,
      'if the machine waits for another one to come in, or has gone',
      'while a device forbids it: a folder of the host is mounted in the guest',
      'if there is no such way',
    ],
    examples: [
      example(
        'no way that is known',
        `
        -> { "execute": "migrate", "arguments": { "uri": "pigeon:home" } }
        <- { "error": { "class": "GenericError", "desc": "Parameter 'uri' expects a valid migration protocol" } }`,
      ),
    ],
    run({ migrations }, { uri, blk, inc, resume }, { session }) {
      const takeDescriptor = (name: string): number => session.descriptors.takeNamed(name)
      const disks = inc === true ? 'incremental' : blk === true ? 'full' : undefined
      void migrations.migrate({ uri, takeDescriptor, resume: resume === true, disks })
      return {}
    },
  }),

  migrate_cancel: command({
    since: '0.14',
    doc: 'Give up the migration that is on its way: the guest goes on here. Does nothing if there is none.',
    args: {},
    returns: nothing,
    emits: ['MIGRATION', 'RESUME'],
    examples: [
      example(
        'there is none',
        `
        -> { "execute": "migrate_cancel" }
        <- { "return": {} }`,
      ),
    ],
    run({ migrations }) {
      migrations.cancel()
      return {}
    },
  }),

  'migrate-continue': command({
    since: '2.11',
    doc: 'Let a migration go on that waits before it hands the guest over (capability pause-before-switchover).',
    args: { state: req(MigrationStatusName, 'where it must stand') },
    returns: nothing,
    emits: ['MIGRATION'],
    errors: ['if it stands elsewhere'],
    examples: [
      example(
        'there is none',
        `
        -> { "execute": "migrate-continue", "arguments": { "state": "pre-switchover" } }
        <- { "error": { "class": "GenericError", "desc": "Migration not in expected state: none" } }`,
      ),
    ],
    run({ migrations }, { state }) {
      migrations.continue(state)
      return {}
    },
  }),

  'migrate-incoming': command({
    since: '2.3',
    doc: 'Open the way for a machine to come in, after -incoming defer. The ways are those of migrate.',
    args: { uri: req(str, 'where from') },
    returns: nothing,
    emits: ['MIGRATION', 'RESUME'],
    errors: ['if none is to come, or has come', 'if there is no such way, or it cannot be had'],
    examples: [
      example(
        'none is to come',
        `
        -> { "execute": "migrate-incoming", "arguments": { "uri": "tcp:127.0.0.1:4446" } }
        <- { "error": { "class": "GenericError", "desc": "'-incoming' was not specified on the command line" } }`,
      ),
    ],
    async run({ migrations }, { uri }, { session }) {
      await migrations.migrateIncoming(uri, (name) => session.descriptors.takeNamedOrInherited(name))
      return {}
    },
  }),

  'query-migrate': command({
    since: '0.14',
    doc: 'Tell how the migration goes, or how the last one went.',
    args: {},
    returns: MigrationInfo,
    examples: [
      example(
        'there was none',
        `
        -> { "execute": "query-migrate" }
        <- { "return": {} }`,
      ),
    ],
    run: ({ migrations }) => migrationInfo(migrations),
  }),
}
