/*
 * What tests do inside a Linux guest and busybox cannot: port I/O, input events, CD-ROM ioctls, memory of known contents,
 * a processor that never rests, and nonsense for the hardware. A static program for i386 without a C library.
 *
 *   helper in8|in16|in32 PORT                 prints what the port gives
 *   helper out8|out16|out32 PORT VALUE
 *   helper events DEVICE                      prints each event: type code value
 *   helper cdrom eject|close|lock|unlock DEVICE
 *   helper clock update|periodic             waits for an interrupt of the clock, prints what it was
 *   helper sync FILE                          fsync
 *   helper discard DEVICE OFFSET LENGTH       says that nobody needs these bytes any more
 *   helper spin                               keeps the processor busy
 *   helper hold KIB SEED                      fills memory, prints pid and address, and stays
 *   helper grip KIB SEED                      the same, and keeps the processor busy, so that its memory is mapped
 *   helper churn KIB SEED                     fills and checks memory for ever, tells after each round
 *   helper nonsense SEED ports|pci|msr|modes|all     for ever; a dot to COM1 now and then
 */
typedef unsigned int u32;
typedef unsigned char u8;

enum { EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, WAITPID = 7, LSEEK = 19, GETPID = 20, PAUSE = 29, IOCTL = 54, SETITIMER = 104, IOPL = 110,
       FSYNC = 118, MODIFY_LDT = 123, PREAD = 180, PWRITE = 181, MMAP2 = 192 };

