/**
 * What is changed in v86's compiled code (v86.wasm) before it is used: places where it does otherwise than a processor,
 * or where a guest can hold it for ever. Each place is found by its bytes, and v86-pin.test.ts watches over the build:
 * the addresses are those of v86's variables in its memory.
 */
import { signed, unsigned, WasmBinary } from './wasm-binary.ts'

/** v86's variables. */
export const variables = {
  ecx: 68,
  instructionPointer: 556,
  previousInstructionPointer: 560,
  instructionCounter: 664,
  memorySize: 812,
  /** Where RAM begins. */
  ram: 8478052,
} as const

/** The slot of v86's table of functions, behind those that it has, for what answers `codePage` (see code-windows.ts). */
export const codePageSlot = 1924
/** v86's variable that is not 0 while its compiler is at work: what ends it in the middle leaves it unusable. */
export const compilerLock = 4243488
/** Name of the export of the stack pointer of v86's own stack. */
export const stackPointer = '_stack_pointer'

const block = 0x40
const op = {
  if: [0x04, block],
  end: [0x0b],
  ifNumber: [0x04, 0x7f],
  else: [0x05],
  return: [0x0f],
  call: (index: number) => [0x10, ...unsigned(index)],
  callIndirect: (type: number) => [0x11, ...unsigned(type), 0x00],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  constant: (value: number) => [0x41, ...signed(value)],
  load: (address: number) => [0x41, 0x00, 0x28, 0x02, ...unsigned(address)],
  /** Behind it: what is stored. The 0 that the address adds to stands before. */
  store: (address: number) => [0x36, 0x02, ...unsigned(address)],
  zero: [0x41, 0x00],
  isZero: [0x45],
  notEqual: [0x47],
  belowUnsigned: [0x49],
  aboveUnsigned: [0x4b],
  atLeastUnsigned: [0x4f],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
} as const

/** A function's locals (all of 32 bits, behind its parameters) and instructions. */
const body = (locals: number, ...instructions: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...(locals === 0 ? [0] : [1, locals, 0x7f]), ...instructions.flat(), 0x0b])

/** v86's code with all of this. */
export function patchedWasm(original: Uint8Array): Uint8Array {
  const wasm = new WasmBinary(original)
  heedLargePagesOfPae(wasm)
  countFaults(wasm)
  boundStringInstructions(wasm)
  fetchFromDevices(wasm)
  wasm.exportGlobal(stackPointer, 0)
  return wasm.bytes()
}

/**
 * Pages of 2 MiB. With PAE, bit 7 of a directory's entry means one whether CR4.PSE is set or not (SDM, volume 3, 4.4.2);
 * v86 asks for PSE then, too.
 */
function heedLargePagesOfPae(wasm: WasmBinary): void {
  const cr4 = op.get(8)
  const [pse, pae] = [0x10, 0x20]
  const walk = wasm.functionNamed('3cpu3cpu12do_page_walk')
  wasm.replace([...cr4, ...op.constant(pse), ...op.and], [...cr4, ...op.constant(pse | pae), ...op.and], 1, walk)
}

/**
 * Lets a fault or an interrupt count as an instruction. A slice of execution ends after a number of instructions: faults
 * whose handler faults at its first one would go on for ever within one.
 */
function countFaults(wasm: WasmBinary): void {
  const index = wasm.functionNamed('3cpu3cpu21call_interrupt_vector')
  const count = [
    ...[...op.zero, ...op.load(variables.instructionCounter), ...op.constant(1), ...op.add],
    ...op.store(variables.instructionCounter),
  ]
  wasm.setBody(index, insertedAtBegin(wasm.body(index), count))
}

/** A function's body with instructions before its first one. */
function insertedAtBegin(old: Uint8Array, instructions: readonly number[]): Uint8Array {
  let at = 1
  for (let groups = old[0]!; groups > 0; groups--) at += 2 // each a count below 128, and a type
  return Uint8Array.from([...old.subarray(0, at), ...instructions, ...old.subarray(at)])
}

/** A string instruction does so many elements at once. */
const longestString = 1024
/** As how many instructions they count: a slice of execution ends after 100,000, and with devices each takes its time. */
const countOfString = longestString
const zeroFlag = 0x40

