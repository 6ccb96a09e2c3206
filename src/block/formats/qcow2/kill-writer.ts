/** Writes to the image that is named on its command line until it is killed; tells each flush that has succeeded. */
import { writeSync } from 'node:fs'
import { open } from './image-fixture.ts'
import { loadStep } from './kill-load.ts'

const stepsAtOnce = 6

const [path, first] = process.argv.slice(2)
const { node } = await open(path!)
for (let number = Number(first); ; number += stepsAtOnce) {
  for (let next = number; next < number + stepsAtOnce; next++) {
    const { offset, length, fill } = loadStep(next)
    if (fill === 0) await node.writeZeroes(offset, length, { unmap: true })
    else await node.write(offset, new Uint8Array(length).fill(fill))
  }
  if (number % 5 > 1) continue
  await node.flush()
  writeSync(1, `${number + stepsAtOnce}\n`)
}
