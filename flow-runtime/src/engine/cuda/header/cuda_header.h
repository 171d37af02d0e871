// What kernel text may use, for g++: the built-ins of CUDA C, and a twin of each function of text/device.cuh.
//
// What it shows: what a kernel computes; whether every thread comes to every barrier, and the lanes of a warp to the same one;
// whether a barrier is missing, under some seed; what is read before it is written (memory starts as 0xCD, which is a number that
// no tolerance forgives; a NaN would be lost in a maximum); what is written past the end of shared memory. What it does not: the
// order of memory between blocks, conflicts of banks, and the errors of approximate instructions.
#define FM_FUNCTION static inline __attribute__((always_inline))
#define FM_KERNEL(threads) extern "C"
#define FM_CLUSTER(blocks)
#define FM_SMEM(T, name) T* name = (T*)fm_self->own->shared
#define FM_LINE int line = __builtin_LINE()
#define __device__
#define __forceinline__ inline
#define __align__(bytes) __attribute__((aligned(bytes)))
#define threadIdx (fm_self->thread)
#define blockIdx (fm_self->block)
#define blockDim (fm::Index{fm_self->run->start->threads, 1, 1})
#define gridDim (fm::Index{fm_self->run->start->blocks, 1, 1})

struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { u32 x, y; };
struct alignas(16) uint4 { u32 x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
FM_FUNCTION int2 make_int2(int x, int y) { return {x, y}; }
FM_FUNCTION int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
FM_FUNCTION uint2 make_uint2(u32 x, u32 y) { return {x, y}; }
FM_FUNCTION uint4 make_uint4(u32 x, u32 y, u32 z, u32 w) { return {x, y, z, w}; }
FM_FUNCTION float2 make_float2(float x, float y) { return {x, y}; }
FM_FUNCTION float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
FM_FUNCTION double2 make_double2(double x, double y) { return {x, y}; }

// ---- bits
template <class T, class F> FM_FUNCTION T fm_bits(F f) {
  static_assert(sizeof(T) == sizeof(F), "as many bits");
  T t;
  memcpy(&t, &f, sizeof(T));
  return t;
}
FM_FUNCTION u32 __float_as_uint(float f) { return fm_bits<u32>(f); }
FM_FUNCTION int __float_as_int(float f) { return fm_bits<int>(f); }
FM_FUNCTION float __uint_as_float(u32 u) { return fm_bits<float>(u); }
FM_FUNCTION float __int_as_float(int i) { return fm_bits<float>(i); }
FM_FUNCTION long long __double_as_longlong(double d) { return fm_bits<long long>(d); }
FM_FUNCTION double __longlong_as_double(long long l) { return fm_bits<double>(l); }
FM_FUNCTION u32 __umulhi(u32 a, u32 b) { return (u32)((u64)a * b >> 32); }
FM_FUNCTION int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
FM_FUNCTION u64 __umul64hi(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
FM_FUNCTION int __popc(u32 u) { return __builtin_popcount(u); }
FM_FUNCTION int __clz(int i) { return i ? __builtin_clz((u32)i) : 32; }
FM_FUNCTION int __ffs(int i) { return __builtin_ffs(i); }

// ---- numbers; what is not here is libm's
template <class T> FM_FUNCTION T min(T a, T b) { return b < a ? b : a; }
template <class T> FM_FUNCTION T max(T a, T b) { return a < b ? b : a; }
FM_FUNCTION float rsqrtf(float x) { return 1.0f / sqrtf(x); }
FM_FUNCTION float __fdividef(float a, float b) { return a / b; }
FM_FUNCTION float __frcp_rn(float x) { return 1.0f / x; }
FM_FUNCTION float __fsqrt_rn(float x) { return sqrtf(x); }
FM_FUNCTION float __fmul_rn(float a, float b) { return a * b; }
FM_FUNCTION float __fadd_rn(float a, float b) { return a + b; }
FM_FUNCTION float __fsub_rn(float a, float b) { return a - b; }
FM_FUNCTION float __fdiv_rn(float a, float b) { return a / b; }
FM_FUNCTION int __float2int_rn(float x) { return (int)nearbyintf(x); }
FM_FUNCTION int __float2int_rz(float x) { return (int)x; }
FM_FUNCTION float __int2float_rn(int i) { return (float)i; }
FM_FUNCTION float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
// Macros, for libm has functions of some of these names.
#define __expf(x) expf(x)
#define __logf(x) logf(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)

// ---- memory
template <class T> FM_FUNCTION T __ldg(const T* p) { return *p; }
FM_FUNCTION void __threadfence() {}
FM_FUNCTION void __threadfence_block() {}
template <class T> FM_FUNCTION T fm_replace(T* p, T by) { T old = *p; *p = by; return old; }
#define FM_ATOMICS(T) \
  FM_FUNCTION T atomicAdd(T* p, T v) { return fm_replace(p, (T)(*p + v)); } \
  FM_FUNCTION T atomicExch(T* p, T v) { return fm_replace(p, v); }
#define FM_INTEGER_ATOMICS(T) FM_ATOMICS(T) \
  FM_FUNCTION T atomicMin(T* p, T v) { return fm_replace(p, v < *p ? v : *p); } \
  FM_FUNCTION T atomicMax(T* p, T v) { return fm_replace(p, v > *p ? v : *p); } \
  FM_FUNCTION T atomicOr(T* p, T v) { return fm_replace(p, (T)(*p | v)); } \
  FM_FUNCTION T atomicCAS(T* p, T is, T v) { return fm_replace(p, *p == is ? v : *p); }
FM_ATOMICS(float)
FM_ATOMICS(double)
FM_INTEGER_ATOMICS(int)
FM_INTEGER_ATOMICS(u32)
FM_INTEGER_ATOMICS(u64)

// ---- warps and blocks
FM_FUNCTION void __syncthreads(FM_LINE) { fm::block_barrier(line); }
static inline void __syncwarp(u32 mask = ~0u, FM_LINE) { fm::together(fm::WARP, mask, 0, line, [](fm::Warp&) {}); }
// What lane `from` gives. The slots take turns, so that one barrier is enough.
template <class T> static inline T fm_exchange(u32 mask, T v, u32 from, int line) {
  static_assert(sizeof(T) <= 40, "a slot");
  fm::Warp& w = *fm_self->warp;
  const u32 turn = fm_self->turn;
  fm_self->turn ^= 1;
  memcpy(w.slot[turn][fm_self->lane], &v, sizeof(T));
  fm::together(fm::SHUFFLE, mask, turn, line, [](fm::Warp&) {});
  T r;
  memcpy(&r, w.slot[turn][from & 31], sizeof(T));
  return r;
}
// Lanes are of groups of `width`; one that would read outside of its group, or below or above it, keeps its own.
template <class T> static inline T __shfl_sync(u32 mask, T v, int from, int width = 32, FM_LINE) {
  return fm_exchange(mask, v, (fm_self->lane & ~(u32)(width - 1)) | ((u32)from & (u32)(width - 1)), line);
}
template <class T> static inline T __shfl_xor_sync(u32 mask, T v, int by, int width = 32, FM_LINE) {
  u32 lane = fm_self->lane, from = lane ^ (u32)by;
  return fm_exchange(mask, v, from > (lane | (u32)(width - 1)) ? lane : from, line);
}
template <class T> static inline T __shfl_down_sync(u32 mask, T v, u32 by, int width = 32, FM_LINE) {
  u32 lane = fm_self->lane, from = lane + by;
  return fm_exchange(mask, v, from > (lane | (u32)(width - 1)) ? lane : from, line);
}
template <class T> static inline T __shfl_up_sync(u32 mask, T v, u32 by, int width = 32, FM_LINE) {
  u32 lane = fm_self->lane;
  return fm_exchange(mask, v, (lane & (u32)(width - 1)) < by ? lane : lane - by, line);
}
static inline u32 __ballot_sync(u32 mask, int yes, FM_LINE) {
  fm::Warp& w = *fm_self->warp;
  const u32 turn = fm_self->turn;
  fm_self->turn ^= 1;
  w.slot[turn][fm_self->lane][0] = yes != 0;
  fm::together(fm::BALLOT, mask, turn, line, [](fm::Warp&) {});
  u32 all = 0;
  for (u32 lane = 0; lane < 32; lane++)
    if (w.present[turn] >> lane & 1) all |= w.slot[turn][lane][0] << lane;
  return all;
}
static inline int __any_sync(u32 mask, int yes, FM_LINE) { return __ballot_sync(mask, yes, line) != 0; }
static inline int __all_sync(u32 mask, int yes, FM_LINE) { return __ballot_sync(mask, !yes, line) == 0; }

// ---- twins of text/device.cuh. Subnormal numbers are zero to these instructions.
FM_FUNCTION float fm_flush(float x) { return fabsf(x) < 1.17549435e-38f ? copysignf(0.0f, x) : x; }
FM_FUNCTION float fm_ex2(float x) { return fm_flush(exp2f(fm_flush(x))); }
FM_FUNCTION float fm_lg2(float x) { return log2f(fm_flush(x)); }
FM_FUNCTION float fm_rcp(float x) { return fm_flush(1.0f / fm_flush(x)); }
FM_FUNCTION float fm_rsqrt(float x) { return 1.0f / sqrtf(fm_flush(x)); }
FM_FUNCTION float fm_tanh_approx(float x) { return tanhf(x); }
FM_FUNCTION double fm_dmul(double a, double b) { return a * b; }
FM_FUNCTION double fm_dadd(double a, double b) { return a + b; }
FM_FUNCTION double fm_ddiv(double a, double b) { return a / b; }
FM_FUNCTION double fm_dsqrt(double a) { return sqrt(a); }

// 16-bit numbers, rounded to nearest even.
FM_FUNCTION u32 fm_to_f16(float f) {
  u32 x = __float_as_uint(f), sign = x >> 16 & 0x8000u, size = x & 0x7fffffffu;
  if (size > 0x7f800000u) return 0x7fffu;
  if (size >= 0x477ff000u) return sign | 0x7c00u;
  // Below the least normal number the last place has a fixed size, to which the addition rounds.
  if (size < 0x38800000u) return sign | (__float_as_uint(__uint_as_float(size) + 0.5f) - 0x3f000000u);
  return sign | (size + 0xfffu + (size >> 13 & 1u) - 0x38000000u) >> 13;
}
FM_FUNCTION float fm_of_f16(u32 h) {
  u32 size = (h & 0x7fffu) << 13, sign = (h & 0x8000u) << 16;
  // Scaled as a number of 32 bits, so that subnormal ones come out right.
  float f = __uint_as_float(size) * 0x1p112f;
  return __uint_as_float(sign | (size >= 0x0f800000u ? size | 0x7f800000u : __float_as_uint(f)));
}
FM_FUNCTION u32 fm_to_bf16(float f) {
  u32 u = __float_as_uint(f);
  return (u & 0x7fffffffu) > 0x7f800000u ? 0x7fffu : (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
}
FM_FUNCTION float fm_of_bf16(u32 h) { return __uint_as_float(h << 16); }
FM_FUNCTION u32 fm_pack_f16(float lo, float hi) { return fm_to_f16(lo) | fm_to_f16(hi) << 16; }
FM_FUNCTION void fm_unpack_f16(u32 v, float& lo, float& hi) { lo = fm_of_f16(v & 0xffffu); hi = fm_of_f16(v >> 16); }
FM_FUNCTION u32 fm_pack_bf16(float lo, float hi) { return fm_to_bf16(lo) | fm_to_bf16(hi) << 16; }
FM_FUNCTION void fm_unpack_bf16(u32 v, float& lo, float& hi) { lo = fm_of_bf16(v & 0xffffu); hi = fm_of_bf16(v >> 16); }

// Tensor cores: fragments as the PTX ISA lays them out, with g = lane / 4 and t = lane % 4:
// a0 = (g, 2t), a1 = (g + 8, 2t), a2 = (g, 2t + 8), a3 = (g + 8, 2t + 8); b0 = (2t, g), b1 = (2t + 8, g); c = (g, 2t), (g + 8, 2t).
// The last lane that comes computes for all. Products are exact; their sum is in single precision, in the order of the depth.
template <float (*OF)(u32)> static __attribute__((noinline)) void fm_mma_warp(u32 (*slot)[10]) {
  float a[16][16], b[16][8], c[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const int g = lane / 4, t = lane % 4;
    const u32* own = slot[lane];
    for (int high = 0; high < 2; high++) {
      for (int i = 0; i < 4; i++) a[g + 8 * (i % 2)][2 * t + 8 * (i / 2) + high] = OF(own[i] >> 16 * high & 0xffffu);
      for (int i = 0; i < 2; i++) b[2 * t + 8 * i + high][g] = OF(own[4 + i] >> 16 * high & 0xffffu);
      for (int i = 0; i < 2; i++) c[g + 8 * i][2 * t + high] = __uint_as_float(own[6 + 2 * i + high]);
    }
  }
  for (int row = 0; row < 16; row++)
    for (int k = 0; k < 16; k++)
      for (int column = 0; column < 8; column++) c[row][column] += a[row][k] * b[k][column];
  for (int lane = 0; lane < 32; lane++)
    for (int i = 0; i < 4; i++) slot[lane][6 + i] = __float_as_uint(c[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]);
}
template <float (*OF)(u32)> static inline void fm_mma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, int line) {
  fm::Warp& w = *fm_self->warp;
  const u32 turn = fm_self->turn;
  fm_self->turn ^= 1;
  u32* own = w.slot[turn][fm_self->lane];
  memcpy(own, a, 16);
  own[4] = b0, own[5] = b1;
  memcpy(own + 6, d, 16);
  fm::together(fm::MMA, ~0u, turn, line, [turn](fm::Warp& w) { fm_mma_warp<OF>(w.slot[turn]); });
  memcpy(d, own + 6, 16);
}
static inline float fm_half(u32 h) { return fm_of_f16(h); }
static inline float fm_bfloat(u32 h) { return fm_of_bf16(h); }
static inline void fm_mma_f16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, FM_LINE) { fm_mma<fm_half>(d, a, b0, b1, line); }
static inline void fm_mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1, FM_LINE) { fm_mma<fm_bfloat>(d, a, b0, b1, line); }

