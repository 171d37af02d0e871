// What the kernels of wide models have in common: functions of elements, numbers in 16 bits, sums over warps, random numbers,
// and the kernels that are the same for every model.

// ---- functions of an element: those of strict precision are right to a few units in the last place
FM_FUNCTION float wide_relu(float x) { return x < 0.0f ? 0.0f : x; }
FM_FUNCTION float wide_leaky_relu(float x, float slope) { return x > 0.0f ? x : slope * x; }
FM_FUNCTION float wide_elu(float x, float alpha) { return x > 0.0f ? x : alpha * expm1f(x); }
FM_FUNCTION float wide_gelu(float x) { return 0.5f * x * erfcf(x * -0.70710678118654752f); }
FM_FUNCTION float wide_sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
FM_FUNCTION float wide_silu(float x) { return x * wide_sigmoid(x); }
FM_FUNCTION float wide_tanh(float x) { return tanhf(x); }
FM_FUNCTION float wide_softplus(float x) { return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x))); }

// Sine and cosine. What is left of x after whole quarter turns is exact to 24 bits up to |x| = 32768; beyond, the turns are
// taken off in double precision.
FM_FUNCTION void wide_sincos(float x, float& sine, float& cosine) {
  float turns = rintf(x * 0.63661977236758134f), r;
  int quarter;
  if (fabsf(x) <= 32768.0f) {
    r = fmaf(turns, -1.5707962512969971f, x);
    r = fmaf(turns, -7.5497894158615964e-8f, r);
    r = fmaf(turns, -5.3903029534742384e-15f, r);
    quarter = (int)turns;
  } else {
    double wide = rint((double)x * 0.63661977236758134308);
    r = (float)fma(wide, -6.1232339957367660e-17, fma(wide, -1.5707963267948966, (double)x));
    quarter = (int)(wide - 4.0 * rint(wide * 0.25));
  }
  float u = r * r;
  float s = fmaf(fmaf(fmaf(-1.9515295891e-4f, u, 8.3321608736e-3f), u, -1.6666654611e-1f) * u, r, r);
  float c = fmaf(fmaf(fmaf(2.443315711809948e-5f, u, -1.388731625493765e-3f), u, 4.166664568298827e-2f) * u, u, fmaf(-0.5f, u, 1.0f));
  float one = quarter & 1 ? c : s, other = quarter & 1 ? s : c;
  sine = quarter & 2 ? -one : one;
  cosine = (quarter + 1) & 2 ? -other : other;
}
FM_FUNCTION float wide_sin(float x) { float s, c; wide_sincos(x, s, c); return s; }
FM_FUNCTION float wide_cos(float x) { float s, c; wide_sincos(x, s, c); return c; }

// For half precision: a few units of single precision, absolutely, on the special-function unit.
FM_FUNCTION float wide_elu_fast(float x, float alpha) { return x > 0.0f ? x : fmaf(alpha, fm_ex2(x * 1.4426950408889634f), -alpha); }
FM_FUNCTION float wide_sigmoid_fast(float x) { return fm_rcp(1.0f + fm_ex2(x * -1.4426950408889634f)); }
FM_FUNCTION float wide_silu_fast(float x) { return x * wide_sigmoid_fast(x); }
FM_FUNCTION float wide_tanh_fast(float x) { return fmaf(-2.0f, fm_rcp(1.0f + fm_ex2(x * 2.8853900817779268f)), 1.0f); }

// ---- pullbacks: of the result y or the argument x, as the plan has kept it
FM_FUNCTION float wide_relu_pullback(float y, float dy) { return y <= 0.0f ? 0.0f : dy; }
FM_FUNCTION float wide_leaky_relu_pullback(float source, float dy, float slope) { return source > 0.0f ? dy : slope * dy; }
FM_FUNCTION float wide_elu_pullback(float y, float dy, float alpha) { return y > 0.0f ? dy : dy * (y + alpha); }
FM_FUNCTION float wide_elu_pullback_of_argument(float x, float dy, float alpha) { return x > 0.0f ? dy : dy * alpha * expf(x); }
FM_FUNCTION float wide_gelu_pullback(float x, float dy) {
  float density = expf(-0.5f * x * x) * 0.39894228040143268f;
  return dy * fmaf(x, density, 0.5f * erfcf(x * -0.70710678118654752f));
}
FM_FUNCTION float wide_silu_pullback(float x, float dy) {
  float s = wide_sigmoid(x);
  return dy * (s * fmaf(x, 1.0f - s, 1.0f));
}
FM_FUNCTION float wide_tanh_pullback(float y, float dy) { return dy * fmaf(-y, y, 1.0f); }
FM_FUNCTION float wide_sigmoid_pullback(float y, float dy) { return dy * (y * (1.0f - y)); }
FM_FUNCTION float wide_softplus_pullback(float y, float dy) { return dy * -expm1f(-y); }
FM_FUNCTION float wide_sin_pullback(float x, float dy) { return dy * wide_cos(x); }

