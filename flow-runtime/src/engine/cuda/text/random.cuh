// The numbers of flow-runtime's `rng`, bit for bit: a number is a function of seed, stream, step and index. Arithmetic in double precision
// goes through fm_dmul and fm_dadd, so that no compiler fuses what Rust does not.
struct fm_random { u32 key0, key1, stream, step0, step1; };

FM_FUNCTION fm_random fm_random_of(u64 seed, u32 stream, u64 step) {
  fm_random r;
  r.key0 = (u32)seed; r.key1 = (u32)(seed >> 32);
  r.stream = stream << 16;
  r.step0 = (u32)step; r.step1 = (u32)(step >> 32);
  return r;
}

// Philox 4x32 with ten rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405).
FM_FUNCTION void fm_block(const fm_random& r, u64 block, u32 (&w)[4]) {
  u32 c0 = (u32)block, c1 = r.stream | ((u32)(block >> 32) & 0xffffu), c2 = r.step0, c3 = r.step1, k0 = r.key0, k1 = r.key1;
#pragma unroll
  for (int round = 0; round < 10; round++) {
    u32 high0 = __umulhi(0xd2511f53u, c0), low0 = 0xd2511f53u * c0, high1 = __umulhi(0xcd9e8d57u, c2), low1 = 0xcd9e8d57u * c2;
    c0 = high1 ^ c1 ^ k0; c1 = low1; c2 = high0 ^ c3 ^ k1; c3 = low0;
    k0 += 0x9e3779b9u; k1 += 0xbb67ae85u;
  }
  w[0] = c0; w[1] = c1; w[2] = c2; w[3] = c3;
}
FM_FUNCTION u32 fm_bits32(const fm_random& r, u64 index) {
  u32 w[4];
  fm_block(r, index / 4, w);
  u32 i = (u32)index & 3u;
  return i == 0 ? w[0] : i == 1 ? w[1] : i == 2 ? w[2] : w[3];
}
FM_FUNCTION u64 fm_bits64(const fm_random& r, u64 index) {
  u32 w[4];
  fm_block(r, index / 2, w);
  return index & 1 ? w[2] | (u64)w[3] << 32 : w[0] | (u64)w[1] << 32;
}
// U[0, 1), a multiple of 2^-24.
FM_FUNCTION float fm_uniform(const fm_random& r, u64 index) { return (float)(fm_bits32(r, index) >> 8) * (1.0f / 16777216.0f); }
// A whole number below n.
FM_FUNCTION u64 fm_below(const fm_random& r, u64 index, u64 n) { return __umul64hi(fm_bits64(r, index), n); }

