// Kernels of CUDA C on a CPU: a fiber for every CUDA thread, all of a launch on the calling thread. No state outlives a launch, and
// nothing but a register names the running fiber, so that launches of several system threads do not meet.
//
// A fiber runs until it waits. Seed 0 runs threads in their order; with another seed a warp drawn at random runs ahead of all
// others until it waits for them, or for some turns, and its lanes take turns at random, so that a missing barrier shows.
namespace fm { struct Fiber; }
// Before any function: the register is then left alone in all of them. Callee-saved, so that libraries keep it.
#if defined(__x86_64__)
register fm::Fiber* fm_self asm("r15");
#elif defined(__aarch64__)
register fm::Fiber* fm_self asm("x28");
#else
#error "the CPU header runs on x86-64 and AArch64"
#endif
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <type_traits>
#include <utility>
typedef uint32_t u32;
typedef unsigned long long u64;

namespace fm {
// A launch, as `Start` of header/compile.rs.
struct Start {
  u64 seed, shared;
  // Room for the stacks of all threads that are alive at once, `stack` bytes each.
  char* stacks;
  u64 stack;
  char* message;
  u64 message_bytes;
  // `cluster` is zero if the text declares none.
  u32 blocks, threads, cooperative, cluster;
};
struct Index { u32 x, y, z; };
enum Reason { SHUFFLE, BALLOT, WARP, MMA, LDMATRIX };
static const char* const REASONS[] = {"a shuffle", "a ballot", "__syncwarp", "a product of the tensor cores", "ldmatrix"};

struct Block;
struct Warp {
  // Lanes, one bit each: that there were, that have not left, that can run, that wait for the warp, for the block, for the grid.
  u32 all, live, ready, at_warp, at_block, at_grid;
  Reason reason;
  int line;
  // Which slots are in turn, and the lanes that filled them.
  u32 turn, present[2];
  // Its first thread among those of the launch that are alive at once.
  u32 first;
  Block* block;
  u32 slot[2][32][10];
};
struct Block { u32 live, waiting; int line; u32 warps; Warp* first; char* shared; };
struct Run {
  const Start* start;
  void (*kernel)(void**);
  void** arguments;
  Warp* warps;
  u32 count, threads, live, waiting;
  u32* word;
  int line;
  u64 random;
  // The warp that runs, and for how many turns more.
  u32 at, hold;
  bool failed;
  void* stack_pointer;
};
// A copy of 16 bytes that is under way.
struct Copy { void* to; const void* from; };
struct alignas(64) Fiber {
  void* stack_pointer;
  Index thread, block;
  Warp* warp;
  Block* own;
  Run* run;
  char* base;
  u32 lane, turn;
  Copy* copies;
  u32 copying, room;
};

// Puts the callee-saved registers aside and takes up another stack, with the registers that lie there; among them is fm_self.
extern "C" void fm_switch(void** from, void* to);
#if defined(__x86_64__)
asm(".text\n.local fm_switch\n.type fm_switch,@function\nfm_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
// As the switch leaves a stack; a function starts eight bytes below a multiple of sixteen.
static void* fresh(char* top, Fiber* self, void (*enter)()) {
  void** p = (void**)top;
  *--p = nullptr;
  *--p = (void*)enter;
  for (int i = 0; i < 5; i++) *--p = nullptr;
  *--p = self;
  return p;
}
#else
asm(".text\n.local fm_switch\n.type fm_switch,%function\nfm_switch:\n"
    "sub sp,sp,#160\nstp x19,x20,[sp]\nstp x21,x22,[sp,#16]\nstp x23,x24,[sp,#32]\nstp x25,x26,[sp,#48]\n"
    "stp x27,x28,[sp,#64]\nstp x29,x30,[sp,#80]\nstp d8,d9,[sp,#96]\nstp d10,d11,[sp,#112]\nstp d12,d13,[sp,#128]\n"
    "stp d14,d15,[sp,#144]\nmov x9,sp\nstr x9,[x0]\nmov sp,x1\n"
    "ldp x19,x20,[sp]\nldp x21,x22,[sp,#16]\nldp x23,x24,[sp,#32]\nldp x25,x26,[sp,#48]\n"
    "ldp x27,x28,[sp,#64]\nldp x29,x30,[sp,#80]\nldp d8,d9,[sp,#96]\nldp d10,d11,[sp,#112]\nldp d12,d13,[sp,#128]\n"
    "ldp d14,d15,[sp,#144]\nadd sp,sp,#160\nret\n");
static void* fresh(char* top, Fiber* self, void (*enter)()) {
  void** p = (void**)(top - 160);
  for (int i = 0; i < 20; i++) p[i] = nullptr;
  p[9] = self;            // x28
  p[11] = (void*)enter;   // x30
  return p;
}
#endif

static void tell(Run& r, const char* format, va_list values) {
  if (!r.failed) vsnprintf(r.start->message, r.start->message_bytes, format, values);
  r.failed = true;
}
// Ends the launch; its fibers are left where they are.
[[noreturn]] static __attribute__((noinline, format(printf, 1, 2))) void fail(const char* format, ...) {
  Run& r = *fm_self->run;
  va_list values;
  va_start(values, format);
  tell(r, format, values);
  va_end(values);
  fm_switch(&fm_self->stack_pointer, r.stack_pointer);
  abort();
}

// splitmix64
static u64 draw(Run& r) {
  u64 z = r.random += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}
static Fiber* fiber(Run& r, u32 thread) { return (Fiber*)(r.start->stacks + (thread + 1) * r.start->stack - sizeof(Fiber)); }
// The next that can run; null if none can.
static Fiber* pick(Run& r) {
  const bool random = r.start->seed != 0;
  if (random) {
    if (r.hold == 0 || r.warps[r.at].ready == 0) {
      u64 bits = draw(r);
      r.at = (u32)(bits >> 32) % r.count;
      r.hold = 1u << bits % 11;
    }
    r.hold--;
  }
  for (u32 n = 0; n < r.count; n++) {
    Warp& w = r.warps[r.at];
    if (w.ready) {
      u32 from = random ? (u32)draw(r) & 31u : 0;
      u32 lane = (__builtin_ctz(w.ready >> from | (u32)((u64)w.ready << (32 - from))) + from) & 31u;
      w.ready &= ~(1u << lane);
      return fiber(r, w.first + lane);
    }
    r.at = r.at + 1 == r.count ? 0 : r.at + 1;
  }
  return nullptr;
}
static __attribute__((noinline)) void stuck(Run& r) {
  u32 left = r.threads - r.live, warp = 0, block = 0, where = ~0u;
  for (u32 i = 0; i < r.count; i++) {
    Warp& w = r.warps[i];
    warp += __builtin_popcount(w.at_warp), block += __builtin_popcount(w.at_block);
    if (where == ~0u && (w.at_warp | w.at_block | w.at_grid)) where = w.first + __builtin_ctz(w.at_warp | w.at_block | w.at_grid);
  }
  Fiber& f = *fiber(r, where);
  Warp& w = *f.warp;
  bool at_warp = w.at_warp >> f.lane & 1;
  fail("threads that wait for each other at different places: %u for their warp, %u for their block, %u for the grid, %u have left; "
       "thread %u of block %u waits at %s in line %d",
       warp, block, r.waiting, left, f.thread.x, f.block.x,
       at_warp ? REASONS[w.reason] : w.at_block >> f.lane & 1 ? "__syncthreads" : "the grid's barrier",
       at_warp ? w.line : w.at_block >> f.lane & 1 ? f.own->line : r.line);
}
// Lets others run until this one can.
static __attribute__((noinline)) void suspend() {
  Fiber& me = *fm_self;
  Run& r = *me.run;
  if ((char*)__builtin_frame_address(0) < me.base + 4096) fail("a thread's stack of %llu bytes is full", r.start->stack);
  Fiber* next = pick(r);
  if (!next) stuck(r);
  if (next != &me) fm_switch(&me.stack_pointer, next->stack_pointer);
}
// Goes on at once, or, with a seed, when its turn comes.
static inline void go_on(Fiber& me) {
  if (me.run->start->seed == 0) return;
  me.warp->ready |= 1u << me.lane;
  suspend();
}

static void release(Warp& w) {
  w.present[w.turn] = w.at_warp;
  w.ready |= w.at_warp;
  w.at_warp = 0;
}
// All lanes of the warp that have not left come here; the last does `last` for all.
template <class F> static inline void together(Reason reason, u32 mask, u32 turn, int line, F last) {
  Fiber& me = *fm_self;
  Warp& w = *me.warp;
  if (w.at_warp == 0) { w.reason = reason; w.line = line; w.turn = turn; }
  else if (w.reason != reason || w.line != line)
    fail("lanes of a warp at %s in line %d and at %s in line %d", REASONS[w.reason], w.line, REASONS[reason], line);
  if (~mask & w.live) fail("%s in line %d of lanes %#x alone, where those of %#x run", REASONS[reason], line, mask, w.live);
  w.at_warp |= 1u << me.lane;
  if (w.at_warp != w.live) return suspend();
  if (reason >= MMA && w.live != ~0u) fail("%s in line %d of a warp of which lanes %#x alone are there", REASONS[reason], line, w.live);
  last(w);
  release(w);
  w.ready &= ~(1u << me.lane);
  go_on(me);
}
static void release(Block& b) {
  b.waiting = 0;
  for (u32 i = 0; i < b.warps; i++) {
    b.first[i].ready |= b.first[i].at_block;
    b.first[i].at_block = 0;
  }
}
static inline void block_barrier(int line) {
  Fiber& me = *fm_self;
  Block& b = *me.own;
  if (b.waiting == 0) b.line = line;
  else if (b.line != line) fail("threads of a block at __syncthreads in line %d and in line %d", b.line, line);
  if (++b.waiting != b.live) {
    me.warp->at_block |= 1u << me.lane;
    return suspend();
  }
  release(b);
  go_on(me);
}
// Every thread of the launch; `word` is null for a cluster's barrier.
static void grid_barrier(u32* word, int line) {
  Fiber& me = *fm_self;
  Run& r = *me.run;
  if (!r.start->cooperative && r.start->blocks > 1) fail("blocks that wait for each other in line %d, in a launch that is not cooperative", line);
  if (!word && r.start->blocks > 1 && r.start->cluster != r.start->blocks)
    fail("fm_cluster_sync in line %d, in a launch of %u blocks and a cluster of %u", line, r.start->blocks, r.start->cluster);
  if (r.waiting == 0) { r.word = word; r.line = line; }
  else if (r.word != word || r.line != line) fail("threads at the grid's barrier in line %d and in line %d, or with other words", r.line, line);
  if (++r.waiting != r.threads) {
    me.warp->at_grid |= 1u << me.lane;
    return suspend();
  }
  // As the device leaves it: the highest bit flips, the count below it is zero again.
  if (word && *word & 0x7fffffffu) fail("fm_grid_sync in line %d with a word that is %#x: zero it before the launch", line, *word);
  if (word) *word ^= 0x80000000u;
  r.waiting = 0;
  for (u32 i = 0; i < r.count; i++) {
    r.warps[i].ready |= r.warps[i].at_grid;
    r.warps[i].at_grid = 0;
  }
  go_on(me);
}

// With seed 0 copies arrive at once, with another when they are waited for.
static void copy16(void* to, const void* from) {
  Fiber& me = *fm_self;
  if (me.copying == me.room) {
    me.room = 2 * me.room + 8;
    me.copies = (Copy*)realloc(me.copies, me.room * sizeof(Copy));
  }
  me.copies[me.copying++] = {to, from};
  if (me.run->start->seed == 0) memcpy(to, from, 16);
}
static void copied() {
  Fiber& me = *fm_self;
  if (me.run->start->seed != 0)
    for (u32 i = 0; i < me.copying; i++) memcpy(me.copies[i].to, me.copies[i].from, 16);
  me.copying = 0;
}

static void enter() {
  Fiber& me = *fm_self;
  Run& r = *me.run;
  Warp& w = *me.warp;
  r.kernel(r.arguments);
  if (me.copying) fail("a thread left while %u copies of it are under way", me.copying);
  free(me.copies);
  w.live &= ~(1u << me.lane);
  r.live--;
  Block& b = *me.own;
  b.live--;
  // Those that wait for their warp or block do not wait for one that left, as on the device.
  if (w.at_warp && w.at_warp == w.live) {
    if (w.reason >= MMA) fail("a lane left while its warp waits at %s in line %d", REASONS[w.reason], w.line);
    release(w);
  }
  if (b.waiting && b.waiting == b.live) release(b);
  if (r.live) {
    Fiber* next = pick(r);
    if (!next) stuck(r);
    fm_switch(&me.stack_pointer, next->stack_pointer);
  }
  fm_switch(&me.stack_pointer, r.stack_pointer);
}

static const size_t BEFORE = 1024, AFTER = 4096;
static const unsigned char POISON = 0xCD;
static bool whole(const char* from, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if ((unsigned char)from[i] != POISON) return false;
  return true;
}

// Runs a kernel over its grid; 1 if that ended early, with the reason in the message.
static int run(const Start& s, void (*kernel)(void**), void** arguments) {
  const u32 together = s.cooperative ? s.blocks : 1, warps = (s.threads + 31) / 32;
  const size_t room = (s.shared + 1023) / 1024 * 1024 + BEFORE + AFTER;
  Run r = {};
  r.start = &s, r.kernel = kernel, r.arguments = arguments, r.random = s.seed;
  r.count = warps * together;
  r.warps = (Warp*)malloc(r.count * sizeof(Warp));
  Block* blocks = (Block*)malloc(together * sizeof(Block));
  char* shared = (char*)aligned_alloc(1024, room * together);
  if (!r.warps || !blocks || !shared) {
    snprintf(s.message, s.message_bytes, "no memory for %u blocks of %u threads", together, s.threads);
    r.failed = true;
  }
  // With a seed the blocks of a launch that is not cooperative come in another order, too.
  const u32 start = s.seed ? (u32)(draw(r) % s.blocks) : 0, step = s.seed && draw(r) & 1 ? s.blocks - 1 : 1;
  for (u32 n = 0; n < s.blocks && !r.failed; n += together) {
    const u32 first = together > 1 ? 0 : (u32)((start + (u64)n * step) % s.blocks);
    memset(shared, POISON, room * together);
    r.threads = r.live = s.threads * together;
    r.waiting = r.at = r.hold = 0;
    for (u32 q = 0; q < together; q++) {
      blocks[q] = Block{s.threads, 0, 0, warps, r.warps + q * warps, shared + q * room + BEFORE};
      for (u32 i = 0; i < warps; i++) {
        Warp& w = blocks[q].first[i];
        u32 lanes = s.threads - 32 * i, all = lanes < 32 ? (1u << lanes) - 1 : ~0u;
        memset(w.slot, POISON, sizeof w.slot);
        w.all = w.live = w.ready = all;
        w.at_warp = w.at_block = w.at_grid = 0;
        w.first = q * s.threads + 32 * i;
        w.block = &blocks[q];
      }
      for (u32 t = 0; t < s.threads; t++) {
        u32 thread = q * s.threads + t;
        Fiber* f = fiber(r, thread);
        *f = Fiber{nullptr, {t, 0, 0}, {first + q, 0, 0}, &blocks[q].first[t / 32], &blocks[q], &r, s.stacks + thread * s.stack, t % 32, 0};
        f->stack_pointer = fresh((char*)f, f, enter);
      }
    }
    fm_switch(&r.stack_pointer, pick(r)->stack_pointer);
    for (u32 q = 0; q < together && !r.failed; q++) {
      const char* own = blocks[q].shared;
      const char* wrong = !whole(own - BEFORE, BEFORE) ? "before its start" : !whole(own + s.shared, room - BEFORE - s.shared) ? "past its end" : nullptr;
      if (wrong) {
        snprintf(s.message, s.message_bytes, "block %u wrote shared memory, of which it has %llu bytes, %s", first + q, s.shared, wrong);
        r.failed = true;
      }
    }
  }
  free(r.warps), free(blocks), free(shared);
  return r.failed;
}

// One letter for the type of a parameter.
template <class T> constexpr char letter() {
  if (std::is_pointer<T>::value) return 'p';
  if (std::is_same<T, int>::value) return 'i';
  if (std::is_same<T, u64>::value) return 'l';
  if (std::is_same<T, float>::value) return 'f';
  return '?';
}
template <class... A> static const char* types(void (*)(A...)) {
  static_assert(((letter<A>() != '?') && ...), "a kernel takes pointers, int, u64 and float");
  static const char letters[] = {letter<A>()..., 0};
  return letters;
}
// The parameters of a kernel out of an array of pointers to them, as cuLaunchKernel has them.
template <class... A, size_t... I> static void call(void (*kernel)(A...), void** a, std::index_sequence<I...>) { kernel(*(A*)a[I]...); }
template <class... A> static void call(void (*kernel)(A...), void** a) { call(kernel, a, std::index_sequence_for<A...>{}); }
}  // namespace fm
