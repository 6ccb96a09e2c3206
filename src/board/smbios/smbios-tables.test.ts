import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendEax } from '../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../test/guests/guest-board.ts'
import { cpuFeatures, cpuSignature } from './smbios-tables.ts'

/** `mov eax, 1; cpuid; mov ebx, edx` */
const identify = [0x66, 0xb8, 1, 0, 0, 0, 0x0f, 0xa2, 0x66, 0x89, 0xd3]
/** `mov eax, ebx` */
const features = [0x66, 0x89, 0xd8]

test('the processor of the tables is the one that CPUID tells of', async (t) => {
  const { board, witness } = await guestBoard(t, [...identify, ...sendEax, ...features, ...sendEax])
  await board.resume()
  await witness.heard(8)
  assert.deepEqual(
    [0, 4].map((at) => witness.serial.readUInt32LE(at)),
    [cpuSignature, cpuFeatures],
  )
})
