// Values of a warp in registers, as tensor cores hand them out: FM_M times sixteen rows, in chunks of sixteen columns.
//
// In a chunk, v[m][i][2 r + e] is the number in row 16 m + 8 r + lane / 4 and column 8 i + 2 (lane % 4) + e: an accumulator of the
// products. The two accumulators of a chunk are, rounded and packed, the left operand of the next product, so that values never
// leave their lanes. A value of one or two columns is in all lanes of a quad: its column is 0 or 1 for every lane.
//
// Columns past a value's last hold anything; whoever looks across columns (products, norms) masks them.
struct Chunk { float v[FM_M][2][4]; };
// A left operand, rounded to f16.
struct Single { u32 hi[FM_M][4]; };
// A left operand as a sum of two f16, 22 bits.
struct Split { u32 hi[FM_M][4], lo[FM_M][4]; };

// The first of this lane's two columns of a half chunk.
FM_FUNCTION int fm_column() { return 2 * (threadIdx.x & 3); }
// This lane's row of the first eight.
FM_FUNCTION int fm_row_of_lane() { return (threadIdx.x & 31) >> 2; }
FM_FUNCTION bool fm_inside(int i, int e, int columns) { return columns >= 8 * i + 8 || (columns > 8 * i && 8 * i + fm_column() + e < columns); }

#define FM_L2E 1.4426950408889634f

// ---- rows that all samples share: `columns` are left from here on
FM_FUNCTION Chunk fm_zero() {
  Chunk out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) out.v[m][i][j] = 0.0f;
  return out;
}
template <bool EVEN> FM_FUNCTION Chunk fm_row(const float* __restrict__ row, int columns) {
  Chunk out;
#pragma unroll
  for (int i = 0; i < 2; i++) {
    float a = 0.0f, b = 0.0f;
    const int at = 8 * i + fm_column();
    if (EVEN && columns >= 8 * i + 8) {
      const float2 pair = *(const float2*)(row + at);
      a = pair.x; b = pair.y;
    } else {
      if (fm_inside(i, 0, columns)) a = row[at];
      if (fm_inside(i, 1, columns)) b = row[at + 1];
    }
#pragma unroll
    for (int m = 0; m < FM_M; m++) { out.v[m][i][0] = a; out.v[m][i][1] = b; out.v[m][i][2] = a; out.v[m][i][3] = b; }
  }
  return out;
}
// Of a value of one or two columns.
FM_FUNCTION Chunk fm_row_narrow(const float* __restrict__ row, int width) {
  Chunk out = fm_zero();
  const float a = row[0], b = row[width - 1];
#pragma unroll
  for (int m = 0; m < FM_M; m++) { out.v[m][0][0] = a; out.v[m][0][1] = b; out.v[m][0][2] = a; out.v[m][0][3] = b; }
  return out;
}

// ---- samples in memory, row-major: `width` numbers a row, of which a chunk begins at `from`
FM_FUNCTION void fm_read(Chunk& out, int m, int r, const float* at, int width, int from) {
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int e = 0; e < 2; e++) {
      const int column = from + 8 * i + fm_column() + e;
      if (width <= 2) { if (i == 0) out.v[m][i][2 * r + e] = at[e < width ? e : 0]; }
      else if (column < width) out.v[m][i][2 * r + e] = at[column];
    }
}
FM_FUNCTION Chunk fm_load(const float* __restrict__ x, int first, int count, int width, int from) {
  Chunk out = fm_zero();
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const int row = first + 16 * m + 8 * r + fm_row_of_lane();
      if (row < count) fm_read(out, m, r, x + (u64)row * width, width, from);
    }
  return out;
}
FM_FUNCTION void fm_store(float* __restrict__ x, const Chunk& value, int first, int count, int width, int from) {
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const int row = first + 16 * m + 8 * r + fm_row_of_lane();
      if (row < count) {
        float* at = x + (u64)row * width;
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int e = 0; e < 2; e++) {
            const int column = from + 8 * i + fm_column() + e;
            if (column < width) at[column] = value.v[m][i][2 * r + e];
          }
      }
    }
}
// Rows of a table [classes, stride], by label.
FM_FUNCTION Chunk fm_lookup(const float* __restrict__ table, const u32* __restrict__ labels, int first, int count, int width, int stride, int from) {
  Chunk out = fm_zero();
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const int row = first + 16 * m + 8 * r + fm_row_of_lane();
      if (row < count) fm_read(out, m, r, table + (u64)labels[row] * stride, width, from);
    }
  return out;
}

