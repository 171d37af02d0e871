// CUDA C on a CPU: one fiber for a CUDA thread, one system thread for a launch. The twin of text/device.cuh for g++.
//
// What it shows: what a kernel computes, whether every thread comes to every barrier, whether a barrier is missing (a seed lets
// warps run ahead of each other), what is read before it is written (memory starts as 0xCD) and what is written past the end of
// shared memory. What it does not: the order of memory between blocks, and the errors of approximate instructions.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>
typedef uint32_t u32;
typedef unsigned long long u64;
#define FM_FUNCTION static inline
#define FM_KERNEL(threads) extern "C"
#define FM_CLUSTER(blocks)
#define FM_SMEM(T, name) T* name = (T*)fm::shared()
#define __restrict__
struct uint2 { u32 x, y; };
struct alignas(16) uint4 { u32 x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct int2 { int x, y; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint2 make_uint2(u32 x, u32 y) { return {x, y}; }
static inline uint4 make_uint4(u32 x, u32 y, u32 z, u32 w) { return {x, y, z, w}; }
struct fm_dim3 { unsigned x, y, z; };

namespace fm {
struct Warp { u32 slot[2][32][8]; int arrived, turn, live; };
struct Block { std::vector<char> shared; int arrived, turn, live; std::vector<Warp> warps; };
struct Grid { int arrived, turn, live; };
struct Fiber { void* stack_pointer; bool done; fm_dim3 thread, block; Block* own; Warp* warp; int lane, parity; };
static Fiber* current;
static fm_dim3 block_dim, grid_dim;
static Grid grid;
static void* scheduler;
static std::function<void()>* body;
static u64 stuck;
static const size_t STACK = 128 * 1024, GUARD = 1024;

// Callee-saved registers, and the pointer to the stack.
extern "C" void fm_switch(void** from, void* to);
#if defined(__x86_64__)
asm(".text\n.local fm_switch\n.type fm_switch,@function\nfm_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
static const int SAVED = 6;
#else
#error "the CPU header runs on x86-64"
#endif

static void pause() { fm_switch(&current->stack_pointer, scheduler); }
template <class S> static void wait(S& s) {
  int turn = s.turn;
  if (++s.arrived == s.live) { s.arrived = 0; s.turn++; stuck = 0; }
  else while (s.turn == turn) pause();
}
template <class S> static void leave(S& s) {
  s.live--;
  if (s.live > 0 && s.arrived == s.live) { s.arrived = 0; s.turn++; }
}
static void enter() {
  (*body)();
  Fiber* f = current;
  f->done = true;
  leave(*f->warp); leave(*f->own); leave(grid);
  stuck = 0;
  for (;;) fm_switch(&f->stack_pointer, scheduler);
}
static char* shared() { return (char*)(((uintptr_t)current->own->shared.data() + 1023) & ~(uintptr_t)1023); }
static u64 draw(u64& seed) { seed = seed * 6364136223846793005ull + 1442695040888963407ull; return seed >> 33; }

// 0, or 1 if threads wait at barriers that the others never reach, or 2 if shared memory was written past its end.
static int launch(unsigned blocks, unsigned threads, size_t bytes, bool cooperative, u64 seed, std::function<void()> kernel) {
  block_dim = {threads, 1, 1};
  grid_dim = {blocks, 1, 1};
  body = &kernel;
  const unsigned together = cooperative ? blocks : 1;
  static std::vector<char> stacks;
  if (stacks.size() < STACK * threads * together) stacks.resize(STACK * threads * together);
  std::vector<Fiber> fibers((size_t)threads * together);
  std::vector<Block> own(together);
  std::vector<int> order(fibers.size());
  for (unsigned first = 0; first < blocks; first += together) {
    grid = Grid{0, 0, (int)(threads * together)};
    for (unsigned q = 0; q < together; q++) {
      Block& b = own[q];
      b.shared.assign(bytes + 1024 + GUARD, (char)0xCD);
      b.arrived = b.turn = 0;
      b.live = (int)threads;
      b.warps.assign((threads + 31) / 32, Warp{});
      for (unsigned t = 0; t < threads; t++) {
        size_t i = (size_t)q * threads + t;
        Fiber& f = fibers[i];
        f = Fiber{nullptr, false, {t, 0, 0}, {first + q, 0, 0}, &b, &b.warps[t / 32], (int)(t % 32), 0};
        f.warp->live++;
        void** top = (void**)(((uintptr_t)&stacks[STACK * i] + STACK) & ~(uintptr_t)15);
        *--top = nullptr;
        *--top = (void*)enter;
        for (int s = 0; s < SAVED; s++) *--top = nullptr;
        f.stack_pointer = top;
        order[i] = (int)i;
      }
    }
    stuck = 0;
    size_t left = fibers.size(), favourite = 0, hold = 0;
    while (left) {
      left = 0;
      if (seed) {
        for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[draw(seed) % i]);
        // One warp runs alone for some rounds: warps drift apart as they do on a GPU.
        if (hold == 0) { favourite = draw(seed) % ((order.size() + 31) / 32); hold = draw(seed) % 32; }
        else hold--;
      }
      for (int i : order) {
        Fiber& f = fibers[i];
        if (f.done) continue;
        left++;
        if (seed && (size_t)i / 32 != favourite) continue;
        current = &f;
        fm_switch(&scheduler, f.stack_pointer);
        if (f.done) left--;
      }
      if (left && ++stuck > (seed ? 200000u : 8u)) return 1;
    }
    for (Block& b : own) {
      const char* end = (const char*)(((uintptr_t)b.shared.data() + 1023) & ~(uintptr_t)1023) + bytes;
      for (const char* p = end; p < b.shared.data() + b.shared.size(); p++)
        if (*p != (char)0xCD) return 2;
    }
  }
  return 0;
}

// The parameters of a kernel out of an array of pointers to them, as cuLaunchKernel has them.
template <class... A, size_t... I> static void call(void (*kernel)(A...), void** a, std::index_sequence<I...>) {
  kernel(*(std::remove_reference_t<A>*)a[I]...);
}
template <class... A> static int run(void (*kernel)(A...), unsigned blocks, unsigned threads, size_t bytes, int cooperative, u64 seed, void** a) {
  return launch(blocks, threads, bytes, cooperative != 0, seed, [&] { call(kernel, a, std::index_sequence_for<A...>{}); });
}

// A value to all lanes of a warp; the slots take turns, so that one barrier is enough.
template <class T> static T exchange(T v, int from) {
  static_assert(sizeof(T) <= 32, "a slot");
  Warp& w = *current->warp;
  int p = current->parity;
  current->parity ^= 1;
  memcpy(w.slot[p][current->lane], &v, sizeof(T));
  wait(w);
  T r;
  memcpy(&r, w.slot[p][from & 31], sizeof(T));
  return r;
}
}  // namespace fm

#define threadIdx (fm::current->thread)
#define blockIdx (fm::current->block)
#define blockDim (fm::block_dim)
#define gridDim (fm::grid_dim)
static inline void __syncthreads() { fm::wait(*fm::current->own); }
static inline void __syncwarp(u32 = ~0u) { fm::wait(*fm::current->warp); }
static inline void __threadfence() {}
static inline void fm_grid_sync(u32* arrived) { if (threadIdx.x == 0) ++*arrived; fm::wait(fm::grid); }
static inline void fm_cluster_sync() { fm::wait(fm::grid); }
template <class T> static inline T __shfl_sync(u32, T v, int from, int = 32) { return fm::exchange(v, from); }
template <class T> static inline T __shfl_xor_sync(u32, T v, int mask, int = 32) { return fm::exchange(v, fm::current->lane ^ mask); }
template <class T> static inline T __shfl_down_sync(u32, T v, int by, int = 32) {
  int from = fm::current->lane + by;
  return fm::exchange(v, from > 31 ? fm::current->lane : from);
}
static inline u32 __ballot_sync(u32, int yes) {
  u32 all = 0;
  for (int lane = 0; lane < 32; lane++) all |= (u32)(fm::exchange(yes, lane) != 0) << lane;
  return all;
}
static inline int __any_sync(u32 m, int yes) { return __ballot_sync(m, yes) != 0; }
template <class T> static inline T atomicAdd(T* p, T v) { T o = *p; *p = o + v; return o; }
template <class T> static inline T atomicMin(T* p, T v) { T o = *p; if (v < o) *p = v; return o; }
template <class T> static inline T atomicMax(T* p, T v) { T o = *p; if (v > o) *p = v; return o; }
template <class T> static inline T __ldg(const T* p) { return *p; }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline u32 __umulhi(u32 a, u32 b) { return (u32)(((u64)a * b) >> 32); }
static inline u64 __umul64hi(u64 a, u64 b) { return (u64)(((unsigned __int128)a * b) >> 64); }
template <class T, class F> static inline T fm_bits(F f) { static_assert(sizeof(T) == sizeof(F), "bits"); T t; memcpy(&t, &f, sizeof(T)); return t; }
static inline u32 __float_as_uint(float f) { return fm_bits<u32>(f); }
static inline int __float_as_int(float f) { return fm_bits<int>(f); }
static inline float __uint_as_float(u32 u) { return fm_bits<float>(u); }
static inline float __int_as_float(int i) { return fm_bits<float>(i); }
static inline long long __double_as_longlong(double d) { return fm_bits<long long>(d); }
static inline double __longlong_as_double(long long l) { return fm_bits<double>(l); }
static inline double fm_dmul(double a, double b) { return a * b; }
static inline double fm_dadd(double a, double b) { return a + b; }
static inline double fm_ddiv(double a, double b) { return a / b; }
static inline double fm_dsqrt(double a) { return sqrt(a); }

static inline float fm_ex2(float x) { return exp2f(x); }
static inline float fm_lg2(float x) { return log2f(x); }
static inline float fm_rcp(float x) { return 1.0f / x; }
static inline float fm_rsqrt(float x) { return 1.0f / sqrtf(x); }
static inline float fm_tanh_approx(float x) { return tanhf(x); }

// ---- 16-bit numbers, rounded to nearest even
static inline uint16_t fm_to_f16(float f) {
  u32 x = __float_as_uint(f), s = (x >> 16) & 0x8000u, e = (x >> 23) & 255u;
  if (e == 255) return (uint16_t)(s | 0x7c00u | ((x & 0x7fffffu) ? 0x200u : 0u));
  float a = fabsf(f);
  if (a >= 65520.0f) return (uint16_t)(s | 0x7c00u);
  if (a < 6.103515625e-05f) return (uint16_t)(s | (u32)nearbyintf(a * 16777216.0f));
  u32 u = (x & 0x7fffffffu) + 0xfffu + ((x >> 13) & 1u);
  return (uint16_t)(s | ((u >> 13) - (112u << 10)));
}
static inline float fm_of_f16(uint16_t h) {
  int e = (h >> 10) & 31, m = h & 1023;
  float v = e == 31 ? (m ? NAN : INFINITY) : e ? ldexpf(1.0f + m / 1024.0f, e - 15) : ldexpf((float)m, -24);
  return h & 0x8000 ? -v : v;
}
static inline uint16_t fm_to_bf16(float f) {
  u32 u = __float_as_uint(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((u >> 16) | 0x40u);
  return (uint16_t)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
static inline float fm_of_bf16(uint16_t h) { return __uint_as_float((u32)h << 16); }
static inline u32 fm_pack_f16(float lo, float hi) { return fm_to_f16(lo) | (u32)fm_to_f16(hi) << 16; }
static inline void fm_unpack_f16(u32 v, float& lo, float& hi) { lo = fm_of_f16((uint16_t)v); hi = fm_of_f16((uint16_t)(v >> 16)); }
static inline u32 fm_pack_bf16(float lo, float hi) { return fm_to_bf16(lo) | (u32)fm_to_bf16(hi) << 16; }
static inline void fm_unpack_bf16(u32 v, float& lo, float& hi) { lo = fm_of_bf16((uint16_t)v); hi = fm_of_bf16((uint16_t)(v >> 16)); }

// ---- tensor cores: fragments as the PTX ISA lays them out, with g = lane / 4 and t = lane % 4:
// a0 = (g, 2t), a1 = (g + 8, 2t), a2 = (g, 2t + 8), a3 = (g + 8, 2t + 8); b0 = (2t, g), b1 = (2t + 8, g); c = (g, 2t), (g + 8, 2t)
template <float (*OF)(uint16_t)> static inline void fm_mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  fm::Warp& w = *fm::current->warp;
  int p = fm::current->parity;
  fm::current->parity ^= 1;
  u32* own = w.slot[p][fm::current->lane];
  for (int i = 0; i < 4; i++) own[i] = a[i];
  own[4] = b0;
  own[5] = b1;
  fm::wait(w);
  int g = fm::current->lane >> 2, t = fm::current->lane & 3;
  float left[2][16], right[2][16];
  for (int k = 0; k < 16; k++)
    for (int r = 0; r < 2; r++) {
      u32 x = w.slot[p][g * 4 + (k & 7) / 2][r + 2 * (k >> 3)], y = w.slot[p][(2 * t + r) * 4 + (k & 7) / 2][4 + (k >> 3)];
      left[r][k] = OF((uint16_t)(k & 1 ? x >> 16 : x));
      right[r][k] = OF((uint16_t)(k & 1 ? y >> 16 : y));
    }
  for (int i = 0; i < 4; i++) {
    float sum = d[i];
    for (int k = 0; k < 16; k++) sum += left[i >> 1][k] * right[i & 1][k];
    d[i] = sum;
  }
}
static inline void fm_mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { fm_mma<fm_of_f16>(d, a, b0, b1); }
static inline void fm_mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { fm_mma<fm_of_bf16>(d, a, b0, b1); }

// Lane l names row l % 8 of matrix l / 8; lane l gets the numbers (l / 4, 2 (l % 4)) and its right neighbour of each matrix.
static inline void fm_ldmatrix(u32 (&r)[4], const void* row, bool transposed) {
  const uint16_t* rows[32];
  for (int lane = 0; lane < 32; lane++) rows[lane] = (const uint16_t*)fm::exchange((u64)(uintptr_t)row, lane);
  int g = fm::current->lane >> 2, t = fm::current->lane & 3;
  for (int m = 0; m < 4; m++) {
    uint16_t lo = transposed ? rows[8 * m + 2 * t][g] : rows[8 * m + g][2 * t];
    uint16_t hi = transposed ? rows[8 * m + 2 * t + 1][g] : rows[8 * m + g][2 * t + 1];
    r[m] = lo | (u32)hi << 16;
  }
  __syncwarp();
}
static inline void fm_ldmatrix4(u32 (&r)[4], const void* row) { fm_ldmatrix(r, row, false); }
static inline void fm_ldmatrix4_trans(u32 (&r)[4], const void* row) { fm_ldmatrix(r, row, true); }
