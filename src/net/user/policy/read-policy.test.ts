import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { NetError } from '../../net-error.ts'
import { readPolicy } from './read-policy.ts'

/** Why a policy is refused. */
function complaintOf(said: string): string {
  try {
    readPolicy(said)
  } catch (error) {
    if (error instanceof NetError) return error.message
    throw error
  }
  return 'none'
}

const withRule = (rule: object): string => JSON.stringify({ default: 'deny', rules: [{ action: 'allow' }, rule] })

test('a policy that is wrong is refused with its place', () => {
  const cases: [string, string][] = [
    ['{"default": "deny",}', 'policy: line 1, column 20: this cannot stand here'],
    ['{"default": "deny", "default": "allow"}', "policy: line 1, column 21: member 'default' is said twice"],
    ['{"rules": []}', "policy: Parameter 'default' is missing"],
    ['{"default": "deny"}', "policy: Parameter 'rules' is missing"],
    ['{"default": "block", "rules": []}', "policy: Parameter 'default' does not accept value 'block'"],
    ['{"default": "deny", "rules": [], "x": 1}', "policy: Parameter 'x' is unexpected"],
    [withRule({}), "policy: Parameter 'rules[1].action' is missing"],
    [withRule({ action: 'allow', adress: '::' }), "policy: Parameter 'rules[1].adress' is unexpected"],
    [withRule({ action: 'redirect' }), "policy: rules[1]: a redirection needs 'to'"],
    [withRule({ action: 'allow', to: '127.0.0.1' }), 'policy: rules[1].to: only a redirection goes elsewhere'],
    [withRule({ action: 'allow', port: [80, '90-80'] }), "policy: rules[1].port[1]: '90-80' is no port, and no range as 8000-8999"],
    [withRule({ action: 'allow', port: 0 }), "policy: rules[1].port: '0' is no port, and no range as 8000-8999"],
    [withRule({ action: 'allow', name: [] }), 'policy: rules[1].name: the list is empty'],
  ] // biome-ignore format: one policy a line
  for (const [text, complaint] of cases) assert.equal(complaintOf(text), complaint)
  for (const address of ['10.0.2.2/8', '10.0.0.0/33', '1.2.3', 'fd00::/129', 'fe80::1%1', '::1/64', ''])
    assert.match(
      complaintOf(withRule({ action: 'allow', address })),
      /^policy: rules\[1\]\.address: '.*' is no address, /,
    )
  for (const name of ['', '*', '*.', 'a..b', 'a*.b', 'a b', '*.*.b', `${'a'.repeat(64)}.b`, 'bücher.example'])
    assert.match(complaintOf(withRule({ action: 'allow', name })), /^policy: rules\[1\]\.name: '.*' is no name as /)
  for (const to of [
    '',
    'localhost:80',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1',
    '::1:80',
    '[127.0.0.1]:80',
    '[::1',
    '[fe80::1%lo]:1',
  ])
    assert.match(complaintOf(withRule({ action: 'redirect', to })), /^policy: rules\[1\]\.to: '.*' is no place as /)
})

test('a policy stands in a file, which is named where it is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-policy-'))
  const file = join(folder, 'net.json')
  writeFileSync(file, '{\n  "default": "allow",\n  "rules": [{ "action": "deny", "address": "host" }]\n}\n')
  assert.deepEqual(readPolicy(file).rules[0]?.addresses, ['host'])
  writeFileSync(file, '{\n  "default": "allow"\n  "rules": []\n}\n')
  assert.equal(complaintOf(file), `policy '${file}': line 3, column 3: this cannot stand here`)
  writeFileSync(file, Buffer.of(0xff))
  assert.equal(complaintOf(file), `policy '${file}': it is not UTF-8`)
  writeFileSync(file, ' '.repeat((1 << 20) + 1))
  assert.equal(complaintOf(file), `policy '${file}': Larger than 1048576 bytes`)
  assert.equal(complaintOf(`${file}.none`), `policy '${file}.none': No such file or directory`)
  assert.equal(complaintOf(folder), `policy '${folder}': Is a directory`)
  rmSync(folder, { recursive: true })
})