// ---- a lane's own numbers, kept: half a chunk takes FM_M * 32 places, `at` counts half chunks
FM_FUNCTION void fm_keep(float4* kept, int at, const Chunk& x, int columns) {
#pragma unroll
  for (int i = 0; i < 2; i++)
    if (columns > 8 * i) {
#pragma unroll
      for (int m = 0; m < FM_M; m++) kept[((at + i) * FM_M + m) * 32] = make_float4(x.v[m][i][0], x.v[m][i][1], x.v[m][i][2], x.v[m][i][3]);
    }
}
FM_FUNCTION Chunk fm_kept(const float4* kept, int at, int columns) {
  Chunk out = fm_zero();
#pragma unroll
  for (int i = 0; i < 2; i++)
    if (columns > 8 * i) {
#pragma unroll
      for (int m = 0; m < FM_M; m++) {
        const float4 four = kept[((at + i) * FM_M + m) * 32];
        out.v[m][i][0] = four.x; out.v[m][i][1] = four.y; out.v[m][i][2] = four.z; out.v[m][i][3] = four.w;
      }
    }
  return out;
}

// ---- number by number
#define FM_EACH(value) \
  Chunk out; \
  _Pragma("unroll") for (int m = 0; m < FM_M; m++) \
  _Pragma("unroll") for (int i = 0; i < 2; i++) \
  _Pragma("unroll") for (int j = 0; j < 4; j++) out.v[m][i][j] = value; \
  return out
FM_FUNCTION Chunk fm_add(const Chunk& a, const Chunk& b) { FM_EACH(a.v[m][i][j] + b.v[m][i][j]); }
FM_FUNCTION Chunk fm_sub(const Chunk& a, const Chunk& b) { FM_EACH(a.v[m][i][j] - b.v[m][i][j]); }
FM_FUNCTION Chunk fm_mul(const Chunk& a, const Chunk& b) { FM_EACH(a.v[m][i][j] * b.v[m][i][j]); }
FM_FUNCTION Chunk fm_affine(float factor, const Chunk& x, float term) { FM_EACH(fmaf(factor, x.v[m][i][j], term)); }
// y + factor x
FM_FUNCTION Chunk fm_axpy(float factor, const Chunk& x, const Chunk& y) { FM_EACH(fmaf(factor, x.v[m][i][j], y.v[m][i][j])); }

// ---- left operands
FM_FUNCTION float fm_masked(const Chunk& x, int m, int i, int j, int columns) { return fm_inside(i, j & 1, columns) ? x.v[m][i][j] : 0.0f; }
FM_FUNCTION u32 fm_rest_f16(u32 hi, float a, float b) {
  float ha, hb;
  fm_unpack_f16(hi, ha, hb);
  return fm_pack_f16(a - ha, b - hb);
}
FM_FUNCTION Single fm_single(const Chunk& x, int columns) {
  Single out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int r = 0; r < 2; r++) out.hi[m][2 * i + r] = fm_pack_f16(fm_masked(x, m, i, 2 * r, columns), fm_masked(x, m, i, 2 * r + 1, columns));
  return out;
}
FM_FUNCTION Split fm_split(const Chunk& x, int columns) {
  Split out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int r = 0; r < 2; r++) {
        const float a = fm_masked(x, m, i, 2 * r, columns), b = fm_masked(x, m, i, 2 * r + 1, columns);
        out.hi[m][2 * i + r] = fm_pack_f16(a, b);
        out.lo[m][2 * i + r] = fm_rest_f16(out.hi[m][2 * i + r], a, b);
      }
  return out;
}
// Up to eight columns: the first eight of the operand are the high parts, the others the low parts.
FM_FUNCTION Single fm_eight(const Chunk& x, int columns) {
  Single out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const float a = fm_masked(x, m, 0, 2 * r, columns), b = fm_masked(x, m, 0, 2 * r + 1, columns);
      out.hi[m][r] = fm_pack_f16(a, b);
      out.hi[m][2 + r] = fm_rest_f16(out.hi[m][r], a, b);
    }
  return out;
}
// One or two columns, which all lanes of a quad have: high, low, high, nothing, against weights high, high, low.
FM_FUNCTION Single fm_pair(const Chunk& x) {
  Single out;
  const int t = threadIdx.x & 3;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      const u32 hi = fm_pack_f16(x.v[m][0][2 * r], x.v[m][0][2 * r + 1]);
      const u32 lo = fm_rest_f16(hi, x.v[m][0][2 * r], x.v[m][0][2 * r + 1]);
      out.hi[m][r] = t == 1 ? lo : (t == 3 ? 0u : hi);
      out.hi[m][2 + r] = 0u;
    }
  return out;
}

