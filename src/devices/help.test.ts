import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { missingProgram } from '../../test/oracle/peers.ts'
import { deviceModels, pcModels } from './devices.ts'
import { helpOfModel, listOfModels } from './help.ts'

const qemu = 'qemu-system-i386'
const helpOfQemu = (words: string): string => execFileSync(qemu, ['-device', words], { encoding: 'utf8' })

describe('the help of -device', { skip: missingProgram(qemu) }, () => {
  it('lists the models in QEMU’s lines, under its headings and in its order', () => {
    const theirs = helpOfQemu('help').split('\n')
    const places = listOfModels()
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => theirs.indexOf(line))
    assert.ok(!places.includes(-1), listOfModels())
    assert.deepEqual(
      places,
      [...places].sort((one, other) => one - other),
    )
  })

  for (const model of [...Object.keys(deviceModels), ...Object.keys(pcModels)])
    it(`lists what ${model} takes, line by line`, () => {
      assert.equal(helpOfModel(model), helpOfQemu(`${model},help`))
    })
})