static int call(int number, int a, int b, int c, int d, int e, int f) {
  int result;
  struct { int number, f; } in = { number, f };
  __asm__ volatile("pushl %%ebp; movl 4(%%eax), %%ebp; movl (%%eax), %%eax; int $0x80; popl %%ebp"
                   : "=a"(result) : "a"(&in), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
  return result;
}
#define CALL3(n, a, b, c) call(n, (int)(a), (int)(b), (int)(c), 0, 0, 0)

static int length(const char *text) { int n = 0; while (text[n]) n++; return n; }
static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static void say(const char *text) { CALL3(WRITE, 1, text, length(text)); }

static void sayNumber(u32 value, u32 base) {
  char digits[12], *at = digits + 11;
  *at = 0;
  do *--at = "0123456789abcdef"[value % base]; while (value /= base);
  say(at);
}

static u32 number(const char *text) {
  u32 value = 0, base = 10;
  if (text[0] == '0' && text[1] == 'x') base = 16, text += 2;
  for (; *text; text++) value = value * base + (*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
  return value;
}

static int fail(const char *what, int code) {
  say(what); say(": error "); sayNumber(-code, 10); say("\n");
  return 1;
}

static int openFile(const char *path, int flags) { return CALL3(OPEN, path, flags, 0); }

static u32 seed;
static u32 next(void) { seed ^= seed << 13; seed ^= seed >> 17; return seed ^= seed << 5; }

static u32 *memory(u32 bytes) {
  int at = call(MMAP2, 0, bytes, 3, 0x22, -1, 0);
  return (u32)at > 0xfffff000u ? 0 : (u32 *)at;
}

static u32 in(u32 size, u32 port) {
  u32 value = 0;
  if (size == 8) __asm__ volatile("inb %w1, %b0" : "+a"(value) : "d"(port));
  else if (size == 16) __asm__ volatile("inw %w1, %w0" : "+a"(value) : "d"(port));
  else __asm__ volatile("inl %w1, %0" : "+a"(value) : "d"(port));
  return value;
}

static void out(u32 size, u32 port, u32 value) {
  if (size == 8) __asm__ volatile("outb %b0, %w1" : : "a"(value), "d"(port));
  else if (size == 16) __asm__ volatile("outw %w0, %w1" : : "a"(value), "d"(port));
  else __asm__ volatile("outl %0, %w1" : : "a"(value), "d"(port));
}

static int events(const char *path) {
  struct { u32 seconds, micros; unsigned short type, code; int value; } event;
  int file = openFile(path, 0);
  if (file < 0) return fail(path, file);
  say("listening\n");
  while (CALL3(READ, file, &event, sizeof event) == sizeof event) {
    if (event.type == 0) continue;
    sayNumber(event.type, 10); say(" "); sayNumber(event.code, 10); say(" ");
    if (event.value < 0) say("-");
    sayNumber(event.value < 0 ? -event.value : event.value, 10); say("\n");
  }
  return 0;
}

static int cdrom(const char *what, const char *path) {
  int file = openFile(path, 04000); /* O_NONBLOCK: without a medium as well */
  if (file < 0) return fail(path, file);
  int result = same(what, "eject") ? CALL3(IOCTL, file, 0x5309, 0) : same(what, "close") ? CALL3(IOCTL, file, 0x5319, 0)
             : CALL3(IOCTL, file, 0x5329, same(what, "lock"));
  return result < 0 ? fail(what, result) : 0;
}

static int discard(const char *path, u32 offset, u32 length) {
  u32 range[4] = { offset, 0, length, 0 };
  int file = openFile(path, 1);
  if (file < 0) return fail(path, file);
  int result = CALL3(IOCTL, file, 0x1277, range); /* BLKDISCARD */
  return result < 0 ? fail("discard", result) : 0;
}

/** RTC_UIE_ON and _OFF, RTC_PIE_ON and _OFF; a reading is the number of interrupts, with their kinds in the lowest byte. */
static int clockInterrupt(const char *kind) {
  int on = same(kind, "update") ? 0x7003 : 0x7005;
  u32 what = 0;
  int file = openFile("/dev/rtc0", 0);
  if (file < 0) return fail("/dev/rtc0", file);
  int result = CALL3(IOCTL, file, on, 0);
  if (result < 0) return fail(kind, result);
  result = CALL3(READ, file, &what, 4);
  CALL3(IOCTL, file, on + 1, 0);
  if (result < 0) return fail("read", result);
  say("0x"); sayNumber(what & 0xff, 16); say("\n");
  return 0;
}

static void fill(u32 *words, u32 count, u32 from) { seed = from; while (count--) *words++ = next(); }
static int holds(u32 *words, u32 count, u32 from) { seed = from; while (count--) if (*words++ != next()) return 0; return 1; }

static int hold(u32 bytes, u32 from, int busy) {
  u32 *words = memory(bytes);
  if (!words) return fail("mmap", -12);
  fill(words, bytes / 4, from);
  sayNumber(CALL3(GETPID, 0, 0, 0), 10); say(" 0x"); sayNumber((u32)words, 16); say("\n");
  while (busy) __asm__ volatile("");
  for (;;) CALL3(PAUSE, 0, 0, 0);
}

static int churn(u32 bytes, u32 from) {
  u32 *words = memory(bytes), round = 0;
  if (!words) return fail("mmap", -12);
  for (;; round++) {
    fill(words, bytes / 4, from + round);
    if (!holds(words, bytes / 4, from + round)) { say("spoilt in round "); sayNumber(round, 10); say("\n"); return 1; }
    say("round "); sayNumber(round, 10); say("\n");
  }
}

static void nonsenseForPci(void) {
  u32 function = next() % 4 ? next() & 0x3f : next() & 0xffff; /* mostly where there is something */
  out(32, 0xcf8, 0x80000000u | function << 8 | (next() & 0xfc));
  if (next() & 1) out(8 << next() % 3, 0xcfc + (next() & 3), next());
  else in(8 << next() % 3, 0xcfc + (next() & 3));
}

static void nonsenseForMsr(int file) {
  static const u32 bases[] = { 0, 0x10, 0x1b, 0x80, 0x170, 0x1a0, 0x200, 0x277, 0x2ff, 0x400, 0xc0000080u, 0xc0010000u };
  u32 msr = bases[next() % (sizeof bases / 4)] + next() % 24, value[2] = { next(), next() };
  if (msr == 0x1b && next() % 16) return; /* without its interrupt controller Linux soon waits for ever */
  call(next() & 1 ? PREAD : PWRITE, file, (int)value, 8, msr, 0, 0);
}

/* Has a process of its own run random bytes as code of 16 or 32 bits, which may read and write any port. */
static void nonsenseForCode(void) {
  static u32 code[256], entry[4];
  int child = CALL3(FORK, 0, 0, 0), status;
  if (child > 0) CALL3(WAITPID, child, &status, 0x40000000);
  if (child) return;
  u32 period[4] = { 0, 0, 0, 20000 };
  for (u32 at = 0; at < 256; at++) code[at] = next();
  entry[0] = 7, entry[1] = (u32)code, entry[2] = 0xfffff, entry[3] = 0x14 | (next() & 1);
  CALL3(SETITIMER, 0, period, 0);
  if (CALL3(MODIFY_LDT, 1, entry, 16) == 0) __asm__ volatile("pushl %0; pushl $0; lret" : : "r"(7 << 3 | 7));
  CALL3(EXIT, 0, 0, 0);
}

/* A segment of random kind, then vm86-like flags and far loads through it: whatever faults is Linux's to handle. */
static void nonsenseForModes(void) {
  u32 entry[4] = { next() & 7, next(), next() & 0xfffff, next() & 0x7f };
  u32 selector = (entry[0] << 3) | 7;
  if (CALL3(MODIFY_LDT, 1, entry, 16) == 0)
    __asm__ volatile("lar %w0, %%ecx; lsl %w0, %%ecx; verr %w0; verw %w0" : : "r"(selector) : "ecx", "cc");
  __asm__ volatile("pushfl; xorl %0, (%%esp); popfl; pushfl; andl $~0x4d500, (%%esp); popfl" : : "r"(next() & 0x244cd5) : "cc");
  __asm__ volatile("cpuid" : : "a"(next() & 0x8000000fu), "c"(next() & 7) : "ebx", "edx");
  if (next() % 16 == 0) nonsenseForCode();
}

/* Not the serial line that the test talks over, nor what would only end the machine. */
static int spared(u32 port) { return (port & ~7u) == 0x3f8 || port == 0x604 || port == 0x605 || port == 0xcf9 || port == 0x64 || port == 0x92; }

static void nonsenseForPorts(void) {
  static u8 bytes[256];
  u32 port = next() % 8 ? next() & 0xffff : next() & 0x3ff, size = 8 << next() % 3, count = sizeof bytes, value = next();
  void *at = bytes;
  for (u32 each = port; each < port + 4; each++) if (spared(each)) return;
  switch (value & 31) {
    case 0: __asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(port) : "memory"); break;
    case 1: __asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(port) : "memory"); break;
    default: if (value & 32) out(size, port, next()); else in(size, port);
  }
}