// ---- products: out += x w for a chunk of columns, of which `columns` are the value's. A lane reads the weights of both halves at once;
// w is this lane's first.
FM_FUNCTION void fm_product(Chunk& out, const Single& x, const uint4* w, int columns) {
  const uint4 q = *w;
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], q.x, q.y);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], q.z, q.w);
  }
}
// The low parts of the weights lie `rest` further on. What is smallest is added first.
FM_FUNCTION void fm_product(Chunk& out, const Split& x, const uint4* w, int rest, int columns) {
  const uint4 q = *w, s = w[rest];
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.lo[m], q.x, q.y);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.lo[m], q.z, q.w);
  }
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], s.x, s.y);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], s.z, s.w);
  }
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], q.x, q.y);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], q.z, q.w);
  }
}
FM_FUNCTION void fm_product_eight(Chunk& out, const Single& x, const uint4* w, int columns) {
  const uint4 q = *w;
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], q.z, 0u);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], q.w, 0u);
  }
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], q.x, q.x);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], q.y, q.y);
  }
}
FM_FUNCTION void fm_product_pair(Chunk& out, const Single& x, const uint4* w, int columns) {
  const uint4 q = *w;
#pragma unroll
  for (int m = 0; m < FM_M; m++) {
    fm_mma_f16(out.v[m][0], x.hi[m], q.x, 0u);
    if (columns > 8) fm_mma_f16(out.v[m][1], x.hi[m], q.y, 0u);
  }
}
// With a whole left operand: chunks of sixteen rows of the weights follow one another.
template <int K> FM_FUNCTION void fm_multiply(Chunk& out, const Single (&x)[K], const uint4* w, int columns) {
#pragma unroll
  for (int k = 0; k < K; k++) fm_product(out, x[k], w + 32 * k, columns);
}
template <int K> FM_FUNCTION void fm_multiply(Chunk& out, const Split (&x)[K], const uint4* w, int rest, int columns) {
#pragma unroll
  for (int k = 0; k < K; k++) fm_product(out, x[k], w + 32 * k, rest, columns);
}
// With sixteen columns of the left operand, into a whole value of `width` columns, whose chunks lie `stride` apart in the weights.
template <int N> FM_FUNCTION void fm_accumulate(Chunk (&out)[N], const Single& x, const uint4* w, int stride, int width) {
#pragma unroll
  for (int n = 0; n < N; n++) fm_product(out[n], x, w + stride * n, width - 16 * n);
}
template <int N> FM_FUNCTION void fm_accumulate(Chunk (&out)[N], const Split& x, const uint4* w, int rest, int stride, int width) {
#pragma unroll
  for (int n = 0; n < N; n++) fm_product(out[n], x, w + stride * n, rest, width - 16 * n);
}
template <int N> FM_FUNCTION void fm_accumulate_eight(Chunk (&out)[N], const Single& x, const uint4* w, int stride, int width) {
#pragma unroll
  for (int n = 0; n < N; n++) fm_product_eight(out[n], x, w + stride * n, width - 16 * n);
}
template <int N> FM_FUNCTION void fm_accumulate_pair(Chunk (&out)[N], const Single& x, const uint4* w, int stride, int width) {
#pragma unroll
  for (int n = 0; n < N; n++) fm_product_pair(out[n], x, w + stride * n, width - 16 * n);
}

