import { type Assembler, assemble } from '../../guests/assembler.ts'

/** So many knots, each with a way in from behind a call: v86's compiler multiplies a loop by its ways in. */
const knots = 5
/** Pairs of PUSH EAX and POP EAX in each half of a knot, which v86's compiler makes long code of. */
const filling = 170
const steps = 6000
/** Where the knots count. */
const counter = 0x180000

/**
 * A function whose loop has many ways in: what v86 makes of it is longer than V8 takes as one function, and calculates
 * `tangledResult()`. Code of 32 bits, for flat segments.
 */
export function tangledCode(origin: number): Uint8Array {
  return assemble(origin, (asm) => {
    asm.bits32()
    asm.db(0x89, 0xe5, 0x31, 0xff) // mov ebp, esp; xor edi, edi
    asm.mov('esi', counter)
    asm.db(0x89, 0x3e) // mov [esi], edi
    for (let knot = 0; knot < knots; knot++) {
      asm.label(`knot${knot}`)
      asm.db(0x89, 0xec, 0xff, 0x06, 0x6b, 0xff, 3, 0x83, 0xc7, knot) // mov esp, ebp; inc [esi]; imul edi, 3; add edi, knot
      asm.db(0x81, 0x3e) // cmp dword [esi], steps
      asm.dd(steps)
      jumpFar(asm, 'nc', 'done')
      fill(asm)
      testBit(asm, knot)
      jumpFar(asm, 'z', `back${(knot + 2) % knots}`)
      asm.call(`knot${(knot + 1) % knots}`)
      asm.label(`back${knot}`)
      asm.db(0x83, 0xc7, 0x40 + knot) // add edi, 40h + knot
      fill(asm)
      testBit(asm, knot + 7)
      jumpFar(asm, 'z', `knot${(knot + 3) % knots}`)
      asm.jmp(`knot${(knot + 1) % knots}`)
    }
    asm.label('done')
    asm.mov('eax', 'edi')
    asm.ret()
  })
}

function fill(asm: Assembler): void {
  for (let pair = 0; pair < filling; pair++) asm.db(0x50, 0x58)
}

/** A conditional jump with an offset of 32 bits. */
function jumpFar(asm: Assembler, condition: 'z' | 'nc', label: string): void {
  asm.db(0x0f, condition === 'z' ? 0x84 : 0x83)
  asm.dd(asm.at(label) - asm.here - 4)
}

/** `test dword [esi], bit` */
function testBit(asm: Assembler, bit: number): void {
  asm.db(0xf7, 0x06)
  asm.dd(0x10 << (bit % 12))
}

/** What the function leaves in EAX. */
export function tangledResult(): number {
  let [count, sum, knot] = [0, 0, 0]
  const isSet = (bit: number): boolean => (count & (0x10 << (bit % 12))) !== 0
  while (true) {
    count++
    sum = (Math.imul(sum, 3) + knot) | 0
    if (count >= steps) return sum >>> 0
    if (isSet(knot)) {
      knot = (knot + 1) % knots
      continue
    }
    const back = (knot + 2) % knots
    sum = (sum + 0x40 + back) | 0
    knot = (back + (isSet(back + 7) ? 1 : 3)) % knots
  }
}
