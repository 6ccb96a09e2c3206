import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from '../hash/index.ts'
import type { Board, BoardConfig } from './board.ts'
import { BoardError, type BoardErrorKind } from './board-error.ts'
import { BoardWitness } from './board-witness.ts'
import type { BoardDevices } from './bus/guest-device.ts'
import { createBoard } from './create-board.ts'
import { copyBoard, forgetCopy, pasteBoard } from './state/board-copy.ts'
import { type Read, restoreBoard, saveBoard } from './state/save-board.ts'

const mebibyte = 1 << 20
const ramBytes = 16 * mebibyte

/** What every board keeps, whether it executes or not: run once for each kind. */
export function boardSuite(kind: Board['kind'], firmware: BoardConfig['firmware'], devices: BoardDevices): void {
  const config: BoardConfig = { ramBytes, firmware, bootOrder: 'c', drives: [], serialPorts: 2, vga: true }
  const kept = (
    title: string,
    body: (board: Board, witness: BoardWitness) => Promise<void>,
    changes?: Partial<BoardConfig>,
  ): void => {
    test(title, { timeout: 120_000 }, async () => {
      const witness = new BoardWitness()
      const board = await createBoard(kind, { ...config, ...changes }, witness, devices)
      try {
        await body(board, witness)
        assert.deepEqual(witness.notices, [])
      } finally {
        await board.close()
      }
    })
  }

  describe(`board ${kind}`, () => {
    kept('is built standing still, and what is asked of it before waits until it is', async (board) => {
      assert.equal(board.kind, kind)
      assert.equal(board.ramBytes, ramBytes)
      assert.equal((await board.readPhysical(0xffff0, 16)).length, 16)
      await board.ready
      assert.equal(board.state, 'paused')
    })

    kept('goes and stops when it is told, once or more often', async (board) => {
      for (const [act, state] of [
        ['pause', 'paused'],
        ['resume', 'running'],
        ['resume', 'running'],
        ['pause', 'paused'],
        ['pause', 'paused'],
      ] as const) {
        await board[act]()
        assert.equal(board.state, state, act)
      }
    })

    kept('stays running or standing still through a reset', async (board) => {
      await board.reset()
      assert.equal(board.state, 'paused')
      await board.resume()
      await board.reset()
      assert.equal(board.state, 'running')
    })

    kept('starts at the reset vector, and comes back to it by a reset', async (board) => {
      const start = await board.registers()
      assert.equal(start.eip, 0xfff0)
      assert.equal(start.segments.cs.selector, 0xf000)
      assert.equal(start.eflags, 2)
      assert.equal(start.cr0 & 0x80000001, 0, 'neither protected mode nor paging')
      assert.equal(start.halted, false)
      const { pc, halted, index, threadId } = await board.cpu()
      assert.deepEqual([pc % mebibyte, halted, index], [0xffff0, false, 0])
      assert.ok(threadId > 0)
      await board.resume()
      await board.pause()
      await board.reset()
      assert.deepEqual(await board.registers(), start)
    })

    kept('shows the BIOS below 1 MiB and below 4 GiB, and zeros beyond RAM', async (board) => {
      const vector = Uint8Array.from(firmware.bios.subarray(-16))
      assert.deepEqual(await board.readPhysical(0xffff0, 16), vector)
      assert.deepEqual(await board.readPhysical(0xfffffff0, 16), vector)
      assert.deepEqual(await board.readPhysical(ramBytes, 4096), new Uint8Array(4096))
      assert.deepEqual(await board.readPhysical(0x80000000, 16), new Uint8Array(16))
      assert.equal((await board.readPhysical(0, 0)).length, 0)
    })

    kept('keeps what is written to RAM, over page ends and through a reset', async (board) => {
      const bytes = Uint8Array.from({ length: 10_000 }, (_, index) => index * 7)
      await board.writePhysical(5 * mebibyte - 17, bytes)
      await board.writePhysical(ramBytes - 3, Uint8Array.of(1, 2, 3))
      await board.reset()
      assert.deepEqual(await board.readPhysical(5 * mebibyte - 17, bytes.length), bytes)
      assert.deepEqual(await board.readPhysical(ramBytes - 3, 5), Uint8Array.of(1, 2, 3, 0, 0))
      assert.deepEqual(await board.readVirtual(5 * mebibyte - 17, bytes.length), bytes, 'without paging')
    })

    kept('writes through page tables, too, all or nothing', async (board) => {
      await board.writeVirtual(0x1ffe, Uint8Array.of(1, 2, 3, 4))
      assert.deepEqual(await board.readPhysical(0x1ffe, 4), Uint8Array.of(1, 2, 3, 4))
      await assert.rejects(board.writeVirtual(ramBytes - 4096, new Uint8Array(8192).fill(7)), kindIs('address'))
      assert.deepEqual(await board.readPhysical(ramBytes - 4096, 4096), new Uint8Array(4096))
    })

    kept('refuses addresses where there is no memory', async (board) => {
      await assert.rejects(board.readVirtual(0x80000000, 4), kindIs('address'))
      await assert.rejects(board.readVirtual(ramBytes - 2, 4), kindIs('address'))
      await assert.rejects(board.writePhysical(ramBytes - 1, Uint8Array.of(1, 2)), kindIs('address'))
      assert.deepEqual(await board.readPhysical(ramBytes - 1, 1), Uint8Array.of(0), 'nothing has been written')
    })

    kept('tells which pages have changed since it told that before, and takes them from another', async (board) => {
      const piece = [8 * mebibyte, mebibyte] as const
      const changed = async () => [...(await board.changedPages(...piece)).addresses]
      await board.writePages(...piece, { addresses: new Uint32Array(0), bytes: new Uint8Array(0) })
      assert.deepEqual(await changed(), [])
      await board.writePhysical(8 * mebibyte + 4095, Uint8Array.of(1, 2))
      assert.equal(await board.countChangedPages(...piece), 2)
      assert.deepEqual(await changed(), [8 * mebibyte, 8 * mebibyte + 4096])
      assert.deepEqual(await changed(), [])
      await board.writePhysical(8 * mebibyte + 4095, Uint8Array.of(0))
      const zeroed = await board.changedPages(...piece)
      assert.deepEqual([...zeroed.addresses], [8 * mebibyte], 'a page that has become zeros has changed')
      assert.deepEqual(zeroed.bytes, new Uint8Array(4096))
      await board.forgetPages()
      assert.deepEqual(await changed(), [8 * mebibyte + 4096])
      const pages = { addresses: Uint32Array.of(ramBytes - 4096), bytes: new Uint8Array(4096).fill(7) }
      await board.overwritePages(pages)
      assert.deepEqual(await board.readPhysical(ramBytes - 4096, 4096), pages.bytes)
      assert.deepEqual(await board.readPhysical(8 * mebibyte + 4096, 1), Uint8Array.of(2), 'others stay')
      assert.deepEqual(
        [...(await board.pageChecksums(Uint32Array.of(ramBytes - 4096, 8 * mebibyte)))],
        [crc32(pages.bytes), crc32(new Uint8Array(4096))],
      )
      await assert.rejects(board.pageChecksums(Uint32Array.of(ramBytes)), kindIs('address'))
      await assert.rejects(
        board.overwritePages({ addresses: Uint32Array.of(ramBytes), bytes: new Uint8Array(4096) }),
        kindIs('address'),
      )
    })

    kept('is copied for others, which begin where it stood and go ways of their own', async (board, witness) => {
      const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index * 3)
      const at = 9 * mebibyte + 4000
      await board.writePhysical(at, bytes)
      await board.writePort(0x3f8 + 7, 1, 0x5a) // COM1's scratch register
      const copy = await copyBoard(board)
      await copy.ram
      await board.writePhysical(at, new Uint8Array(10))
      const others = await Promise.all([1, 2].map(() => createBoard(kind, config, witness, devices)))
      try {
        await Promise.all(others.map((other) => pasteBoard(other, copy)))
        await forgetCopy(copy)
        await others[0]!.writePhysical(at, Uint8Array.of(77))
        assert.deepEqual(await others[1]!.readPhysical(at, bytes.length), bytes)
        assert.deepEqual(await others[0]!.readPhysical(at, 3), Uint8Array.of(77, 3, 6))
        assert.deepEqual(await others[1]!.readPort(0x3f8 + 7, 1), await board.readPort(0x3f8 + 7, 1))
      } finally {
        await Promise.all(others.map((other) => other.close()))
      }
    })

    kept(
      'is saved and restored into another one, page by page, and refuses what does not fit',
      async (board, witness) => {
        const bytes = Uint8Array.from({ length: 5000 }, (_, index) => index * 3)
        await board.writePhysical(9 * mebibyte + 4000, bytes)
        const saved: Uint8Array[] = []
        await saveBoard(board, async (piece) => void saved.push(piece.slice()))
        const file = Buffer.concat(saved)
        assert.ok(file.length < ramBytes, 'empty pages take no room')
        const state = await board.registers()
        await board.resume()
        await assert.rejects(board.saveDevices(), kindIs('unavailable'))
        await assert.rejects(board.restoreDevices(file), kindIs('unavailable'))
        const other = await createBoard(kind, config, witness, devices)
        try {
          await other.writePhysical(3 * mebibyte, bytes)
          await restoreBoard(other, reader(file))
          assert.deepEqual(await other.registers(), state)
          assert.deepEqual(await other.readPhysical(9 * mebibyte + 4000, bytes.length), bytes)
          assert.deepEqual(await other.readPhysical(3 * mebibyte, bytes.length), new Uint8Array(bytes.length))
          for (const length of [0, 5, 15, 19, 25, 1000, file.length - 4096, file.length - 1])
            await assert.rejects(
              restoreBoard(other, reader(file.subarray(0, length))),
              kindIs('state'),
              `${length} bytes`,
            )
          for (const at of [0, 12, 40]) {
            const spoilt = Buffer.from(file)
            spoilt[at]! ^= 0x55
            await assert.rejects(restoreBoard(other, reader(spoilt)), kindIs('state'), `byte ${at}`)
          }
        } finally {
          await other.close()
        }
        const smaller = await createBoard(kind, { ...config, ramBytes: ramBytes / 2 }, witness, devices)
        try {
          await assert.rejects(restoreBoard(smaller, reader(file)), {
            kind: 'state',
            message: `the state is of another board: its ramBytes is ${ramBytes}, this one's is ${ramBytes / 2}`,
          })
        } finally {
          await smaller.close()
        }
      },
    )

    kept('takes keys, movements and serial bytes, and as many serial ports as it was asked for', async (board) => {
      await board.keyboard.send([0x1e, 0x9e])
      await board.pointers.ps2([{ type: 'rel', axis: 'x', value: 1 }])
      await board.pointers.vmmouse([{ type: 'btn', button: 'left', down: true }])
      assert.equal(board.serial.length, 2)
      for (const port of board.serial) await port.write(Uint8Array.of(0x41))
    })

    kept('has a picture whose pixels fill it', async (board) => {
      const { width, height, rgb } = await board.screen.capture()
      assert.ok(width > 0 && height > 0)
      assert.equal(rgb.length, width * height * 3)
    })

    kept('tells what changes in its picture: first all of it, then nothing', async (board) => {
      const picture = await board.screen.capture()
      const { serial, whole, rectangles } = await board.screen.changes(0)
      assert.equal(whole, true)
      assert.deepEqual(rectangles, [{ x: 0, y: 0, ...picture }])
      const next = await board.screen.changes(serial)
      assert.deepEqual([next.serial, next.whole, next.rectangles], [serial, false, []])
    })

    kept('takes a power button, a wake-up and an NMI', async (board) => {
      await board.pressPowerButton()
      await board.injectNmi()
      await board.wake()
      assert.equal(board.state, 'paused')
    })

    kept(
      'says that it has no display where it was asked for none',
      async (board) => {
        await assert.rejects(board.screen.capture(), kindIs('unavailable'))
        await assert.rejects(board.screen.text(), kindIs('unavailable'))
      },
      { vga: false },
    )

    kept('ends once, whoever asks, and refuses everything then', async (board) => {
      await board.ready
      const asked = board.registers()
      const closing = [board.close(), board.close(), board[Symbol.asyncDispose]()]
      await asked.catch((error: unknown) => assert.ok(kindIs('closed')(error)))
      await Promise.all(closing)
      assert.equal(board.state, 'closed')
      for (const call of [
        () => board.resume(),
        () => board.pause(),
        () => board.reset(),
        () => board.registers(),
        () => board.readPhysical(0, 1),
        () => board.readVirtual(0x80000000, 1),
        () => board.keyboard.send([1]),
        () => board.pointers.ps2([]),
        () => board.screen.capture(),
        () => board.serial[0]!.write(Uint8Array.of(1)),
      ]) {
        await assert.rejects(call(), kindIs('closed'))
      }
    })

    kept('can be closed while it is being built', async (board) => {
      const asked = board.registers()
      asked.catch(() => undefined)
      await board.close()
      assert.equal(board.state, 'closed')
      await asked.catch((error: unknown) => assert.ok(kindIs('closed')(error)))
    })
  })
}

/** Reads a file that is in memory. */
function reader(file: Uint8Array): Read {
  let at = 0
  return async (length) => file.subarray(at, (at += length))
}

/** For `assert.rejects`: whether it is a board's error of this kind. */
export const kindIs =
  (kind: BoardErrorKind) =>
  (error: unknown): boolean =>
    error instanceof BoardError && error.kind === kind
