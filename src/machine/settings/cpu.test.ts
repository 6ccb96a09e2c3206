import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkCpu } from './cpu.ts'

test('-cpu takes the models that there are, and properties that the processor has', () => {
  for (const text of [
    'v86',
    'qemu32',
    'max',
    'qemu32,+sse2',
    'qemu32,sse3=on,popcnt=yes',
    'max,-avx,de=off',
    'v86,family=6',
    'qemu32,vendor=GenuineIntel',
  ])
    checkCpu(text)
})

test('-cpu refuses what nothing switches on or off, and what there is not', () => {
  for (const [text, message] of [
    ['', '-cpu option cannot be empty'],
    ['host', "CPU model 'host' requires KVM or HVF"],
    ['pentium3', "unable to find CPU model 'pentium3'"],
    ['qemu32,-sse2', "Property 'qemu32-i386-cpu.sse2' is not writable"],
    ['max,+avx', "Property 'max-i386-cpu.avx' is not writable"],
    ['qemu32,avx=on', "can't apply global qemu32-i386-cpu.avx=on: Property 'qemu32-i386-cpu.avx' is not writable"],
    ['qemu32,nosuch=1', "can't apply global qemu32-i386-cpu.nosuch=1: Property 'qemu32-i386-cpu.nosuch' not found"],
    ['qemu32,constructor=x', /Property 'qemu32-i386-cpu.constructor' not found/],
  ] as const)
    assert.throws(() => checkCpu(text), { message })
})