// ln u = e ln 2 + 2 artanh((m - 1) / (m + 1)), u = 2^e m with m between sqrt(1/2) and sqrt(2).
FM_FUNCTION double fm_ln(double u) {
  const double reciprocals[10] = {1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0};
  long long bits = __double_as_longlong(u);
  int exponent = (int)(bits >> 52) - 1022;
  double half = __longlong_as_double((bits & 0x000fffffffffffffll) | 0x3fe0000000000000ll);
  bool low = half < 0.7071067811865476;
  double m = low ? half + half : half, e = (double)exponent - (low ? 1.0 : 0.0);
  double s = fm_ddiv(m - 1.0, m + 1.0), z = fm_dmul(s, s), series = 1.0 / 21.0;
#pragma unroll
  for (int k = 9; k >= 0; k--) series = fm_dadd(fm_dmul(series, z), reciprocals[k]);
  return fm_dadd(fm_dmul(e, 0.6931471805599453), fm_dmul(s + s, series));
}
// Sine and cosine of 2 pi v for v in (0, 1): Taylor's series within an eighth of a turn of a multiple of a quarter.
FM_FUNCTION void fm_turns(double v, double& sine, double& cosine) {
  const double sin_terms[8] = {1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362880.0, -1.0 / 39916800.0, 1.0 / 6227020800.0, -1.0 / 1307674368000.0};
  const double cos_terms[9] = {1.0, -1.0 / 2.0, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40320.0, -1.0 / 3628800.0, 1.0 / 479001600.0, -1.0 / 87178291200.0, 1.0 / 20922789888000.0};
  double quarters = fm_dadd(fm_dmul(v, 4.0), 6755399441055744.0);
  double turns = fm_dadd(v, -fm_dmul(fm_dadd(quarters, -6755399441055744.0), 0.25));
  u32 quadrant = (u32)__double_as_longlong(quarters);
  double a = fm_dmul(6.283185307179586, turns), z = fm_dmul(a, a), s = sin_terms[7], c = cos_terms[8];
#pragma unroll
  for (int k = 6; k >= 0; k--) s = fm_dadd(fm_dmul(s, z), sin_terms[k]);
#pragma unroll
  for (int k = 7; k >= 0; k--) c = fm_dadd(fm_dmul(c, z), cos_terms[k]);
  s = fm_dmul(s, a);
  bool swap = (quadrant & 1u) == 1u;
  double first = swap ? c : s, second = swap ? s : c;
  sine = (quadrant & 2u) == 2u ? -first : first;
  cosine = ((quadrant + 1u) & 2u) == 2u ? -second : second;
}
// The middle of one of the 2^32 cells of (0, 1).
FM_FUNCTION double fm_middle(u32 bits) { return fm_dmul((double)bits + 0.5, 1.0 / 4294967296.0); }
// sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v) (Box & Muller 1958).
FM_FUNCTION void fm_box_muller(u32 u, u32 v, float& even, float& odd) {
  double radius = fm_dsqrt(fm_dmul(-2.0, fm_ln(fm_middle(u)))), s, c;
  fm_turns(fm_middle(v), s, c);
  even = (float)fm_dmul(radius, c);
  odd = (float)fm_dmul(radius, s);
}
// N(0, 1) at an even index and the next.
FM_FUNCTION void fm_normal_pair(const fm_random& r, u64 index, float* even, float* odd) {
  u32 w[4];
  fm_block(r, index / 4, w);
  bool first = (index & 2) == 0;
  fm_box_muller(first ? w[0] : w[2], first ? w[1] : w[3], *even, *odd);
}
FM_FUNCTION float fm_normal(const fm_random& r, u64 index) {
  float even, odd;
  fm_normal_pair(r, index & ~1ull, &even, &odd);
  return index & 1 ? odd : even;
}
// low + (high - low) u.
FM_FUNCTION float fm_source_uniform(const fm_random& r, u64 index, double low, double high) {
  return (float)fm_dadd(low, fm_dmul(high - low, (double)fm_uniform(r, index)));
}

// Times are the middles of the 2^23 cells of (0, 1).
FM_FUNCTION float fm_lattice(double t) {
  double cell = floor(t * 8388608.0);
  return (float)((fmin(fmax(cell, 0.0), 8388607.0) + 0.5) * (1.0 / 8388608.0));
}
FM_FUNCTION float fm_time_uniform(const fm_random& r, u64 index) { return fm_lattice((double)fm_uniform(r, index)); }
// 1 / (1 + exp(-n)), n ~ N(mean, std^2) of 53 bits: its logarithm and sine are the device's own, so that a time in some 2^28 may be
// the neighbouring one of the CPU's.
FM_FUNCTION float fm_time_logit_normal(const fm_random& r, u64 index, double mean, double std) {
  u32 w[4];
  fm_block(r, index / 2, w);
  double u = fm_dmul((double)((w[0] | (u64)w[1] << 32) >> 12) + 0.5, 1.0 / 4503599627370496.0);
  double v = fm_dmul((double)((w[2] | (u64)w[3] << 32) >> 12) + 0.5, 1.0 / 4503599627370496.0), s, c;
  fm_turns(v, s, c);
  double n = fm_dmul(fm_dsqrt(fm_dmul(-2.0, fm_ln(u))), index & 1 ? s : c);
  return fm_lattice(1.0 / (1.0 + exp(-fm_dadd(mean, fm_dmul(std, n)))));
}

// Whether dropout keeps the element of that index.
FM_FUNCTION bool fm_keeps(const fm_random& r, u64 index, double p) { return (double)fm_uniform(r, index) >= p; }