// ---- memory
FM_FUNCTION void wide_load(float (&v)[1], const float* from) { v[0] = from[0]; }
FM_FUNCTION void wide_load(float (&v)[4], const float* from) {
  v[0] = from[0]; v[1] = from[1]; v[2] = from[2]; v[3] = from[3];
}
FM_FUNCTION void wide_load_aligned(float (&v)[4], const float* from) {
  float4 q = *(const float4*)from;
  v[0] = q.x; v[1] = q.y; v[2] = q.z; v[3] = q.w;
}
FM_FUNCTION void wide_store(float* to, const float (&v)[1]) { to[0] = v[0]; }
FM_FUNCTION void wide_store(float* to, const float (&v)[4]) { to[0] = v[0]; to[1] = v[1]; to[2] = v[2]; to[3] = v[3]; }
FM_FUNCTION void wide_store_aligned(float* to, const float (&v)[4]) {
  float4 q;
  q.x = v[0]; q.y = v[1]; q.z = v[2]; q.w = v[3];
  *(float4*)to = q;
}
// Numbers of 16 bits for products: F16 rounds to f16, Bf16 to bf16.
struct F16 {};
struct Bf16 {};
FM_FUNCTION u32 wide_pair(F16, float lo, float hi) { return fm_pack_f16(lo, hi); }
FM_FUNCTION u32 wide_pair(Bf16, float lo, float hi) { return fm_pack_bf16(lo, hi); }
FM_FUNCTION void wide_unpair(F16, u32 v, float& lo, float& hi) { fm_unpack_f16(v, lo, hi); }
FM_FUNCTION void wide_unpair(Bf16, u32 v, float& lo, float& hi) { fm_unpack_bf16(v, lo, hi); }
FM_FUNCTION void wide_put(unsigned short* to, u32 a) { to[0] = (unsigned short)a; }
FM_FUNCTION void wide_put(unsigned short* to, u32 a, u32 b) {
  to[0] = (unsigned short)a; to[1] = (unsigned short)(a >> 16); to[2] = (unsigned short)b; to[3] = (unsigned short)(b >> 16);
}
FM_FUNCTION void wide_put_aligned(unsigned short* to, u32 a, u32 b) { *(u64*)to = (u64)b << 32 | a; }
// One part: the rounded number.
template <class T> FM_FUNCTION void wide_round(unsigned short* to, const float (&v)[1]) { wide_put(to, wide_pair(T(), v[0], 0.0f)); }
template <class T> FM_FUNCTION void wide_round(unsigned short* to, const float (&v)[4]) { wide_put(to, wide_pair(T(), v[0], v[1]), wide_pair(T(), v[2], v[3])); }
template <class T> FM_FUNCTION void wide_round_aligned(unsigned short* to, const float (&v)[4]) {
  wide_put_aligned(to, wide_pair(T(), v[0], v[1]), wide_pair(T(), v[2], v[3]));
}
// Three parts, `part` numbers apart: the rounded number, what was lost, and the rounded number again.
template <class T> FM_FUNCTION u32 wide_rest(u32 rounded, float a, float b) {
  float lo, hi;
  wide_unpair(T(), rounded, lo, hi);
  return wide_pair(T(), a - lo, b - hi);
}
template <class T> FM_FUNCTION void wide_split(unsigned short* to, int part, const float (&v)[1]) {
  u32 a = wide_pair(T(), v[0], 0.0f);
  wide_put(to, a); wide_put(to + part, wide_rest<T>(a, v[0], 0.0f)); wide_put(to + 2 * part, a);
}
template <class T> FM_FUNCTION void wide_split(unsigned short* to, int part, const float (&v)[4]) {
  u32 a = wide_pair(T(), v[0], v[1]), b = wide_pair(T(), v[2], v[3]);
  wide_put(to, a, b);
  wide_put(to + part, wide_rest<T>(a, v[0], v[1]), wide_rest<T>(b, v[2], v[3]));
  wide_put(to + 2 * part, a, b);
}
template <class T> FM_FUNCTION void wide_split_aligned(unsigned short* to, int part, const float (&v)[4]) {
  u32 a = wide_pair(T(), v[0], v[1]), b = wide_pair(T(), v[2], v[3]);
  wide_put_aligned(to, a, b);
  wide_put_aligned(to + part, wide_rest<T>(a, v[0], v[1]), wide_rest<T>(b, v[2], v[3]));
  wide_put_aligned(to + 2 * part, a, b);
}

// ---- over a warp
FM_FUNCTION float wide_warp_sum(float x) {
  for (int lane = 16; lane > 0; lane /= 2) x += __shfl_xor_sync(0xffffffffu, x, lane);
  return x;
}
FM_FUNCTION float wide_warp_max(float x) {
  for (int lane = 16; lane > 0; lane /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, lane));
  return x;
}

