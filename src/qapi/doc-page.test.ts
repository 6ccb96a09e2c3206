import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  commandPage,
  event,
  eventPage,
  example,
  family,
  int,
  list,
  nothing,
  oneOf,
  opt,
  req,
  str,
  struct,
  uint8,
  union,
} from './index.ts'

const command = family<unknown>()
const Mode = oneOf('Mode', ['top', 'full'])
const Action = union('Action', {
  base: {},
  discriminator: 'type',
  branches: { move: struct('Move', { x: req(int, 'how far right') }), stay: undefined },
})
const Letter = oneOf('Letter', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], { g: ['unstable'] })

test('a page tells all that is declared of its commands, then the types that they mention', () => {
  const act = command({
    since: '1.3',
    doc: 'Do something about @node.',
    args: {
      node: req(str, 'where', { alias: ['device'], complete: 'node' }),
      actions: opt(list(Action), 'what to do', { features: ['unstable'] }),
      mode: opt(Mode, 'how'),
      level: opt(uint8, 'how much'),
    },
    returns: list(Letter),
    emits: ['STOP'],
    errors: ['DeviceNotFound, if there is no @node', 'if it is too late'],
    features: ['deprecated'],
    preconfig: true,
    oob: true,
    examples: [example('nothing', '-> { "execute": "act" }\n<- { "return": [] }')],
    run: () => [],
  })
  assert.equal(
    commandPage('Acting', { act }),
    `# Acting

## act

Do something about \`node\`.

Since QEMU 1.3. Deprecated. May be executed out of band. May be called before the machine is built.

**Arguments**

- \`node\` (string that names a node): where. Old spelling: \`device\`.
- \`actions\` (list of [Action](#action), optional): what to do. Unstable.
- \`mode\` (\`top\` or \`full\`, optional): how
- \`level\` (uint8, optional): how much

**Returns** list of [Letter](#letter).

**Events:** [STOP](events.md#stop).

**Errors**

- \`DeviceNotFound\`, if there is no \`node\`
- if it is too late

*Example: nothing*

\`\`\`
-> { "execute": "act" }
<- { "return": [] }
\`\`\`

## Types

### Action

- \`type\` (\`move\` or \`stay\`): which kind it is
- if \`type\` is \`move\`:
  - \`x\` (integer): how far right

### Letter

One of \`a\`, \`b\`, \`c\`, \`d\`, \`e\`, \`f\`, \`g\` (unstable).
`,
  )
})

test('a command that takes and returns nothing needs few words', () => {
  const stop = command({ since: '0.14', doc: 'Stop.', args: {}, returns: nothing, examples: [], run: () => ({}) })
  assert.equal(commandPage('T', { stop }), '# T\n\n## stop\n\nStop.\n\nSince QEMU 0.14.\n')
})

test('the page of events tells their data, their rate and an example', () => {
  const BELL = event({
    since: '2.0',
    doc: 'It rang.',
    data: { times: req(int, 'how often') },
    rate: 1000,
    examples: ['{}'],
  })
  assert.equal(
    eventPage('Events', { BELL }),
    `# Events

## BELL

It rang.

Since QEMU 2.0. At most one in 1000 ms; of a burst, the first and the newest get through.

**Data**

- \`times\` (integer): how often

\`\`\`
{}
\`\`\`
`,
  )
})

test('two types of one name on a page are a mistake', () => {
  const other = struct('Action', { y: req(int, 'y') })
  const args = { a: req(Action, 'a'), b: req(other, 'b') }
  const confusing = command({ since: '0', doc: '', args, returns: nothing, examples: [], run: () => ({}) })
  assert.throws(() => commandPage('T', { confusing }), { message: 'two types are called Action' })
})
