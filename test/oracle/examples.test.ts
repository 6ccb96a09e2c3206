/** The examples of the documentation are conversations that happened. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commands } from '../../src/commands/index.ts'
import type { AnyCommand, Example } from '../../src/qapi/index.ts'
import type { Step, TranscriptCase } from './case.ts'
import { droppedCommands, ownCommands } from './dropped-commands.ts'
import { type Program, qemu, vmon } from './programs.ts'
import { play } from './transcript.ts'

/** A line of an example as it comes on the wire, with markers where it is never the same. */
function wireForm(text: string): string {
  return spaced(JSON.parse(text)).replace(
    /("seconds"|"microseconds"): \d+/g,
    (_, member: string) => `${member}: "@int@"`,
  )
}

/** JSON with QEMU's spaces, members in the order in which they stand. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`)
  return `{${members.join(', ')}}`
}

/** An example as a recorded conversation: what is received belongs to what was sent before. */
function conversation({ title, lines, options = '-nodefaults' }: Example): TranscriptCase {
  const steps: { send: string; expect: string[] }[] = []
  for (const { from, text } of lines) {
    if (from === 'client') steps.push({ send: `${text}\n`, expect: [] })
    else steps.at(-1)!.expect.push(wireForm(text))
  }
  const last = steps.at(-1)!
  if (/"(quit|__org\.vmon_kill)"/.test(last.send)) last.expect.push('<EOF>')
  const machine = ['-S', '-display', 'none', ...options.split(' ').filter((word) => word !== '')]
  const setup = [...machine, '-qmp', 'unix:qmp.sock,server=on,wait=off']
  return { name: title, comment: '', setup, handshake: true, steps: steps satisfies Step[] }
}

/** The examples that hold on a program, with their commands. */
function examplesFor({ name }: Program): readonly (readonly [command: string, example: Example])[] {
  const all = Object.entries<AnyCommand>(commands).flatMap(([command, { examples }]) =>
    (examples as readonly Example[]).map((example) => [command, example] as const),
  )
  if (name === vmon.name) return all
  return all.filter(
    ([command, { ownAnswer }]) => ownAnswer === undefined && !droppedCommands.has(command) && !ownCommands.has(command),
  )
}

for (const program of [vmon, qemu]) {
  describe(`the examples of the documentation hold on ${program.name}`, { skip: program.skip, concurrency: 4 }, () => {
    for (const [command, example] of examplesFor(program)) {
      it(`${command}: ${example.title}`, async () => {
        const { steps } = await play(conversation(example), { command: program.command })
        const wrong = steps.filter(({ outcome }) => outcome !== 'same')
        assert.deepEqual(wrong, [], wrong.map(({ difference }) => difference).join('\n'))
      })
    }
  })
}