/* Without the kernel, whose interrupts may be gone. */
static void dot(void) {
  for (u32 patience = 100000; patience && !(in(8, 0x3fd) & 0x20); patience--);
  out(8, 0x3f8, '.');
}

static int nonsense(u32 from, const char *what) {
  int all = same(what, "all"), msr = openFile("/dev/cpu/0/msr", 2);
  seed = from * 2654435761u | 1;
  for (;;) {
    __asm__ volatile("cli");
    for (int burst = 0; burst < 64; burst++) {
      if (all || same(what, "ports")) nonsenseForPorts();
      if (all || same(what, "pci")) nonsenseForPci();
    }
    dot();
    __asm__ volatile("sti");
    for (int burst = 0; burst < 4; burst++) {
      if ((all || same(what, "msr")) && msr >= 0) nonsenseForMsr(msr);
      if (all || same(what, "modes")) nonsenseForModes();
    }
  }
}

static int run(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  u32 first = count > 2 ? number(words[2]) : 0, second = count > 3 ? number(words[3]) : 0;
  CALL3(IOPL, 3, 0, 0);
  if (same(what, "in8") || same(what, "in16") || same(what, "in32")) {
    say("0x"); sayNumber(in(number(what + 2), first), 16); say("\n");
    return 0;
  }
  if (same(what, "out8") || same(what, "out16") || same(what, "out32")) return out(number(what + 3), first, second), 0;
  if (same(what, "events") && count == 3) return events(words[2]);
  if (same(what, "cdrom") && count == 4) return cdrom(words[2], words[3]);
  if (same(what, "clock") && count == 3) return clockInterrupt(words[2]);
  if (same(what, "sync") && count == 3) return CALL3(FSYNC, openFile(words[2], 1), 0, 0) < 0;
  if (same(what, "discard") && count == 5) return discard(words[2], number(words[3]), number(words[4]));
  if (same(what, "spin")) for (;;) __asm__ volatile("");
  if (same(what, "hold") && count == 4) return hold(first * 1024, second, 0);
  if (same(what, "grip") && count == 4) return hold(first * 1024, second, 1);
  if (same(what, "churn") && count == 4) return churn(first * 1024, second);
  if (same(what, "nonsense") && count == 4) return nonsense(first, words[3]);
  return fail("helper: what?", -22);
}

__attribute__((used)) static void begin(int *stack) { CALL3(EXIT, run(stack[0], (char **)(stack + 1)), 0, 0); }
__asm__(".globl _start\n_start: movl %esp, %eax; andl $-16, %esp; subl $12, %esp; pushl %eax; call begin\n");
