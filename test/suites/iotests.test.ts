import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { iotests } from './iotests/iotests.ts'
import { testFolder } from './iotests/run-test.ts'

/** Some of the quick ones, for each command of `vmon img` and for the machine; `npm run suites -- iotests` runs them all. */
const chosen = `001 002 004 005 009 010 011 012 015 017 021 022 024 027 029 032 034 035 037 047 050 052 053 062 065 066
  069 072 073 074 077 086 096 101 102 104 105 111 114 117 120 130 133 135 145 150 158 170 171 174 177 221 234 252 253 268 280 305 reopen-file`

test("QEMU's quick tests of images and of block devices end as expected on vmon", {
  skip: existsSync(testFolder) ? false : `there is no ${testFolder}: run tools/setup-suites`,
  timeout: 1_100_000,
}, async ({ signal }) => {
  const lines: string[] = []
  const print = (line: string): void => void lines.push(line)
  const { passed, failed } = await iotests.run({ arguments: chosen.split(/\s+/), signal, print })
  assert.equal(failed, 0, lines.join('\n'))
  assert.equal(passed, chosen.split(/\s+/).length)
})
