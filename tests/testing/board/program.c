/*
 * Runs exported C on a bare Cortex-M board, the MPS2 of Arm as QEMU has it.
 *
 * Reads states from the host's standard input, writes the actions to its
 * standard output, both in 32-bit floats; at the end of the input writes what
 * it has measured to the file MEASURES: bytes of stack that one action took,
 * and instructions. Compiled with -DHEADER, -DACT, -DSTATE_SIZE, -DACTION_SIZE.
 *
 * The board's clock must count instructions, one a nanosecond (-icount
 * shift=0).
 */
#include HEADER

#include <stdint.h>

/* Ends of the stack, from the linker. */
extern uint32_t stack_low[], stack_high[];

enum { OPEN = 0x01, WRITE = 0x05, READ = 0x06, EXIT = 0x18 };

/* Asks the debugger, who is the host: Arm's semihosting. */
static uint32_t ask_host(uint32_t what, const void* with) {
  register uint32_t r0 __asm__("r0") = what;
  register const void* r1 __asm__("r1") = with;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void leave(int is_well) {
  ask_host(EXIT, (const void*)(uintptr_t)(is_well ? 0x20026u : 0x20023u));
  for (;;) {
  }
}

static uint32_t open_file(const char* name, uint32_t mode) {
  const char* end = name;
  uint32_t block[3];
  while (*end != 0) ++end;
  block[0] = (uint32_t)name;
  block[1] = mode;
  block[2] = (uint32_t)(end - name);
  return ask_host(OPEN, block);
}

/* 0 at the end of the file. */
static int read_all(uint32_t file, void* to, uint32_t bytes) {
  while (bytes > 0) {
    uint32_t block[3], left;
    block[0] = file;
    block[1] = (uint32_t)to;
    block[2] = bytes;
    left = ask_host(READ, block);
    if (left >= bytes) return 0;
    to = (char*)to + (bytes - left);
    bytes = left;
  }
  return 1;
}

static void write_all(uint32_t file, const void* from, uint32_t bytes) {
  uint32_t block[3];
  block[0] = file;
  block[1] = (uint32_t)from;
  block[2] = bytes;
  if (ask_host(WRITE, block) != 0) leave(0);
}

static float state[STATE_SIZE + 1], action[ACTION_SIZE];

/* Bytes of stack below its caller's that one action writes to. */
static __attribute__((noinline)) uint32_t stack_of_action(void) {
  const uint32_t paint = 0xA5A5A5A5u;
  uint32_t* here;
  uint32_t* low;
  __asm__ volatile("mov %0, sp" : "=r"(here));
  for (low = stack_low; low < here; ++low) *(volatile uint32_t*)low = paint;
  ACT(state, action);
  for (low = stack_low; low < here; ++low) {
    if (*(volatile uint32_t*)low != paint) break;
  }
  return (uint32_t)((char*)here - (char*)low);
}

/* A timer of 25 MHz counts down: 40 instructions a tick. */
static uint32_t instructions_of_action(void) {
  volatile uint32_t* const timer = (volatile uint32_t*)0x40000000u;
  const int times = 400;
  uint32_t begin;
  int i;
  timer[2] = 0xFFFFFFFFu;
  timer[1] = 0xFFFFFFFFu;
  timer[0] = 1;
  begin = timer[1];
  for (i = 0; i < times; ++i) ACT(state, action);
  return (begin - timer[1]) / (uint32_t)(times / 40);
}

static void run(void) {
  const uint32_t in = open_file("/dev/stdin", 1),
                 out = open_file("/dev/stdout", 5);
  uint32_t measures[2];
  while (read_all(in, state, STATE_SIZE * 4)) {
    ACT(state, action);
    write_all(out, action, ACTION_SIZE * 4);
  }
  measures[0] = stack_of_action();
  measures[1] = instructions_of_action();
  write_all(open_file(MEASURES, 5), measures, sizeof(measures));
  leave(1);
}

void reset(void);
void reset(void) {
  /* Lets floats be used. */
  *(volatile uint32_t*)0xE000ED88u |= 0xFu << 20;
  __asm__ volatile("dsb\n\tisb");
  run();
}

static void fault(void) { leave(0); }

static const struct {
  uint32_t* stack;
  void (*handlers[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {
    stack_high, {reset, fault, fault, fault, fault, fault}};