// ---- across the columns of a row, which are in the four lanes of a quad
struct PerRow { float v[FM_M][2]; };
FM_FUNCTION float fm_quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
FM_FUNCTION float fm_quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
template <int K> FM_FUNCTION PerRow fm_mean(const Chunk (&x)[K], int width) {
  PerRow out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float sum = 0.0f;
#pragma unroll
      for (int k = 0; k < K; k++)
#pragma unroll
        for (int i = 0; i < 2; i++) sum += fm_masked(x[k], m, i, 2 * r, width - 16 * k) + fm_masked(x[k], m, i, 2 * r + 1, width - 16 * k);
      out.v[m][r] = fm_quad_sum(sum) * (1.0f / (float)width);
    }
  return out;
}
// 1 / sqrt(mean((x - mean)^2) + eps)
template <int K> FM_FUNCTION PerRow fm_scale(const Chunk (&x)[K], const PerRow& mean, int width, float eps) {
  PerRow out;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float sum = 0.0f;
#pragma unroll
      for (int k = 0; k < K; k++)
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int e = 0; e < 2; e++) {
            const float apart = fm_inside(i, e, width - 16 * k) ? x[k].v[m][i][2 * r + e] - mean.v[m][r] : 0.0f;
            sum = fmaf(apart, apart, sum);
          }
      out.v[m][r] = fm_rsqrt(fmaf(fm_quad_sum(sum), 1.0f / (float)width, eps));
    }
  return out;
}
FM_FUNCTION PerRow fm_no_mean() {
  PerRow out;
#pragma unroll
  for (int m = 0; m < FM_M; m++) out.v[m][0] = out.v[m][1] = 0.0f;
  return out;
}
FM_FUNCTION Chunk fm_normalize(const Chunk& x, const PerRow& mean, const PerRow& scale) { FM_EACH((x.v[m][i][j] - mean.v[m][j >> 1]) * scale.v[m][j >> 1]); }
// x becomes exp(x) / sum exp(x).
template <int K> FM_FUNCTION void fm_softmax(Chunk (&x)[K], int width) {
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float top = -3.0e38f, sum = 0.0f;
#pragma unroll
      for (int k = 0; k < K; k++)
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int e = 0; e < 2; e++)
            if (fm_inside(i, e, width - 16 * k)) top = fmaxf(top, x[k].v[m][i][2 * r + e]);
      top = fm_quad_max(top);
#pragma unroll
      for (int k = 0; k < K; k++)
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
          for (int e = 0; e < 2; e++) {
            float& value = x[k].v[m][i][2 * r + e];
            value = fm_ex2((value - top) * FM_L2E);
            if (fm_inside(i, e, width - 16 * k)) sum += value;
          }
      const float share = fm_rcp(fm_quad_sum(sum));
#pragma unroll
      for (int k = 0; k < K; k++)
#pragma unroll
        for (int i = 0; i < 2; i++) { x[k].v[m][i][2 * r] *= share; x[k].v[m][i][2 * r + 1] *= share; }
    }
}

// ---- numbers that are lost: bit 2 m + r is set if the lane's row 16 m + 8 r + .. has one that is not finite
FM_FUNCTION u32 fm_lost(const Chunk& x, int columns) {
  u32 out = 0;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (fm_inside(i, j & 1, columns) && !(fabsf(x.v[m][i][j]) <= 3.402823466e38f)) out |= 1u << (2 * m + (j >> 1));
  return out;
}
// The bits of rows that are there.
FM_FUNCTION u32 fm_there(int first, int count) {
  u32 out = 0;
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int r = 0; r < 2; r++)
      if (first + 16 * m + 8 * r + fm_row_of_lane() < count) out |= 1u << (2 * m + r);
  return out;
}
// Counts the rows that are lost, each once, and keeps the first of them: lost[0] rows, the first 0xffffffff - lost[1].
FM_FUNCTION void fm_report(u32* lost, u32 rows, int first) {
  rows |= __shfl_xor_sync(0xffffffffu, rows, 1);
  rows |= __shfl_xor_sync(0xffffffffu, rows, 2);
  if ((threadIdx.x & 3) == 0)
    for (int m = 0; m < FM_M; m++)
      for (int r = 0; r < 2; r++) {
        const int row = first + 16 * m + 8 * r + fm_row_of_lane();
        if (rows >> (2 * m + r) & 1u) {
          atomicAdd(lost, 1u);
          atomicMax(lost + 1, 0xffffffffu - (u32)row);
        }
      }
}
FM_FUNCTION void fm_copy_half(Chunk& to, int i, const Chunk& from, int j) {
#pragma unroll
  for (int m = 0; m < FM_M; m++)
#pragma unroll
    for (int e = 0; e < 4; e++) to.v[m][i][e] = from.v[m][j][e];
}