// Lane l names row l % 8 of matrix l / 8; of each matrix it gets the numbers (l / 4, 2 (l % 4)) and the next, or, transposed,
// (2 (l % 4), l / 4) and the one below. Everything is read before any lane goes on.
static inline void fm_ldmatrix(u32 (&r)[4], const void* row, bool transposed, int line) {
  fm::Warp& w = *fm_self->warp;
  const u32 turn = fm_self->turn;
  fm_self->turn ^= 1;
  u32* own = w.slot[turn][fm_self->lane];
  memcpy(own, &row, 8);
  fm::together(fm::LDMATRIX, ~0u, turn, line, [turn, transposed, line](fm::Warp& w) {
    const char* shared = w.block->shared;
    const uint16_t* rows[32];
    for (int lane = 0; lane < 32; lane++) {
      memcpy(&rows[lane], w.slot[turn][lane], 8);
      const long long at = (const char*)rows[lane] - shared;
      if (at < 0 || (u64)at + 16 > fm_self->run->start->shared || at % 16 != 0)
        fm::fail("ldmatrix in line %d: lane %d names byte %lld of shared memory, which has %llu", line, lane, at, fm_self->run->start->shared);
    }
    for (int lane = 0; lane < 32; lane++)
      for (int m = 0; m < 4; m++) {
        const int g = lane / 4, t = lane % 4;
        u32 lo = transposed ? rows[8 * m + 2 * t][g] : rows[8 * m + g][2 * t];
        u32 hi = transposed ? rows[8 * m + 2 * t + 1][g] : rows[8 * m + g][2 * t + 1];
        w.slot[turn][lane][m] = lo | hi << 16;
      }
  });
  memcpy(r, own, 16);
}
static inline void fm_ldmatrix4(u32 (&r)[4], const void* row, FM_LINE) { fm_ldmatrix(r, row, false, line); }
static inline void fm_ldmatrix4_trans(u32 (&r)[4], const void* row, FM_LINE) { fm_ldmatrix(r, row, true, line); }

// Both must lie at a multiple of 16 bytes, and within shared memory there.
static inline void fm_copy16(void* shared, const void* global, FM_LINE) {
  const long long at = (const char*)shared - fm_self->own->shared;
  if (at < 0 || (u64)at + 16 > fm_self->run->start->shared || at % 16 != 0 || (u64)global % 16 != 0)
    fm::fail("fm_copy16 in line %d: byte %lld of shared memory, which has %llu, from %p", line, at, fm_self->run->start->shared, global);
  fm::copy16(shared, global);
}
static inline void fm_copied() { fm::copied(); }

static inline void fm_grid_sync(u32* arrived, FM_LINE) { fm::grid_barrier(arrived, line); }
static inline void fm_cluster_sync(FM_LINE) { fm::grid_barrier(nullptr, line); }
