import assert from 'node:assert/strict'
import { it } from 'node:test'
import { findOption } from './option-table.ts'
import { foreignOptions, unavailableOptions } from './unavailable-options.ts'

it('no option is there and refused', () => {
  for (const name of [...unavailableOptions.keys(), ...foreignOptions.keys()])
    assert.equal(findOption(name), undefined, name)
})