/**
 * String instructions with a repeat prefix can be interrupted after each element; those of v86 come back after a page at
 * best, and do all of up to 4 Gi elements at once where devices are read or written. Here each does a bounded number, and
 * is executed again then.
 */
function boundStringInstructions(wasm: WasmBinary): void {
  const eflags = wasm.functionNamed('get_eflags')
  for (const width of ['b', 'w', 'd']) {
    for (const name of ['movs', 'lods', 'stos', 'ins', 'outs']) boundString(wasm, `${name}${width}_rep`)
    for (const name of ['cmps', 'scas']) {
      boundString(wasm, `${name}${width}_repz`, [...op.call(eflags), ...op.constant(zeroFlag), ...op.and])
      boundString(wasm, `${name}${width}_repnz`, [
        ...[...op.call(eflags), ...op.constant(zeroFlag), ...op.and],
        ...op.isZero,
      ])
    }
  }
}

/** @param goesOn leaves a number that is not 0 if a comparison has not ended the instruction */
function boundString(wasm: WasmBinary, name: string, goesOn: readonly number[] = op.constant(1)): void {
  const index = wasm.functionNamed(name)
  const type = wasm.typeOf(index)
  const parameters = type === wasm.functionType(1, 0) ? 1 : 2
  const original = wasm.addFunction(type, wasm.body(index))
  const [is32, total, high, left] = [0, parameters, parameters + 1, parameters + 2]
  const ecx = op.load(variables.ecx)
  const run = [...Array(parameters).keys()].flatMap((local) => op.get(local)).concat(op.call(original))
  wasm.setBody(
    index,
    body(
      3,
      // high: what of ECX does not belong to the count; total: the count
      [...op.zero, ...op.constant(-65536), ...op.get(is32), 0x1b, ...ecx, ...op.and, ...op.tee(high)],
      [...ecx, ...op.xor, ...op.tee(total), ...op.constant(longestString), ...op.aboveUnsigned, ...op.isZero],
      [...op.if, ...run, ...op.return, ...op.end],
      [...op.zero, ...op.get(high), ...op.constant(longestString), ...op.or, ...op.store(variables.ecx)],
      run,
      [...op.zero, ...op.load(variables.instructionCounter), ...op.constant(countOfString), ...op.add],
      op.store(variables.instructionCounter),
      [...ecx, ...op.get(high), ...op.xor, ...op.set(left)],
      [...op.zero, ...op.get(total), ...op.constant(longestString), ...op.sub, ...op.get(left), ...op.add],
      [...op.get(high), ...op.or, ...op.store(variables.ecx)],
      [...op.get(left), ...op.isZero, ...op.if, ...goesOn, ...op.if],
      [...op.zero, ...op.load(variables.previousInstructionPointer), ...op.store(variables.instructionPointer)],
      [...op.end, ...op.end],
    ),
  )
}

const [vgaWindow, vgaWindowBytes] = [0xa0000, 0x20000]

/**
 * Code in memory that is not RAM. v86 takes what it executes from RAM, at whatever distance: an address behind it is
 * some place of v86's own, or none. Here the function in `codePageSlot` is asked for pages elsewhere: given the
 * address of one it tells where there is a copy, by its distance from RAM's begin.
 */
function fetchFromDevices(wasm: WasmBinary): void {
  const lookup = wasm.functionType(1, 1)
  const [distance, page] = [0, 1]
  // distance: of the page from the one that is executed, by exclusive or
  const fetch = wasm.addFunction(
    lookup,
    body(
      1,
      [...op.get(distance), ...op.load(variables.instructionPointer), ...op.xor, ...op.constant(-4096), ...op.and],
      [...op.tee(page), ...op.load(variables.memorySize), ...op.belowUnsigned],
      [...op.get(page), ...op.constant(vgaWindow), ...op.sub, ...op.constant(vgaWindowBytes), ...op.atLeastUnsigned],
      [...op.and, ...op.ifNumber, ...op.get(distance), ...op.else],
      [...op.get(distance), ...op.get(page), ...op.xor],
      [...op.get(page), ...op.constant(codePageSlot), ...op.callIndirect(lookup), ...op.xor, ...op.end],
    ),
  )
  const distanceOfCode = 624
  const store = [...op.xor, ...op.store(distanceOfCode)]
  wasm.replace(store, [...op.xor, ...op.call(fetch), ...op.store(distanceOfCode)], 29)
}