// ---- dropout: the random words of the elements from `index` on, in the stream of dropout at the draw
FM_FUNCTION void wide_words(u32 (&w)[4], u64 index, const u64* keys) { fm_block(fm_random_of(keys[0], 4, keys[1]), index / 4, w); }
FM_FUNCTION void wide_words(u32 (&w)[1], u64 index, const u64* keys) { w[0] = fm_bits32(fm_random_of(keys[0], 4, keys[1]), index); }

// ---- the same for every model
// The next step.
FM_KERNEL(32) void flow_wide_next(int* counter) {
  if (threadIdx.x == 0) counter[0] += 1;
}

// Weights [columns][depth] for products, in 16 bits: parts of a row are `depth` apart.
template <class T> FM_FUNCTION void wide_pack(const float* weights, int columns, int depth, int column_stride, int depth_stride,
                                              float scale, unsigned short* out, int stride, int parts) {
  u32 count = (u32)columns * (u32)depth;
  for (u32 i = blockIdx.x * 256u + threadIdx.x; i < count; i += gridDim.x * 256u) {
    u32 column = i / (u32)depth, k = i % (u32)depth;
    float w = weights[(u64)column * column_stride + (u64)k * depth_stride] * scale;
    unsigned short* to = out + (u64)column * stride + k;
    u32 rounded = wide_pair(T(), w, 0.0f);
    wide_put(to, rounded);
    if (parts == 3) {
      wide_put(to + depth, rounded);
      wide_put(to + 2 * depth, wide_rest<T>(rounded, w, 0.0f));
    }
  }
}
FM_KERNEL(256) void flow_wide_pack_f16(const float* weights, int columns, int depth, int column_stride, int depth_stride,
                                       float scale, unsigned short* out, int stride, int parts) {
  wide_pack<F16>(weights, columns, depth, column_stride, depth_stride, scale, out, stride, parts);
}
FM_KERNEL(256) void flow_wide_pack_bf16(const float* weights, int columns, int depth, int column_stride, int depth_stride,
                                        float scale, unsigned short* out, int stride, int parts) {
  wide_pack<Bf16>(weights, columns, depth, column_stride, depth_stride, scale, out, stride, parts);
}

// Sums of columns, first over runs of `run` lines, then over the runs in their order.
FM_KERNEL(256) void flow_wide_sum_runs(const float* x, int stride, int width, int lines, int run, float* partial) {
  FM_SMEM(float, sums);
  int tiles = (width + 31) / 32, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int column = (int)blockIdx.x % tiles * 32 + lane, chunk = (int)blockIdx.x / tiles;
  int end = (chunk + 1) * run < lines ? (chunk + 1) * run : lines;
  float sum = 0.0f;
  if (column < width) {
    for (int m = chunk * run + warp; m < end; m += 8) sum += x[(u64)m * stride + column];
  }
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (warp == 0 && column < width) {
    for (int other = 1; other < 8; other++) sum += sums[other * 32 + lane];
    partial[(u64)chunk * width + column] = sum;
  }
}
FM_KERNEL(256) void flow_wide_sum_chunks(const float* partial, int chunks, int width, float* out, int keep) {
  int column = (int)(blockIdx.x * 256u + threadIdx.x);
  if (column >= width) return;
  float sum = keep ? out[column] : 0.0f;
  for (int chunk = 0; chunk < chunks; chunk++) sum += partial[(u64)chunk * width + column];
  out[column] = sum;
}

// The gradient of a table of classes: a warp for 32 columns of a class, which adds the rows of that label in their order.
FM_KERNEL(256) void flow_wide_scatter(const u32* labels, const float* dy, int stride, int width, int rows, float* out, int classes,
                                      int keep) {
  int tiles = (width + 31) / 32, lane = threadIdx.x % 32, item = (int)(blockIdx.x * 8u + threadIdx.x / 32);
  if (item >= classes * tiles) return;
  u32 label = (u32)(item / tiles);
  int column = item % tiles * 32 + lane;
  float* to = out + (u64)label * width + column;
  float sum = keep && column < width ? *to : 0.0f;
  for (int first = 0; first < rows; first += 32) {
    u32 mine = __ballot_sync(0xffffffffu, first + lane < rows && labels[first + lane < rows ? first + lane : 0] == label);
    for (int row = first; mine != 0; row++, mine >>= 1) {
      if ((mine & 1u) != 0 && column < width) sum += dy[(u64)row * stride + column];
    }
  }
  if (column < width) *to = sum;
}

// The sum of the losses of blocks, in their order.
FM_KERNEL(32) void flow_wide_loss(const double* partial, int blocks, double* loss, int keep) {
  if (threadIdx.x != 0) return;
  double sum = keep ? loss[0] : 0.0;
  for (int block = 0; block < blocks; block++) sum += partial[block];
  loss[0] = sum;
}
